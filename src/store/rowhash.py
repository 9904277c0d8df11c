"""A hash over rows as values, the same however they are filed: in a log, a sealed file or a merged one.

Canonical form of a part (a run of rows of one table): for each column in schema order its name, then one byte a
row (1 = null), then the values with nulls as zero: integers and ids as little-endian int64, floats as float64,
booleans as bytes, text as little-endian int64 lengths followed by the UTF-8 bytes. SHA-256 of all that.
"""

import hashlib
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class Digest(Protocol):
    """What :mod:`hashlib` gives."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""


def rows_hash(table: pa.Table) -> str:
    """The hash of the rows of ``table`` in their order, in hex."""
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(name.encode() + b"\0")
        _add_column(digest, table.column(name))
    return digest.hexdigest()


def _add_column(digest: Digest, column: pa.ChunkedArray) -> None:
    digest.update(pc.is_null(column).to_numpy().astype(np.uint8).tobytes())
    kind = column.type
    if pa.types.is_large_string(kind):
        _add_text(digest, pc.fill_null(column, ""))
    elif pa.types.is_floating(kind):
        digest.update(pc.fill_null(column, 0.0).to_numpy().astype("<f8").tobytes())
    elif pa.types.is_boolean(kind):
        digest.update(pc.fill_null(column, fill_value=False).to_numpy().astype(np.uint8).tobytes())
    else:
        digest.update(pc.fill_null(column, 0).to_numpy().astype("<i8").tobytes())


def _add_text(digest: Digest, column: pa.ChunkedArray) -> None:
    digest.update(pc.binary_length(column).to_numpy().astype("<i8").tobytes())
    for chunk in column.chunks:
        _, offsets, data = chunk.buffers()
        if offsets is None or data is None:
            continue
        ends = np.frombuffer(offsets, dtype=np.int64, count=len(chunk) + 1, offset=chunk.offset * 8)
        digest.update(memoryview(data)[int(ends[0]) : int(ends[-1])])
