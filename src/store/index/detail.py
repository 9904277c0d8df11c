"""The whole recorded row behind an event, found by the statistics of the sealed files without reading a table."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import Damaged
from store.event import LANES, TABLE_KINDS, Kind, Lane
from store.index.tables import ints
from store.parquet import conform
from store.rows import Column, Quality, Row, Source, Stamp, columns
from store.schema import ROW_TYPES, arrow_schema
from store.snapshot import Snapshot, in_fields

_NEARBY = 2048
"""Rows kept decoded around one that was asked for: its neighbours are looked at next, and a whole group is 50 MB."""
_REMEMBERED = 4
"""Such stretches kept."""
_TABLES = {kind: table for table, kind in TABLE_KINDS.items()}


@dataclass(frozen=True, slots=True)
class Detail:
    """One recorded row with its symbols resolved."""

    seq: int
    table: str
    at: Stamp
    row: Row


class Details:
    """Finds rows of one snapshot."""

    def __init__(self, snapshot: Snapshot, strings: pa.LargeStringArray) -> None:
        self._snapshot = snapshot
        self._strings = strings
        self._nearby: deque[tuple[str, pa.Table]] = deque(maxlen=_REMEMBERED)

    def of(self, seq: int, kind: Kind) -> Detail:
        """The row ``seq``, which is an event of ``kind``; raises :class:`Damaged` when it is not to be had."""
        table = table_of(kind)
        for name, rows in tuple(self._nearby):  # another thread may add to it meanwhile
            if name == table and (at := _position(rows, seq)) is not None:
                return self._detail(table, in_fields(table, rows.slice(at, 1)).to_pylist()[0])
        for rows in self._candidates(table, seq):
            at = _position(rows, seq)
            if at is not None:
                self._remember(table, rows, at)
                return self._detail(table, in_fields(table, rows.slice(at, 1)).to_pylist()[0])
        raise Damaged(
            f"{self._snapshot.folder}: row {seq} of {table} is not there any more; run `ptb verify`"
        )

    def _candidates(self, table: str, seq: int) -> Iterator[pa.Table]:
        """Stored pieces of a table, by ``seq``, whose statistics do not rule ``seq`` out."""
        snapshot = self._snapshot
        for segment in snapshot.manifest.segments:
            if segment.table == table and segment.first_seq <= seq <= segment.last_seq:
                yield from self._groups_of(snapshot.folder / segment.file, table, seq)
        for batch in snapshot.live_batches(table):
            if len(batch) and batch.column("seq")[0].as_py() <= seq <= batch.column("seq")[-1].as_py():
                yield pa.Table.from_batches([batch])

    def _groups_of(self, path: Path, table: str, seq: int) -> Iterator[pa.Table]:
        """Row groups of one sealed file that may hold ``seq``."""
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    if _may_hold(file.metadata.row_group(group), seq):
                        yield conform(file.read_row_group(group), arrow_schema(table))
        except (OSError, pa.ArrowException) as error:
            raise Damaged(f"{path} cannot be read ({error}): `ptb verify` locates the damage") from error

    def _remember(self, table: str, rows: pa.Table, at: int) -> None:
        """Keep a copy of the rows around ``at``, so that the group they come from can go."""
        first = max(at - _NEARBY // 2, 0)
        last = min(first + _NEARBY, rows.num_rows)
        self._nearby.append((table, rows.take(pa.array(np.arange(first, last)))))
        pa.default_memory_pool().release_unused()

    def _detail(self, table: str, values: dict[str, Any]) -> Detail:
        row_type = ROW_TYPES[table]
        stored = columns(row_type)
        fields: dict[str, Any] = {
            name: self._text(values[name]) if column is Column.SYMBOL else values[name]
            for name, column in stored.items()
        }
        quality, source = self._text(values["ts_quality"]), self._text(values["source"])
        try:
            at = Stamp(values["ts"], Quality(quality or ""), Source(source or ""), values["ts_err_us"])
        except ValueError as error:
            raise Damaged(f"{self._snapshot.folder}: row {values['seq']} of {table}: {error}") from None
        return Detail(values["seq"], table, at, row_type(**fields))

    def _text(self, symbol: int | None) -> str | None:
        if symbol is None or not 0 <= symbol < len(self._strings):
            return None
        return str(self._strings[symbol])


def table_of(kind: Kind) -> str:
    """The recorded table whose rows are events of ``kind``."""
    if kind in _TABLES:
        return _TABLES[kind]
    return "transcript" if LANES[kind] is Lane.AGENT else "files"


def _position(rows: pa.Table, seq: int) -> int | None:
    """Where ``seq`` stands in rows ordered by it."""
    seqs = ints(rows, "seq")
    at = int(np.searchsorted(seqs, seq))
    return at if at < len(seqs) and seqs[at] == seq else None


def _may_hold(group: pq.RowGroupMetaData, seq: int) -> bool:
    """Whether the statistics of ``seq``, the first column, allow for it."""
    statistics = group.column(0).statistics
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(statistics.min <= seq <= statistics.max)
