"""What the index is built from: recorded tables, read column by column so that memory stays bounded."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.schema import NULL

Ints = NDArray[np.int64]


class Tables(Protocol):
    """The rows of a run, or of a stretch of its ``seq``; a :class:`store.snapshot.Snapshot` is one."""

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Rows of one recorded table by ``seq``, with at least the given columns."""
        ...


def ints(rows: pa.Table, column: str) -> Ints:
    """An integer column as 64-bit numbers, :data:`store.schema.NULL` where it was not observed."""
    out = np.empty(rows.num_rows, np.int64)
    _fill(out, rows, column, NULL)
    return out


def ids(rows: pa.Table, column: str) -> NDArray[np.int32]:
    """A column of symbols as ids, -1 where it was not observed."""
    out = np.empty(rows.num_rows, np.int32)
    _fill(out, rows, column, -1)
    return out


def floats(rows: pa.Table, column: str) -> NDArray[np.float64]:
    """A column of floats, NaN where it was not observed."""
    out = np.empty(rows.num_rows, np.float64)
    _fill(out, rows, column, float("nan"))
    return out


def observed(rows: pa.Table, column: str) -> NDArray[np.bool_]:
    """Where a column is not null."""
    out = np.empty(rows.num_rows, np.bool_)
    at = 0
    for chunk in rows.column(column).chunks:
        out[at : at + len(chunk)] = chunk.is_valid().to_numpy(zero_copy_only=False)
        at += len(chunk)
    return out


def texts(rows: pa.Table, column: str) -> pa.LargeStringArray:
    """A column of texts in one piece, empty where it was not observed."""
    return pa.concat_arrays([pa.array([], pa.large_string()), *rows.column(column).chunks]).fill_null("")


def _fill(out: NDArray[Any], rows: pa.Table, column: str, missing: float) -> None:
    at = 0
    for chunk in rows.column(column).chunks:
        filled = chunk.fill_null(missing) if chunk.null_count else chunk
        out[at : at + len(chunk)] = filled.to_numpy(zero_copy_only=False)
        at += len(chunk)
