"""The command's output: passed on unchanged, and read as the agent's transcript on its way.

With ``auto`` the rows are held until the first line that only an agent writes; output that shows none in its first
:data:`_SNIFF_LINES` lines is no transcript, and nothing of it is kept. Both streams are read, as PostTrainBench's
``solve_out.txt`` holds both, each through a pipe of its own: one pipe for both would keep the order of what they say,
and let a warning land inside a transcript's line. So lines of the two may change places, and are never mixed.
"""

import os
import threading
from collections.abc import Callable
from enum import StrEnum
from time import time_ns
from typing import IO

from recorder.redact import Redactor
from recorder.transcript import Form, Summary, Transcript
from recorder.transcript.lines import MAX_LINE
from store.manifest import SourceInfo
from store.rows import Row, Stamp
from store.sink import Sink

_CHUNK = 1 << 16
_SNIFF_LINES = 200
_JOIN_S = 2.0


class Choice(StrEnum):
    """Whether the command's output is an agent's transcript."""

    AUTO = "auto"
    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"
    OPENCODE = "opencode"
    NONE = "none"


class Words:
    """The transcript in a command's output, fed from any thread."""

    def __init__(self, choice: Choice, redactor: Redactor, sink: Sink, *, on_terminal: bool) -> None:
        """``on_terminal``: the command keeps a terminal as its output, so nothing will be fed."""
        self._choice = choice
        self._on_terminal = on_terminal
        self._sink = sink
        self._transcript: Transcript | None = Transcript(redactor.redact)
        self._summary = self._transcript.summary
        self._held: list[tuple[Stamp, Row]] | None = [] if choice is Choice.AUTO else None
        self._lock = threading.Lock()

    @property
    def summary(self) -> Summary | None:
        """What the transcript says of its session; None where the output was no transcript."""
        return None if self._held is not None or self._transcript is None else self._summary

    @property
    def decided(self) -> bool | None:
        """Whether the output is a transcript; None while its first lines have not told."""
        if self._transcript is None or (self._held is not None and self._on_terminal):
            return False
        return True if self._held is None else None

    @property
    def info(self) -> SourceInfo:
        """For the manifest."""
        if self._held is None and self._transcript is not None:
            scaffold = self._summary.scaffold
            return SourceInfo("transcript", scaffold.value if scaffold else self._choice.value, "recording")
        reason = (
            "the command's output is a terminal, which it keeps; to read it as a transcript say --transcript AGENT"
            if self._on_terminal
            else "the command's output is not the event stream of an agent known here"
        )
        return SourceInfo("transcript", self._choice.value, "unavailable", reason)

    def feed(self, lines: bytes) -> None:
        """Read whole lines as they arrive."""
        with self._lock:
            if self._transcript is None:
                return
            self._take(list(self._transcript.feed(lines, time_ns())))
            if self._held is not None and self._summary.lines >= _SNIFF_LINES:
                self._transcript, self._held = None, None

    def finish(self) -> None:
        """Put what waited for more."""
        with self._lock:
            if self._transcript is not None:
                self._take(list(self._transcript.finish()))

    def _take(self, rows: list[tuple[Stamp, Row]]) -> None:
        if self._held is not None:
            self._held += rows
            if self._summary.form is not Form.JSON or self._summary.scaffold is None:
                return
            rows, self._held = self._held, None
        for at, row in rows:
            self._sink.put(at, row)


class PassThrough:
    """Copies one stream to a file descriptor, and its whole lines to a reader."""

    def __init__(self, stream: IO[bytes], to: int, lines: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._to = to
        self._lines = lines
        self._thread = threading.Thread(target=self._copy, name="ptb-output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the stream, unless a process that outlives the recording keeps it open."""
        self._thread.join(_JOIN_S)

    def _copy(self) -> None:
        rest = b""
        fd = self._stream.fileno()
        with self._stream:
            while chunk := os.read(fd, _CHUNK):
                if not _write(self._to, chunk):
                    break  # nobody reads our output: closing the pipe tells the command so, as it would without us
                end = chunk.rfind(b"\n") + 1
                if end:
                    self._lines(rest + chunk[:end])
                    rest = chunk[end:]
                else:
                    rest += chunk
                    if len(rest) > MAX_LINE:
                        self._lines(rest)
                        rest = b""
        if rest:
            self._lines(rest + b"\n")


def _write(fd: int, data: bytes) -> bool:
    """Write all of ``data``; False where nobody reads it any more."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        return False
    return True
