"""The witness: starts the command under strace and turns the trace into rows while it runs.

The trace comes through a FIFO that the command does not inherit and whose name goes with the first line. Its back
pressure means that nothing is ever lost: a slow reader slows the traced processes down.

strace's filter outlives strace: a traced process whose strace is gone gets ENOSYS from every call that was traced.
So nothing escapes the record by killing strace, and processes that outlive a recording cannot be left running.
"""

import fcntl
import os
import select
import signal
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep, time_ns

from recorder.source import Ending, Target
from recorder.strace import program
from recorder.strace.interpreter import Interpreter
from recorder.strace.proc_status import status
from recorder.strace.stream import Stream
from store.counting import counted
from store.errors import Unavailable
from store.manifest import SourceInfo
from store.rows import Gap, Quality, Source, Stamp
from store.sink import Sink

_NO_BYTES = "bytes read and written and mappings are not observed; "
_CANNOT_SEE = (
    "io_uring is not observed; paths of calls that return no descriptor are "
    "resolved a moment later; the command can notice and stop it (then its own calls fail), and set-user-id "
    "programs run without their privilege"
)

_CHUNK = 1 << 16
_PIPE_BYTES = 1 << 20
_GOODBYE_S = 2.0
"""How long processes have between SIGTERM and SIGKILL."""
_LAST_LINES_S = 30.0
"""How long what strace has written may take to be read after its end."""


class StraceSource:
    """The kernel witness without privileges."""

    def __init__(self, *, count_bytes: bool = False) -> None:
        """``count_bytes``: trace reads, writes and mappings too; slow, for commands that are not."""
        self._count_bytes = count_bytes
        self._info = SourceInfo(
            "kernel", "strace", "recording", _CANNOT_SEE if count_bytes else _NO_BYTES + _CANNOT_SEE
        )
        self._fifo: Path | None = None
        self._pipe: int | None = None
        self._tracer_pid = 0
        self._sink: Sink | None = None
        self._interpreter: Interpreter | None = None
        self._stream = Stream()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._over = threading.Event()

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state."""
        return self._info

    @property
    def root_pid(self) -> int | None:
        """The pid of the command itself, once it was seen."""
        root = self._interpreter.root if self._interpreter else None
        return root.pid if root else None

    @property
    def ending(self) -> Ending | None:
        """How the command itself ended, as soon as it has; its descendants may still run."""
        return self._interpreter.ending if self._interpreter else None

    @property
    def alive(self) -> list[int]:
        """The pids of recorded processes that have not ended."""
        return self._interpreter.alive if self._interpreter else []

    def wrap(self, command: Sequence[str]) -> list[str]:
        """The argv to run instead of ``command``; raises :class:`Unavailable` where strace cannot trace."""
        try:
            strace = program.find()
            program.probe(strace)
        except Unavailable as error:
            self._info = replace(self._info, state="unavailable", reason=str(error))
            raise
        self._fifo = Path(tempfile.mkdtemp(prefix="ptb-strace-"), "trace")
        os.mkfifo(self._fifo, 0o600)
        self._pipe = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        with suppress(
            OSError, AttributeError
        ):  # a larger buffer is a courtesy; unprivileged users have a quota
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return [
            *program.tether(),
            *program.command(strace, str(self._fifo), command, count_bytes=self._count_bytes),
        ]

    def start(self, target: Target, sink: Sink) -> None:
        """Read what the strace process ``target.root_pid`` writes; :meth:`wrap` comes first."""
        if self._pipe is None:
            raise Unavailable("strace was not set up before the command was started")
        self._tracer_pid = target.root_pid
        self._sink = sink
        self._interpreter = Interpreter(
            sink,
            tracer_pid=target.root_pid,
            folder=os.fsencode(target.folder),
            uid=os.getuid(),
            count_bytes=self._count_bytes,
        )
        self._thread = threading.Thread(
            target=self._read, args=(self._pipe, self._interpreter), name="strace", daemon=True
        )
        self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every traced process has ended, or strace has; whether that is so."""
        return self._over.wait(timeout)

    def stop(self) -> None:
        """End what still runs under strace, take in the rest of the trace, and close it."""
        if self._thread is not None and self._thread.is_alive():
            if status(self._tracer_pid) is None:
                self._over.wait(_LAST_LINES_S)  # strace has gone: the rest of the trace is on its way
            left = self.alive
            if left and not self._over.is_set():
                self._put_gap(
                    "stopped",
                    f"{counted(len(left), 'process', 'processes')} still ran when the recording ended, and ended with it: "
                    f"{_pids(left)}",
                )
                self._end_processes()
            self._stopping.set()
            self._thread.join(_LAST_LINES_S)
        self._end_processes()
        self._release()
        if self._info.state == "recording":
            self._info = replace(self._info, state="ended")

    def _read(self, pipe: int, interpreter: Interpreter) -> None:
        try:
            if self._await_first_line(pipe):
                self._forget_name()
                self._interpret(pipe, interpreter)
        finally:
            with suppress(
                BlockingIOError
            ):  # whatever went wrong here, the command must not hang on a full pipe
                while os.read(pipe, _CHUNK):
                    pass
            self._over.set()

    def _await_first_line(self, pipe: int) -> bool:
        """Whether strace has written; a FIFO that nobody has opened yet looks like one at its end."""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while not poll.poll(100):
            if self._stopping.is_set():
                return False
        os.set_blocking(pipe, True)
        return True

    def _interpret(self, pipe: int, interpreter: Interpreter) -> None:
        rest = b""
        while chunk := os.read(pipe, _CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                for record in self._stream.feed(line.decode("latin-1")):
                    interpreter.feed(record)
        for record in self._stream.close():
            interpreter.feed(record)
        interpreter.close()
        left = interpreter.alive
        if left and not self._stopping.is_set():
            self._put_gap(
                "killed",
                f"strace ended while {counted(len(left), 'process', 'processes')} still ran ({_pids(left)}): what they did after it is "
                "not recorded, and their calls fail",
            )

    def _end_processes(self) -> None:
        """SIGTERM, then SIGKILL, to the recorded processes that are left."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            left = [pid for pid in self.alive if self._is_ours(pid)]
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            deadline = monotonic() + _GOODBYE_S
            while any(self._is_ours(pid) for pid in left) and monotonic() < deadline:
                sleep(0.01)

    def _is_ours(self, pid: int) -> bool:
        """Whether ``pid`` is still the traced process, or one that lost its strace, and no stranger with its number."""
        found = status(pid)
        return found is not None and found.filtered and found.tracer in (0, self._tracer_pid)

    def _put_gap(self, cause: str, reason: str) -> None:
        assert self._sink is not None
        now = time_ns()
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.KERNEL), Gap(cause, reason, start_ts=now))

    def _forget_name(self) -> None:
        if self._fifo is not None:
            with suppress(OSError):
                self._fifo.unlink(missing_ok=True)
                self._fifo.parent.rmdir()

    def _release(self) -> None:
        self._forget_name()
        if self._pipe is not None and not (self._thread and self._thread.is_alive()):
            os.close(self._pipe)
            self._pipe = None


def _pids(pids: list[int]) -> str:
    shown = ", ".join(map(str, pids[:10]))
    return f"{shown} and {len(pids) - 10} more" if len(pids) > 10 else shown
