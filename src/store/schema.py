"""The physical tables: Arrow schemas derived from the row records.

Every recorded table starts with the same five columns (:data:`HEADER`), then the record's own fields.
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


@cache
def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a recorded table or of :data:`STRINGS`."""
    if table == STRINGS:
        return STRINGS_SCHEMA
    return pa.schema({name: _ARROW[column] for name, column in storage(table).items()})


def symbol_columns(table: str) -> list[str]:
    """Columns of a recorded table that hold ids of strings."""
    return [name for name, column in storage(table).items() if column is Column.SYMBOL]
