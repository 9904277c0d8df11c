"""Collecting the labels of a block while it is built."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.index.columns import ColumnWriter
from store.index.labels import SEPARATOR
from store.index.tables import ids

Ids = NDArray[np.int32]

_WRITTEN = 1 << 16
"""Labels that are written at a time."""


class Vocabulary:
    """Labels by a provisional id: the run's strings keep theirs, texts come after them."""

    def __init__(self, strings: pa.LargeStringArray) -> None:
        self.strings = strings
        self._parts: list[pa.LargeStringArray] = [strings]
        self._length = len(strings)
        self._counts = np.zeros(0, np.int64)
        self.empty = int(self.add([""])[0])
        """The label of a row that has nothing to say."""

    def add(self, texts: Iterable[str] | pa.LargeStringArray) -> Ids:
        """Ids of new labels, one a text."""
        part = texts if isinstance(texts, pa.LargeStringArray) else pa.array(list(texts), pa.large_string())
        self._parts.append(part)
        first, self._length = self._length, self._length + len(part)
        return np.arange(first, self._length, dtype=np.int32)

    def ids(self, rows: pa.Table, column: str) -> Ids:
        """A column of symbols; ids that the run has no string for count as not observed (-1)."""
        found = ids(rows, column)
        found[found >= len(self.strings)] = -1
        return found

    def symbols(self, symbols: Ids) -> Ids:
        """Labels that are strings of the run; a missing one becomes the empty label. Works in place."""
        symbols[symbols < 0] = self.empty
        return symbols

    def text_of(self, symbol: int) -> str:
        """A string of the run; empty for -1."""
        return str(self.strings[symbol]) if symbol >= 0 else ""

    def name(self, symbols: Ids) -> dict[int, str]:
        """Text of each distinct symbol."""
        return {symbol: self.text_of(symbol) for symbol in distinct(symbols)}

    def count(self, labels: Ids) -> None:
        """Take in which labels some events have."""
        more = np.bincount(labels, minlength=self._length)
        more[: len(self._counts)] += self._counts
        self._counts = more

    def write(self, writer: ColumnWriter) -> tuple[Ids, NDArray[np.int64]]:
        """Write the labels that any event has and nothing else.

        Returns the final id of each provisional one, -1 where it is not used, and how many events each has by final id.
        """
        kept = np.flatnonzero(self._counts)
        final = np.full(self._length, -1, np.int32)
        final[kept] = np.arange(len(kept), dtype=np.int32)
        labels = pa.chunked_array(self._parts, pa.large_string())
        offsets = np.zeros(len(kept) + 1, np.int64)
        for first in range(0, len(kept), _WRITTEN):
            bounds, _ = _taken(labels, kept[first : first + _WRITTEN])
            offsets[first + 1 : first + len(bounds)] = np.diff(bounds) + 1
        np.cumsum(offsets, out=offsets)
        writer.add("label.offset", "q", offsets.data)
        blob = writer.reserve("label.blob", "B", int(offsets[-1]))
        for first in range(0, len(kept), _WRITTEN):
            blob.write(_separated(*_taken(labels, kept[first : first + _WRITTEN])).data)
        return final, self._counts[kept]


def _taken(labels: pa.ChunkedArray, which: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Offsets and bytes of some labels."""
    taken = pa.concat_arrays(labels.take(pa.array(which)).chunks)
    _, offsets, data = taken.buffers()
    bounds = np.frombuffer(offsets, np.int64)[taken.offset : taken.offset + len(taken) + 1]
    values = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return bounds - bounds[0], values[bounds[0] : bounds[-1]]


def _separated(bounds: NDArray[np.int64], values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels as they are stored: a separator after each."""
    ends = bounds[1:] + np.arange(len(bounds) - 1)
    blob = np.full(len(values) + len(ends), SEPARATOR[0], np.uint8)
    inside = np.ones(len(blob), np.bool_)
    inside[ends] = False
    blob[inside] = values
    return blob


def distinct(symbols: Ids) -> list[int]:
    """The distinct ids ≥ 0, ascending."""
    present = np.zeros(int(symbols.max(initial=-1)) + 2, np.bool_)
    present[symbols] = True  # -1 marks the last place, which no id has
    return np.flatnonzero(present[:-1]).tolist()
