"""A container that is recorded while its Docker daemon comes and goes: the run opens, the loss is bounded and told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.recorder.ebpf.conftest import bpf_object
from tests.recorder.ebpf.test_container import answer, import_image, table
from tests.waiting import until

__all__ = ["bpf_object"]

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.docker, pytest.mark.usefixtures("bpf_object")]

_READY_S = 60
_COUNT = (
    "for i in {1..40}; do echo $i >/counted/$i; /usr/bin/sleep 0.1; done; "
    "until [ -e /counted/enough ]; do /usr/bin/sleep 0.1; done; exit 5"
)


class Daemon:
    """One that can be ended and started anew over the same state."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        places = {"--data-root": folder / "data", "--exec-root": folder / "exec", "-p": folder / "pid"}
        # Without a bridge it removes docker0, which may be another daemon's: it gets a network of its own to do so in.
        alone = ["unshare", "--net", "dockerd"]
        self._argv = [*alone, "-H", self.host, "--bridge=none", "--iptables=false", *options]
        self._argv += [str(word) for place in places.items() for word in place]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        deadline = time.monotonic() + _READY_S
        self._begin()
        while subprocess.run(
            ["docker", "-H", self.host, "info"], capture_output=True, check=False
        ).returncode:
            if time.monotonic() > deadline:
                self.end(signal.SIGKILL)
                pytest.skip(f"dockerd does not start here: {(self.folder / 'log').read_text()[-300:]}")
            if self._process is None or self._process.poll() is not None:
                self._begin()  # on a busy machine its own containerd can be too slow for it
            time.sleep(0.2)

    def _begin(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._argv, stderr=log)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", "-H", self.host, *arguments], check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()


@contextmanager
def daemon_with(*options: str) -> Iterator[Daemon]:
    if os.geteuid() != 0:
        pytest.skip("a Docker daemon needs root")
    if not (shutil.which("dockerd") and shutil.which("docker")):
        pytest.skip("Docker is not installed: apt-get install docker.io")
    with tempfile.TemporaryDirectory(prefix="ptb-") as folder:  # a socket's path has at most 107 characters
        daemon = Daemon(Path(folder), *options)
        daemon.start()
        try:
            import_image(daemon.host)
            yield daemon
        finally:
            with suppress(subprocess.CalledProcessError):  # of a daemon that did not come back
                daemon("rm", "-f", "counter")
            daemon.end()
            _clear_below(folder)


def _clear_below(folder: str) -> None:
    """End what a daemon that was killed left behind, and undo its mounts: live restore mounts its data root on itself."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"containerd" in words[0] and any(word.startswith(os.fsencode(folder)) for word in words):
                os.kill(int(entry.name), signal.SIGKILL)
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", mount], check=True)


@contextmanager
def recorded(daemon: Daemon, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A container that counts to forty and waits until it is enough, recorded; it has come to three."""
    counted = tmp_path / "counted"
    counted.mkdir()
    mounts = ("-v", "/usr:/usr:ro", "-v", f"{counted}:/counted")
    daemon("create", "--name", "counter", "--network", "none", *mounts, "ptb-test", "/bin/bash", "-c", _COUNT)
    ptb = [sys.executable, "-P", "-m", "ptb_tui", "record", "--json", "-o", str(tmp_path / "run")]
    environment = {**os.environ, "DOCKER_HOST": daemon.host, "PYTHONPATH": str(Path("src").resolve())}
    process = subprocess.Popen(
        [*ptb, "--container", "counter"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        until(lambda: (counted / "3").exists() or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


def created(run: Path) -> set[str]:
    return {row["path"] for row in table(run, "files") if row["op"] == "create"}


def told(run: Path) -> set[str]:
    return {
        row["cause"] for row in table(run, "gaps") if row["source"] in ("kernel", "recorder", "workspace")
    }


def test_with_live_restore_nothing_is_lost(tmp_path: Path) -> None:
    with (
        daemon_with("--live-restore") as daemon,
        recorded(daemon, tmp_path) as process,
    ):
        daemon.end()
        daemon.start()
        (tmp_path / "counted" / "enough").touch()
        found = answer(process)
    run = tmp_path / "run"
    assert found["exit_code"] == 5
    assert {f"/counted/{number}" for number in range(1, 41)} <= created(run)
    assert json.loads((run / "run.json").read_text())["facts"]["exit_status"] == "5"
    assert told(run) == set()


def test_a_daemon_that_stays_away_costs_only_its_word_on_the_end(tmp_path: Path) -> None:
    with (
        daemon_with("--live-restore") as daemon,
        recorded(daemon, tmp_path) as process,
    ):
        daemon.end()
        (tmp_path / "counted" / "enough").touch()
        answer(process)
        daemon.start()
    run = tmp_path / "run"
    assert {f"/counted/{number}" for number in range(1, 41)} <= created(run)
    assert json.loads((run / "run.json").read_text())["facts"]["exit_status"] == "unknown"
    (gap,) = [row for row in table(run, "gaps") if "Docker daemon" in row["reason"]]
    assert gap["cause"] == "unavailable"


ENDS: dict[str, Callable[[Daemon], None]] = {
    "stopped in order": Daemon.end,
    "killed": lambda daemon: daemon.end(signal.SIGKILL),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_without_live_restore_all_up_to_the_containers_end_is_there(
    tmp_path: Path, end: Callable[[Daemon], None]
) -> None:
    with daemon_with() as daemon, recorded(daemon, tmp_path) as process:
        end(daemon)
        daemon.start()
        answer(process)
    run = tmp_path / "run"
    on_disk = {f"/counted/{path.name}" for path in (tmp_path / "counted").iterdir()}
    assert len(on_disk) >= 3
    assert on_disk <= created(run)
    assert json.loads((run / "run.json").read_text())["state"] == "closed"
    assert told(run) <= {"unavailable"}
