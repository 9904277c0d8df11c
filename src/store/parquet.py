"""Sealed segments: Parquet files of one table, in the order of ``seq``, small because symbols are ids."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.durable import sync_file, sync_folder, writing
from store.errors import Damaged
from store.rows import Column
from store.schema import STRINGS, arrow_schema, storage, time_columns

ROW_GROUP = 128 * 1024
"""Rows a group: the best compromise of seek and scan that was measured (docs/store.md)."""
FOLDER = "segments"

_STEADY = {"seq", "ts", "ts_err_us", "access_id", "id"}
"""Integers that mostly climb: stored as differences."""


def write_segment(path: Path, table: str, rows: pa.Table) -> None:
    """Write ``rows`` to ``path`` durably, in one step."""
    temporary = path.with_name(f".{path.name}.tmp")
    names = rows.column_names
    steady = [name for name in names if name in _STEADY or name in time_columns(table).values()]
    texts = _texts(table)
    with writing(path):
        pq.write_table(
            rows,
            temporary,
            row_group_size=ROW_GROUP,
            compression="zstd",
            compression_level=3,
            use_dictionary=[name for name in names if name not in steady and name not in texts],
            column_encoding=dict.fromkeys(steady, "DELTA_BINARY_PACKED"),
            store_schema=False,
            write_statistics=[name for name in names if name not in texts],
        )
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)


def read_segment(
    path: Path, table: str, columns: Sequence[str] | None = None, groups: Sequence[int] | None = None
) -> pa.Table:
    """Rows of a sealed file as stored: all, or those of some row groups.

    Columns that an older minor version did not write are null. Raises :class:`Damaged` for a file that is missing or
    does not decode.
    """
    schema = arrow_schema(table)
    wanted = list(columns) if columns is not None else schema.names
    with _opened(path) as file:
        present = set(file.schema_arrow.names)
        read = [name for name in wanted if name in present]
        rows = file.read(read) if groups is None else file.read_row_groups(groups, read)
    return conform(rows, pa.schema([schema.field(name) for name in wanted]))


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group of a sealed file."""

    rows: int
    first_seq: int
    last_seq: int


def row_groups(path: Path) -> list[RowGroup]:
    """The row groups of a sealed file of a recorded table, in its order.

    Raises :class:`Damaged` for a file that is missing, does not decode or does not tell its row groups' ``seq``.
    """
    with _opened(path) as file:
        column = file.schema_arrow.names.index("seq")
        found = []
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            told = group.column(column).statistics
            if told is None or not told.has_min_max:
                raise Damaged(f"{path} has no statistics of seq: it was not written by ptb")
            found.append(RowGroup(group.num_rows, told.min, told.max))
        return found


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            yield file
    except FileNotFoundError:
        raise Damaged(f"{path} is missing: restore it from a copy of the run") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise Damaged(
            f"{path} cannot be decoded ({_short(error)}): `ptb verify` locates the damage"
        ) from error


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """``rows`` with exactly the columns of ``schema``, in its order and types."""
    arrays: list[pa.ChunkedArray | pa.Array] = []
    for field in schema:
        if field.name in rows.column_names:
            arrays.append(rows.column(field.name).cast(field.type))
        else:
            arrays.append(pa.nulls(rows.num_rows, field.type))
    return pa.table(arrays, schema=schema)


def mebibyte_hashes(path: Path) -> list[str]:
    """The first 16 hex digits of the SHA-256 of each MiB of a file, to tell where damage is."""
    hashes = []
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashes.append(hashlib.sha256(block).hexdigest()[:16])
    return hashes


def _texts(table: str) -> set[str]:
    if table == STRINGS:
        return {"value"}
    return {name for name, column in storage(table).items() if column is Column.TEXT}


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
