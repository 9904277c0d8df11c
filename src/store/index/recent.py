"""The rows of a run from one ``seq`` on, as tables: what arrived since an index was built."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from store.index.tables import ints
from store.parquet import read_segment
from store.schema import STRINGS, arrow_schema
from store.snapshot import Snapshot, in_fields


class Recent:
    """Rows of ``snapshot`` with ``first_seq`` or a later one."""

    def __init__(self, snapshot: Snapshot, first_seq: int) -> None:
        self._snapshot = snapshot
        self._first_seq = first_seq
        self._read: dict[str, pa.Table] = {}

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Rows of one table by ``seq``; the table is read once."""
        if name not in self._read:
            self._read[name] = in_fields(name, rows_from(self._snapshot, name, "seq", self._first_seq))
        return self._read[name].select(columns)


def strings_of(snapshot: Snapshot, known: pa.LargeStringArray) -> pa.LargeStringArray:
    """The strings of ``snapshot``, given those of an earlier one; only new ones are read."""
    fresh = rows_from(snapshot, STRINGS, "id", len(known))
    if not fresh.num_rows:
        return known
    numbers = ints(fresh, "id")
    if numbers[0] != len(known) or numbers[-1] != len(known) + len(numbers) - 1:
        return snapshot.strings()
    return pa.concat_arrays([known, *fresh.column("value").chunks])


def rows_from(snapshot: Snapshot, table: str, column: str, first: int) -> pa.Table:
    """Stored rows of a table whose ``column`` (``seq``, or ``id`` of strings) is at least ``first``."""
    segments = [
        one
        for one in snapshot.manifest.segments
        if one.table == table and one.last_seq >= first and one not in snapshot.damaged
    ]
    batches = [
        batch
        for batch in snapshot.live_batches(table)
        if len(batch) and batch.column(column)[-1].as_py() >= first
    ]
    live = pa.Table.from_batches(batches, schema=arrow_schema(table))
    sealed = [read_segment(snapshot.folder / one.file, table) for one in segments]
    rows = pa.concat_tables([*sealed, live]) if sealed else live
    return rows.slice(int(np.searchsorted(ints(rows, column), first)))
