"""The physical tables: Arrow schemas derived from the row records.

Every recorded table starts with the same five columns (:data:`HEADER`), then the record's own fields. A time other
than ``ts`` is stored as nanoseconds after ``ts`` (after 0 where the row has no ``ts``), because small numbers pack
well: ``end_ts`` of a record is the column ``end_after_ns`` of the file.
"""

from functools import cache

import numpy as np
import pyarrow as pa

from store.rows import TABLES, Column, Row, columns

NULL = int(np.iinfo(np.int64).min)
"""*Not observed* in the integer arrays of :meth:`store.sink.Sink.put_columns`."""

STRINGS = "strings"
"""The table of interned text: ``id`` (dense, from 0, in order of first use), ``value``."""

_ARROW: dict[Column, pa.DataType] = {
    Column.INT: pa.int64(),
    Column.FLOAT: pa.float64(),
    Column.FLAG: pa.bool_(),
    Column.NS: pa.int64(),
    Column.SYMBOL: pa.int32(),
    Column.TEXT: pa.large_string(),
}

HEADER: tuple[tuple[str, Column], ...] = (
    ("seq", Column.INT),
    ("ts", Column.NS),
    ("ts_quality", Column.SYMBOL),
    ("ts_err_us", Column.INT),
    ("source", Column.SYMBOL),
)

STRINGS_SCHEMA = pa.schema({"id": pa.int32(), "value": pa.large_string()})

ROW_TYPES: dict[str, type[Row]] = {name: row for row, name in TABLES.items()}
"""Name of a recorded table → record type."""


@cache
def storage(table: str) -> dict[str, Column]:
    """Name → storage of every column of a recorded table, header first."""
    return {**dict(HEADER), **columns(ROW_TYPES[table])}


def physical_name(name: str) -> str:
    """The stored name of a record's time field: ``end_ts`` → ``end_after_ns``."""
    return name.removesuffix("_ts") + "_after_ns"


@cache
def time_columns(table: str) -> dict[str, str]:
    """Record field → stored column of the times that are kept relative to ``ts``."""
    if table == STRINGS:
        return {}
    own = columns(ROW_TYPES[table]).items()
    return {name: physical_name(name) for name, column in own if column is Column.NS}


@cache
def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a recorded table, or of :data:`STRINGS`, as it is stored."""
    if table == STRINGS:
        return STRINGS_SCHEMA
    stored = time_columns(table)
    return pa.schema({stored.get(name, name): _ARROW[column] for name, column in storage(table).items()})


def symbol_columns(table: str) -> list[str]:
    """Columns of a recorded table that hold ids of strings."""
    return [name for name, column in storage(table).items() if column is Column.SYMBOL]
