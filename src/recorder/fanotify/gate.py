"""The gate seen from the recorder: starts the process that answers, and writes a row for each denial.

Denied is everybody but the recorder, not only what is recorded: a program outside can be asked to open a file for one
inside. The gate cannot take back what was open or mapped before, and it stops no name from being changed or removed.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.counting import counted
from store.errors import PtbError, Unavailable
from store.manifest import SourceInfo
from store.readable import readable
from store.rows import FileAccess, Gap, Quality, Source, Stamp
from store.sink import Sink

VIA: Final = "gate"
"""``via`` of a denied open."""

_READY_S: Final = 120.0
"""For walking the denied folders."""
_KNOWN_S: Final = 1.0
"""How long a denial waits for the row that tells whose its pid is."""
_LOOK_S: Final = 0.1
_IDLE_LOOK_S: Final = 1.0
_END_S: Final = 10.0


class Gate:
    """Denies opens of ``paths``; implements :class:`recorder.source.Source`."""

    def __init__(self, paths: Sequence[Path], lives: Lives) -> None:
        self._paths = [os.path.abspath(path) for path in paths]
        self._lives = lives
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._waker: threading.Thread | None = None
        self._stops = 0
        """How often the process was stopped by somebody; written by the waker alone."""
        self._stops_told = 0
        self._stopping = False
        self._held: deque[tuple[float, dict[str, Any]]] = deque()
        """Denials with when (monotonic) each is written at the latest, oldest first."""
        self._info = SourceInfo("gate", "fanotify", "unavailable", "not started")

    @property
    def info(self) -> SourceInfo:
        """Name, backend, state and what is denied."""
        return self._info

    def shut(self) -> None:
        """Deny from now on; raises :class:`Unavailable` where that cannot be done."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "recorder.fanotify.gatekeeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a signal from the keyboard is the command's
        )
        assert self._process.stdin is not None
        wanted = {"deny": self._paths, "allow_pid": os.getpid()}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self._process.stdin.flush()
        self._waker = threading.Thread(
            target=self._keep_awake, args=(self._process.pid,), name="ptb-gate-waker", daemon=True
        )
        self._waker.start()
        answer = self._first_answer()
        if "ready" not in answer:
            self._end()
            raise Unavailable(f"cannot deny opens: {answer.get('refused', 'the gate did not start')}")
        self._info = replace(
            self._info,
            state="recording",
            reason=f"opens denied: {', '.join(self._paths)}; not what was open or mapped before",
        )

    def start(self, target: Target, sink: Sink) -> None:  # noqa: ARG002  # it is before everybody, not a target
        """Write a row for each denial; shuts the gate if it is open."""
        if self._process is None:
            self.shut()
        self._sink = sink
        self._thread = threading.Thread(target=self._listen, name="ptb-gate", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Open the gate, and write what is held."""
        self._stopping = True
        self._end()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._info.state == "recording":
            self._info = replace(self._info, state="ended")

    def _first_answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _READY_S)[0]:
            return {"refused": f"walking the folders took more than {_READY_S:g} s"}
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    def _end(self) -> None:
        """Let the process end by the end of its input."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._waker is not None:
            self._waker.join()
            self._waker = None
        if self._thread is None and process.stdout is not None:
            process.stdout.close()

    def _keep_awake(self, pid: int) -> None:
        """Let the process go on whenever somebody stops it, until it ends.

        While it stands, every open beside a denied path waits, the recorder's own too; and whoever waits may hold the
        writer's lock. So this thread takes no lock and writes no row.
        """
        with suppress(ChildProcessError):  # it has ended, and was waited for
            while True:
                seen = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                if seen is None or seen.si_code != os.CLD_STOPPED:
                    return
                os.kill(pid, signal.SIGCONT)
                self._stops += 1

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            with self._process.stdout as answers:
                rest = b""
                while True:
                    if select.select([answers], [], [], _LOOK_S if self._held else _IDLE_LOOK_S)[0]:
                        data = os.read(answers.fileno(), 65536)
                        if not data:
                            break
                        *lines, rest = (rest + data).split(b"\n")
                        for line in lines:
                            self._hear(json.loads(line))
                    self._release(time.monotonic())
                    self._tell_stops()
            self._release(float("inf"))
            self._tell_stops()
            if not self._stopping:
                self._put_gap("stopped", "the gate's process ended: from here on no open was denied")
        except PtbError as error:  # the disk refused: the recording ends for the same reason
            self._info = replace(self._info, state="ended", reason=str(error))

    def _hear(self, message: dict[str, Any]) -> None:
        if "unsealed" in message:
            self._put_gap("unsealed", f"the gate: {message['unsealed']}")
        else:
            self._held.append((time.monotonic() + _KNOWN_S, message))

    def _release(self, now: float) -> None:
        """Write the denials whose process is known, or was waited for long enough."""
        waiting = len(self._held)
        for _ in range(waiting):
            due, denial = self._held.popleft()
            process_id = self._lives.process_id(denial["pid"], denial["ts"])
            if process_id is None and due > now:
                self._held.append((due, denial))
            else:
                self._put_denial(denial, process_id)

    def _tell_stops(self) -> None:
        stops = self._stops
        if stops > self._stops_told:
            times = stops - self._stops_told
            reason = (
                f"somebody stopped the gate's process {counted(times, 'time')}: opens beside denied paths waited until it was"
                " let go on, which was at once"
            )
            self._put_gap("gate_stopped", reason)
            self._stops_told = stops

    def _put_denial(self, denial: dict[str, Any], process_id: int | None) -> None:
        row = FileAccess(
            process_id,
            denial["pid"] or None,
            "open",
            readable(os.fsencode(denial["path"])),
            dev=denial["dev"],
            inode=denial["inode"],
            final=True,
            error="EPERM",
            via=VIA,
        )
        self._sink.put(Stamp(denial["ts"], Quality.ARRIVAL, Source.KERNEL), row)

    def _put_gap(self, cause: str, reason: str) -> None:
        now = time.time_ns()
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.RECORDER), Gap(cause, reason, start_ts=now))
