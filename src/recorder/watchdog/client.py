"""The recorder's end of the watchdog: starts it, names it the processes, and says goodbye."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from recorder.watchdog.cgroup import Cgroup
from recorder.watchdog.reaction import Reaction
from store.rows import Gap, Quality, Source, Stamp
from store.sink import Sink

_RESTART_S = 0.1
"""Before a watchdog that was ended is replaced; doubles each time."""
_GOODBYE_S = 2.0


class Watchdog:
    """One recording's."""

    def __init__(
        self, folder: Path, run_id: str, lock_fd: int, sink: Sink, *, reaction: Reaction, grace_s: float
    ) -> None:
        """``lock_fd`` is the lock of the run's writer, ``grace_s`` how long frozen processes are left."""
        self._argv = [sys.executable, "-P", "-m", "recorder.watchdog"]
        self._argv += [str(folder.absolute()), reaction.value, str(grace_s), str(lock_fd)]
        self._run_id = run_id
        self._lock_fd = lock_fd
        self._sink = sink
        self._cgroup: Cgroup | None = None
        self._sandbox: Path | None = None
        self._root: int | None = None
        self._told: set[int] = set()
        self._unsent = b""
        self._started = 0.0
        self._pause_s = _RESTART_S
        self._pipe: IO[bytes]
        self._process = self._start()

    def guard(self, pid: int) -> None:
        """The command's first process was started; call it at once, and again where it was started anew."""
        self._root = pid
        self._cgroup = self._cgroup or Cgroup.create(f"ptb-{self._run_id}")
        if self._cgroup and not self._cgroup.add(pid):
            self._cgroup.remove()
            self._cgroup = None
        self._introduce()

    def guard_sandbox(self, cgroup: Path) -> None:
        """A container is recorded, by its group; call it before the container starts."""
        self._sandbox = cgroup
        self._introduce()

    def tick(self, alive: Iterable[int]) -> None:
        """Name the recorded processes that live now; a watchdog that was ended is replaced, and the gap told."""
        if self._process.poll() is not None and time.monotonic() - self._started > self._pause_s:
            self._replace()
        now_alive = set(alive)
        orders = [f"+ {pid}\n" for pid in now_alive - self._told]
        orders += [f"- {pid}\n" for pid in self._told - now_alive]
        self._told = now_alive
        self._send("".join(orders).encode())

    def stop(self) -> None:
        """The recording is over; what still runs may. Safe to call twice."""
        if self._pipe.closed:
            return
        self._send(b"done\n")
        self._hang_up()
        try:
            self._process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._cgroup:
            self._cgroup.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Where the recording failed, the watchdog does what it is there for."""
        if error is None:
            self.stop()
        else:
            self._hang_up()

    def _replace(self) -> None:
        now = time.time_ns()
        reason = (
            f"the watchdog (pid {self._process.pid}) ended with code {self._process.returncode} and was replaced: had "
            "the recorder died meanwhile, the recorded processes would have gone on unseen"
        )
        self._sink.put(
            Stamp(now, Quality.ARRIVAL, Source.RECORDER), Gap("watchdog_ended", reason, end_ts=now)
        )
        self._hang_up()
        self._pause_s *= 2
        self._process = self._start()
        self._told.clear()
        self._introduce()

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        self._unsent = b""
        process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            pass_fds=[self._lock_fd],
            bufsize=0,
        )
        assert process.stdin is not None
        self._pipe = process.stdin
        os.set_blocking(self._pipe.fileno(), False)  # a watchdog that was stopped must not stop the recorder
        return process

    def _introduce(self) -> None:
        if self._cgroup:
            self._send(b"cgroup " + os.fsencode(self._cgroup.folder) + b"\n")
        if self._sandbox:
            self._send(b"sandbox " + os.fsencode(self._sandbox) + b"\n")
        if self._root is not None:
            self._send(f"+ {self._root}\n".encode())

    def _send(self, orders: bytes) -> None:
        self._unsent += orders
        if not self._unsent:
            return
        with suppress(BlockingIOError, BrokenPipeError):  # of a watchdog that was stopped, or ended
            self._unsent = self._unsent[os.write(self._pipe.fileno(), self._unsent) :]

    def _hang_up(self) -> None:
        with suppress(BrokenPipeError):
            self._pipe.close()
