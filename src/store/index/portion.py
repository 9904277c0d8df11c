"""A run cut into stretches of ``seq``, so that not more of its rows than those of one have to be in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from store.index.tables import ints
from store.parquet import read_segment, row_groups
from store.rows import TABLES
from store.schema import arrow_schema
from store.snapshot import Snapshot, in_fields, stored_columns

PORTION_ROWS = 1 << 19
"""About how many rows a portion has. It begins where a row group of some table does, so it can have more."""
_END = (1 << 63) - 1
"""Beyond every ``seq``."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A row group of a sealed file, or a batch of the log: what is read at once."""

    rows: int
    first_seq: int
    last_seq: int
    where: "tuple[Path, int] | pa.RecordBatch"


def portions(snapshot: Snapshot) -> Iterator["Portion"]:
    """All rows of ``snapshot``, in stretches of ``seq``, oldest first. Raises :class:`store.errors.Damaged`."""
    pieces = {table: list(_pieces(snapshot, table)) for table in TABLES.values()}
    beginning = Counter[int]()
    for piece in chain.from_iterable(pieces.values()):
        beginning[piece.first_seq] += piece.rows
    cuts, rows = list[int](), 0
    for first, count in sorted(beginning.items()):
        if not cuts or rows + count > PORTION_ROWS:
            cuts.append(first)
            rows = 0
        rows += count
    for first, end in pairwise([*(cuts or [0]), _END]):
        yield Portion(pieces, first, end)


def _pieces(snapshot: Snapshot, table: str) -> Iterator[_Piece]:
    for path in snapshot.segment_files(table):
        for number, group in enumerate(row_groups(path)):
            yield _Piece(group.rows, group.first_seq, group.last_seq, (path, number))
    for batch in snapshot.live_batches(table):
        if batch.num_rows:
            seqs = batch.column("seq")
            yield _Piece(batch.num_rows, seqs[0].as_py(), seqs[-1].as_py(), batch)


class Portion:
    """The rows of a run with ``first ≤ seq < end``."""

    def __init__(self, pieces: Mapping[str, Sequence[_Piece]], first: int, end: int) -> None:
        """Use :func:`portions`."""
        self._first, self._end = first, end
        self._pieces = {
            table: [one for one in several if one.first_seq < end and one.last_seq >= first]
            for table, several in pieces.items()
        }
        self._bounds: dict[str, tuple[int, int]] = {}

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Its rows of one table by ``seq``. Raises :class:`store.errors.Damaged` when a segment does not decode."""
        if name not in self._bounds:
            seqs = ints(self._read(name, ["seq"]), "seq")
            low, high = (int(np.searchsorted(seqs, seq)) for seq in (self._first, self._end))
            self._bounds[name] = low, high - low
        rows = self._read(name, stored_columns(name, columns)).slice(*self._bounds[name])
        return in_fields(name, rows, columns)

    def _read(self, name: str, stored: Sequence[str]) -> pa.Table:
        groups: dict[Path, list[int]] = {}
        batches: list[pa.RecordBatch] = []
        for piece in self._pieces[name]:
            if isinstance(piece.where, tuple):
                path, number = piece.where
                groups.setdefault(path, []).append(number)
            else:
                batches.append(piece.where)
        live = pa.Table.from_batches(batches, schema=arrow_schema(name)).select(stored)
        sealed = [read_segment(path, name, stored, numbers) for path, numbers in groups.items()]
        return pa.concat_tables([*sealed, live]) if sealed else live
