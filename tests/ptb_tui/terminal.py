"""A program in a real pseudo-terminal: keys in, raw bytes and the emulated screen out."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from unicodedata import combining

import pyte
from pyte.screens import Char
from wcwidth import wcwidth

_LAST_S = 1.0
"""For what a program that has ended wrote last; reading ends at once where there is nothing more."""


def _drawable(text: str) -> str:
    """Without marks that have no width and do not combine (a vowel sign of Devanagari): pyte stops drawing at them."""
    return text if text.isascii() else "".join(c for c in text if wcwidth(c) != 0 or c < " " or combining(c))


def _line(cells: Mapping[int, Char], columns: int) -> str:
    """A line as terminals show it: of a wide character whose one half was written over, the other half is blank.

    pyte's own ``display`` fails at such a half.
    """
    shown = []
    for x in range(columns):
        wide_before = x > 0 and cells[x - 1].data != "" and wcwidth(cells[x - 1].data[0]) == 2
        if cells[x].data == "":
            shown.append("" if wide_before else " ")
        elif wcwidth(cells[x].data[0]) == 2 and (x + 1 == columns or cells[x + 1].data != ""):
            shown.append(" ")
        else:
            shown.append(cells[x].data)
    return "".join(shown)


class Terminal:
    """Runs ``ptb ARGS`` in a terminal of its own; use as a context manager."""

    def __init__(
        self,
        args: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        width: int = 120,
        height: int = 40,
        program: Path | None = None,
    ) -> None:
        """``program`` is run instead of ``ptb``."""
        self._command = [sys.executable, "-P", *((str(program),) if program else ("-m", "ptb_tui")), *args]
        self._env = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "COLUMNS": "",
            "LINES": "",
            **(env or {}),
        }
        self._size = struct.pack("HHHH", height, width, 0, 0)
        self.raw = b""
        """Everything that was written to the terminal."""
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)
        self._decoder = getincrementaldecoder("utf-8")()
        self._pid = self._descriptor = -1

    def __enter__(self) -> Self:
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, self._size)
            os.execve(sys.executable, self._command, dict(self._env))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        if self._pid:
            os.waitpid(self._pid, 0)

    @property
    def text(self) -> str:
        """The screen as text."""
        return "\n".join(_line(self.screen.buffer[y], self.screen.columns) for y in range(self.screen.lines))

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._descriptor, keys.encode())

    def read(self, seconds: float) -> None:
        """Take in what is written for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._descriptor], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            self._stream.feed(_drawable(self._decoder.decode(data)))

    def until(self, seen: Callable[[str], bool], seconds: float = 60.0) -> str:
        """Read until the screen is as wanted; returns it, or fails with what is there."""
        end = time.monotonic() + seconds
        while not seen(self.text):
            assert time.monotonic() < end, f"never seen; the screen is:\n{self.text}"
            self.read(0.05)
        return self.text

    def wait(self) -> int:
        """The exit code, once the program has ended."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._pid = 0
                self.read(_LAST_S)
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still running:\n{self.text}")


def ptb_env(runs: Path) -> dict[str, str]:
    """Where the runs are."""
    return {"PTB_RUNS": str(runs)}
