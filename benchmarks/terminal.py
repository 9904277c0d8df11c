"""A program at a pseudo-terminal: type keys, see when its answer has been painted.

Textual's own pilot has a floor of about 60 ms a key; only a real terminal shows what a person would feel.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_QUIET_S = 0.05
_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b[@-Z\\^_]", re.S)


class Terminal:
    """A child on the other end of a pty, 160 × 45 unless told."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, columns: int = 160, rows: int = 45
    ) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), {**os.environ, "TERM": "xterm-256color", **(env or {})})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.bytes_read = 0
        self._text = b""

    def wait_for(self, text: str, timeout_s: float = 60) -> float | None:
        """Seconds from the start until ``text`` was painted, None when it never was; the text is then forgotten."""
        wanted = text.encode()
        while (left := self.started + timeout_s - time.perf_counter()) > 0:
            if wanted in _ESCAPES.sub(b"", self._text):
                self._text = b""
                return time.perf_counter() - self.started
            if not self._read(left):
                break
        return None

    def press(self, keys: str, timeout_s: float = 5) -> float:
        """Type ``keys``; seconds until the last byte of what was painted in answer (0 when nothing was)."""
        start = last = time.perf_counter()
        os.write(self._fd, keys.encode())
        while self._read(timeout_s if last == start else _QUIET_S):
            last = time.perf_counter()
            if last - start > timeout_s:
                break
        self._text = b""
        return last - start

    def settle(self, quiet_s: float = 0.4) -> None:
        """Read until nothing has been painted for a while."""
        end = time.perf_counter() + 20
        while self._read(quiet_s) and time.perf_counter() < end:
            pass
        self._text = b""

    def watch(self, seconds: float) -> list[float]:
        """Times at which something was painted, for so long."""
        end, painted = time.perf_counter() + seconds, []
        while (left := end - time.perf_counter()) > 0:
            if self._read(left):
                painted.append(time.perf_counter())
        self._text = b""
        return painted

    def write(self, keys: str) -> None:
        """Type without waiting."""
        os.write(self._fd, keys.encode())

    @property
    def rss_mb(self) -> float:
        """Resident memory of the child's process, MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)

    @property
    def cpu_s(self) -> float:
        """Processor time of the child's process so far, seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the child."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self._text = (self._text + data)[-(1 << 20) :]
        self.bytes_read += len(data)
        self._answer(data)
        return bool(data)

    def _answer(self, data: bytes) -> None:
        """Say what a terminal says when it is asked, so that no program waits for it."""
        if b"\x1b[6n" in data:
            os.write(self._fd, b"\x1b[1;1R")
        if b"\x1b[c" in data:
            os.write(self._fd, b"\x1b[?62;c")
