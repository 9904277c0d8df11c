"""An evaluation without a container, for development: a process of this machine, isolated from nothing."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.scoring.box import DRIVER, FLAGS, HUB_VARIABLE, JOB_VARIABLE, QUIET
from runner.scoring.environment import Environment
from runner.scoring.layout import Layout
from runner.scoring.spec import Places, Spec
from store.jsonio import dumps

_KEPT = (
    "PATH",
    "LANG",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "VLLM_CPU_KVCACHE_SPACE",
)
_END_S = 10.0


@dataclass(slots=True)
class ProcessBox:
    """A child of this process, in a session of its own."""

    environment: Environment
    layout: Layout
    job_id: str
    device: str
    hub_cache: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def container(self) -> str | None:
        """None."""
        return None

    @property
    def places(self) -> Places:
        """As they are."""
        at = self.layout
        return Places(
            str(DRIVER), str(at.model), str(at.harness), str(at.templates), str(at.out), str(at.work)
        )

    def start(self, spec: Spec, secrets: Mapping[str, str]) -> None:
        """Begin."""
        path = self.layout.spec
        path.write_bytes(dumps(spec))
        self._process = subprocess.Popen(
            [self.environment.executable, *FLAGS, str(DRIVER / "drive.py"), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.layout.work,
            env=self._variables(),
            start_new_session=True,
        )
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(dumps(dict(secrets)) + b"\n")
            self._process.stdin.flush()

    def poll(self) -> int | None:
        """The exit code."""
        assert self._process
        return self._process.poll()

    def last_words(self) -> str:
        """It has none: its output goes to the log from the start."""
        return ""

    def stop(self) -> None:
        """End the session, and what left it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        end_processes(self.job_id)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()

    def _variables(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in _KEPT if name in os.environ}
        work = str(self.layout.work)
        visible = {} if self.device == "cpu" else {"CUDA_VISIBLE_DEVICES": self.device}
        path = f"{Path(self.environment.executable).parent}:{own.get('PATH', os.defpath)}"
        return {
            **own,
            **QUIET,
            **visible,
            "PATH": path,
            "HOME": work,
            "TMPDIR": work,
            **({HUB_VARIABLE: str(self.hub_cache)} if self.hub_cache else {}),
            JOB_VARIABLE: self.job_id,
        }


def end_processes(job_id: str) -> int:
    """End every process that has the job's mark in its environment; how many there were."""
    mark, count = f"{JOB_VARIABLE}={job_id}".encode(), 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marked and int(folder.name) != os.getpid():
            count += 1
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(folder.name), signal.SIGKILL)
    return count
