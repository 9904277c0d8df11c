"""Collecting the labels of a block while it is built."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.index.columns import ColumnWriter
from store.index.labels import SEPARATOR
from store.index.tables import ids

Ids = NDArray[np.int32]


class Vocabulary:
    """Labels by a provisional id: the run's strings keep theirs, texts come after them."""

    def __init__(self, strings: pa.LargeStringArray) -> None:
        self.strings = strings
        self._parts: list[pa.LargeStringArray] = [strings]
        self._length = len(strings)
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

    def write(self, writer: ColumnWriter, used: Ids) -> Ids:
        """Write the labels in ``used`` and nothing else.

        Returns the final id of each provisional one, -1 where it is not used.
        """
        present = np.zeros(self._length, np.bool_)
        present[used] = True
        kept = np.flatnonzero(present)
        final = np.full(self._length, -1, np.int32)
        final[kept] = np.arange(len(kept), dtype=np.int32)
        labels = self._take(kept)
        lengths = np.diff(labels[0])
        offsets = np.zeros(len(kept) + 1, np.int64)
        np.cumsum(lengths + 1, out=offsets[1:])
        blob = np.full(offsets[-1], SEPARATOR[0], np.uint8)
        inside = np.ones(offsets[-1], np.bool_)
        inside[offsets[1:] - 1] = False
        blob[inside] = labels[1]
        writer.add("label.offset", "q", offsets.data)
        writer.add("label.blob", "B", blob.data)
        return final

    def _take(self, kept: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Offsets and bytes of the labels with the given provisional ids."""
        chunked = pa.chunked_array(self._parts, pa.large_string())
        labels = pa.concat_arrays(chunked.take(pa.array(kept)).chunks or [pa.array([], pa.large_string())])
        _, offsets, data = labels.buffers()
        bounds = np.frombuffer(offsets, np.int64)[labels.offset : labels.offset + len(labels) + 1]
        values = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        return bounds, values[bounds[0] : bounds[-1]]


def distinct(symbols: Ids) -> list[int]:
    """The distinct ids ≥ 0, ascending."""
    present = np.zeros(int(symbols.max(initial=-1)) + 2, np.bool_)
    present[symbols] = True  # -1 marks the last place, which no id has
    return np.flatnonzero(present[:-1]).tolist()
