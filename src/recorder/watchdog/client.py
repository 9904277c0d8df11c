"""The recorder's end of the watchdog: starts it, names it the processes, and says goodbye."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from recorder.watchdog.cgroup import Cgroup
from recorder.watchdog.reaction import Reaction
from recorder.watchdog.tree import is_stopped
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
        self._process: subprocess.Popen[bytes] | None = None
        """None where it cannot be started: the recording goes on without, and a gap says so."""
        self._start()

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
        self._look_after(self._process)
        now_alive = set(alive)
        orders = [f"+ {pid}\n" for pid in now_alive - self._told]
        orders += [f"- {pid}\n" for pid in self._told - now_alive]
        self._told = now_alive
        self._send("".join(orders).encode())

    def stop(self) -> None:
        """The recording is over; what still runs may. Safe to call twice."""
        self._send(b"done\n")
        self._hang_up()
        if self._process:
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

    def _look_after(self, process: subprocess.Popen[bytes] | None) -> None:
        """Let a watchdog that was stopped go on, and replace one that was ended."""
        if process is None:
            return
        unseen = "had the recorder died meanwhile, the recorded processes would have gone on unseen"
        if process.poll() is None:
            if is_stopped(process.pid):
                process.send_signal(signal.SIGCONT)
                self._put_gap(
                    "watchdog_stopped", f"somebody stopped the watchdog (pid {process.pid}): {unseen}"
                )
        elif time.monotonic() - self._started > self._pause_s:
            ended = f"the watchdog (pid {process.pid}) ended with code {process.returncode} and was replaced"
            self._put_gap("watchdog_ended", f"{ended}: {unseen}")
            self._hang_up()
            self._pause_s *= 2
            self._start()
            self._introduce()

    def _start(self) -> None:
        self._started = time.monotonic()
        self._unsent = b""
        self._told.clear()
        try:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                pass_fds=[self._lock_fd],
                bufsize=0,
            )
        except OSError as error:
            self._process = None
            self._put_gap(
                "unavailable",
                f"the watchdog does not start ({error}): processes would go on unseen if the recorder died",
            )
            return
        if self._process.stdin:  # a watchdog that was stopped must not stop the recorder
            os.set_blocking(self._process.stdin.fileno(), False)

    def _put_gap(self, cause: str, reason: str) -> None:
        now = time.time_ns()
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.RECORDER), Gap(cause, reason, end_ts=now))

    def _introduce(self) -> None:
        if self._cgroup:
            self._send(b"cgroup " + os.fsencode(self._cgroup.folder) + b"\n")
        if self._sandbox:
            self._send(b"sandbox " + os.fsencode(self._sandbox) + b"\n")
        if self._root is not None:
            self._send(f"+ {self._root}\n".encode())

    def _send(self, orders: bytes) -> None:
        pipe = self._process.stdin if self._process else None
        if pipe is None or pipe.closed:
            return
        self._unsent += orders
        if self._unsent:
            with suppress(BlockingIOError, BrokenPipeError):  # of a watchdog that was stopped, or ended
                self._unsent = self._unsent[os.write(pipe.fileno(), self._unsent) :]

    def _hang_up(self) -> None:
        if self._process and self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
