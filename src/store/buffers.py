"""Rows of one table on their way to the log: collected as columns, handed over as Arrow record batches."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.rows import Column, Row
from store.schema import HEADER, NULL, arrow_schema, storage, time_columns
from store.sink import RawColumn
from store.strings import Interner, spelled


class TableBuffer:
    """Rows of one recorded table that no flush has taken yet."""

    def __init__(self, table: str, strings: Interner) -> None:
        self._schema = arrow_schema(table)
        self._storage = storage(table)
        self._own = [(name, column) for name, column in self._storage.items() if name not in dict(HEADER)]
        self._times = time_columns(table)
        self._strings = strings
        self._columns: list[list[Any]] = [[] for _ in self._storage]
        self._batches: list[pa.RecordBatch] = []
        self._batched = 0

    def __len__(self) -> int:
        """Rows held."""
        return self._batched + len(self._columns[0])

    def add(self, header: tuple[int, int | None, int, int | None, int], row: Row) -> None:
        """Append one row; ``header`` holds the values of :data:`store.schema.HEADER`, symbols as ids."""
        for column, value in zip(self._columns, header, strict=False):
            column.append(value)
        origin = header[1] or 0
        for (name, kind), column in zip(self._own, self._columns[len(header) :], strict=True):
            value = getattr(row, name)
            if value is not None and kind is Column.SYMBOL:
                value = self._strings.id(value)
            elif value is not None and kind is Column.NS:
                value -= origin
            column.append(value)

    def add_columns(self, count: int, values: Mapping[str, RawColumn | int | None]) -> None:
        """Append ``count`` rows given as arrays by field name; a scalar stands for every row.

        Raises ``KeyError`` for a column that the table does not have.
        """
        unknown = values.keys() - self._storage.keys()
        if unknown:
            raise KeyError(f"no such column: {', '.join(sorted(unknown))}")
        self._settle()
        stored = {name: self._relative(name, values) for name in self._storage}
        arrays = [
            _column(stored[name], count, field.type, column)
            for (name, column), field in zip(self._storage.items(), self._schema, strict=True)
        ]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))
        self._batched += count

    def take(self) -> list[pa.RecordBatch]:
        """Everything held, in order; the buffer is empty afterwards."""
        self._settle()
        batches, self._batches, self._batched = self._batches, [], 0
        return batches

    def _relative(self, name: str, values: Mapping[str, RawColumn | int | None]) -> RawColumn | int | None:
        """The values of a field; times other than ``ts`` as distances from it."""
        given, origin = values.get(name), values.get("ts")
        if name not in self._times or given is None or not isinstance(origin, np.ndarray):
            return given
        return np.where(given == NULL, NULL, given - np.where(origin == NULL, 0, origin))

    def _settle(self) -> None:
        """Turn single rows into a batch, so that the order of arrival is kept."""
        if not self._columns[0]:
            return
        arrays = [
            _array(values, field.type) for values, field in zip(self._columns, self._schema, strict=True)
        ]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))
        self._batched += len(self._columns[0])
        self._columns = [[] for _ in self._storage]


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:  # told apart only now: looking at every text first would cost each of them
        return pa.array([spelled(one) if isinstance(one, str) else one for one in values], type=kind)


def _column(values: RawColumn | int | None, count: int, kind: pa.DataType, column: Column) -> pa.Array:
    """An Arrow array of ``count`` values with :data:`store.schema.NULL` and NaN as nulls."""
    if values is None:
        return pa.nulls(count, kind)
    if isinstance(values, int):
        return pa.repeat(pa.scalar(values, kind), count)
    if column is Column.FLAG:
        return pa.array(values.astype(np.bool_, copy=False), type=kind)
    missing: NDArray[np.bool_] = np.isnan(values) if values.dtype.kind == "f" else values == NULL
    mask = missing if missing.any() else None
    if column is Column.SYMBOL:
        ids = values if mask is None else np.where(missing, 0, values)
        return pa.array(ids.astype(np.int32), mask=mask)
    array = pa.array(values, mask=mask)
    return array if array.type == kind else array.cast(kind)
