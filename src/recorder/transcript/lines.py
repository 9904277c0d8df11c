"""Bytes in any portions become numbered lines of bounded length, so that no input can exhaust memory."""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE = 8 << 20
"""Bytes kept of one line. The longest real ones are file reads and pictures, a few MiB; more is counted, not kept."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end."""

    number: int
    """From 1."""
    data: bytes
    lost: int = 0
    """Bytes beyond :data:`MAX_LINE`."""
    ended: bool = True
    """False for a last line that the input stopped in."""


class LineBuffer:
    """Cuts a byte stream at ``\\n`` (and ``\\r\\n``); the cuts do not depend on how the stream is portioned."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._held = bytearray()
        self._lost = 0
        self._count = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that ``data`` completes."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._hold(data, start, end)
            yield self._take(ended=True)
            start = end + 1
        self._hold(data, start, len(data))

    def finish(self) -> Iterator[Line]:
        """The last line, if the input stopped without a line end."""
        if self._held or self._lost:
            yield self._take(ended=False)

    def _hold(self, data: bytes, start: int, end: int) -> None:
        room = max(self._limit - len(self._held), 0)
        kept = min(end - start, room)
        self._held += memoryview(data)[start : start + kept]
        self._lost += end - start - kept

    def _take(self, *, ended: bool) -> Line:
        self._count += 1
        if ended and not self._lost and self._held.endswith(b"\r"):
            del self._held[-1]
        line = Line(self._count, bytes(self._held), self._lost, ended)
        self._held.clear()
        self._lost = 0
        return line
