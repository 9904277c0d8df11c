"""One file of named columns: raw little-endian arrays that are read where they lie, through one memory map.

Layout: 8 bytes of magic, the columns, each at a multiple of 64 bytes, a JSON footer, and a trailer of 24 bytes
(offset, length and CRC-32 of the footer, magic). A file that was cut short has no trailer and is refused.
"""

import json
import mmap
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"ptbidx01"
_TRAILER = struct.Struct("<QII8s")
_ALIGNMENT = 64
_CODES = frozenset("Biqd")

Fact = (
    int
    | None
    | Sequence[str]
    | Sequence[int]
    | Sequence[float | None]
    | Mapping[str, int | Mapping[str, int] | None]
)
"""What the footer can say beside the columns."""


class NotColumns(Exception):
    """The bytes are no whole column file, or one of another version."""


class Slot:
    """Room for one column of a file that is being written, to be filled from its beginning on, piece by piece."""

    def __init__(self, out: BinaryIO, offset: int, size: int) -> None:
        """Use :meth:`ColumnWriter.reserve`."""
        self._out = out
        self._offset = self._next = offset
        self._size = size

    def write(self, values: memoryview | bytes) -> None:
        """Append C-contiguous ``values``."""
        view = memoryview(values)
        if not view.nbytes:
            return
        assert self._next + view.nbytes <= self._offset + self._size, "more values than were announced"
        self._out.seek(self._next)
        self._next += self._out.write(view.cast("B"))

    def read(self, first: int, size: int) -> bytes:
        """``size`` bytes (fewer at the end) of what was written, from byte ``first`` on."""
        self._out.seek(self._offset + first)
        return self._out.read(max(0, min(size, self._next - self._offset - first)))


class ColumnWriter:
    """Lays columns out one after the other; :meth:`finish` makes the file readable."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to ``out``, which is empty and can be read and sought in."""
        self._out = out
        self._end = out.write(MAGIC)
        self._columns: dict[str, tuple[str, int, int]] = {}

    def add(self, name: str, code: str, values: memoryview | bytes) -> None:
        """A whole column: C-contiguous ``values`` of ``struct`` type ``code`` (one of ``Biqd``)."""
        count = memoryview(values).nbytes // struct.calcsize("<" + code)
        self.reserve(name, code, count).write(values)

    def reserve(self, name: str, code: str, count: int) -> Slot:
        """Room for a column of ``count`` values, all of which have to be written before :meth:`finish`."""
        size = count * struct.calcsize("<" + code)
        self._end += -self._end % _ALIGNMENT
        self._columns[name] = (code, self._end, count)
        slot = Slot(self._out, self._end, size)
        self._end += size
        return slot

    def finish(self, facts: Mapping[str, Fact]) -> None:
        """Write the footer."""
        footer = json.dumps({"facts": facts, "columns": self._columns}).encode()
        self._out.seek(self._end)
        self._out.write(footer)
        self._out.write(_TRAILER.pack(self._end, len(footer), zlib.crc32(footer), MAGIC))


class Columns:
    """A column file, open for reading."""

    def __init__(self, data: memoryview) -> None:
        if sys.byteorder != "little":
            raise NotColumns("column files are read in place on little-endian machines only")
        footer = _footer(data)
        self._data = data
        self.facts: dict[str, Any] = footer["facts"]
        self._columns: dict[str, tuple[str, int, int]] = {}
        for name, (code, offset, count) in footer["columns"].items():
            if code not in _CODES or offset + count * struct.calcsize(code) > len(data):
                raise NotColumns(f"column {name} lies outside the file")
            self._columns[name] = (code, offset, count)

    @classmethod
    def open(cls, path: Path) -> "Columns":
        """Map a file; raises ``OSError``, or :class:`NotColumns` when it is cut, damaged or of another version."""
        with path.open("rb") as file:
            try:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise NotColumns(str(error)) from None
        return cls(memoryview(mapped))

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def ints(self, name: str) -> "memoryview[int]":
        """A column of integers."""
        code, offset, count = self._columns[name]
        raw = self._data[offset : offset + count * struct.calcsize(code)]
        if not count or code == "B":
            return raw
        return raw.cast(code)  # type: ignore[call-overload,no-any-return]  # code is a variable

    def floats(self, name: str) -> "memoryview[float]":
        """A column of 64-bit floats."""
        _, offset, count = self._columns[name]
        raw = self._data[offset : offset + count * 8]
        return raw.cast("d") if count else memoryview(array("d"))

    def code(self, name: str) -> str:
        """The ``struct`` type of a column."""
        return self._columns[name][0]


def _footer(data: memoryview) -> dict[str, Any]:
    if len(data) < len(MAGIC) + _TRAILER.size or bytes(data[: len(MAGIC)]) != MAGIC:
        raise NotColumns("no column file")
    offset, length, crc, magic = _TRAILER.unpack(data[-_TRAILER.size :])
    raw = bytes(data[offset : offset + length])
    if magic != MAGIC or len(raw) != length or zlib.crc32(raw) != crc:
        raise NotColumns("cut short or damaged")
    footer: dict[str, Any] = json.loads(raw)
    return footer
