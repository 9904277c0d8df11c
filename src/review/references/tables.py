"""The rows of one data file: JSON lines, JSON, CSV, TSV, Parquet or Arrow, each of them perhaps gzipped.

The files are somebody else's: sizes are bounded before anything is parsed, and nothing is ever unpickled.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping

from store.errors import BadInput
from store.jsonio import loads

LARGEST = 512 << 20
"""Bytes of one file, unpacked."""
MOST_ROWS = 500_000

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".arrow")
"""Of the files that can be read, each also with ``.gz``."""

RawRow = Mapping[object, object]


def is_table(name: str) -> bool:
    """Whether a file of that name holds rows."""
    return name.lower().removesuffix(".gz").endswith(SUFFIXES)


def rows_of(name: str, data: bytes) -> Iterator[RawRow]:
    """The rows of the file ``name``; raises :class:`BadInput` where it holds none that can be read."""
    plain_name = name.lower()
    if plain_name.endswith(".gz"):
        plain_name, data = plain_name.removesuffix(".gz"), _unpacked(name, data)
    count = 0
    for count, row in enumerate(_rows(plain_name, name, data), 1):
        if count > MOST_ROWS:
            raise BadInput(f"{name} has more than {MOST_ROWS:,} rows: no benchmark has that many items")
        yield row
    if not count:
        raise BadInput(f"{name} holds no rows")


def _rows(plain_name: str, name: str, data: bytes) -> Iterator[RawRow]:
    if plain_name.endswith((".csv", ".tsv")):
        return _separated(name, data, "\t" if plain_name.endswith(".tsv") else ",")
    if plain_name.endswith((".parquet", ".arrow")):
        return _columnar(name, data)
    return _json(name, data)


def _unpacked(name: str, data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            plain = packed.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{name} cannot be unpacked: {error}") from error
    if len(plain) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST >> 20} MiB unpacked: give the part with the items")
    return plain


def _json(name: str, data: bytes) -> Iterator[RawRow]:
    """Rows of JSON lines, of an array, or of the largest array in an object; files of either suffix hold either."""
    try:
        whole = loads(data)
    except ValueError:
        yield from _json_lines(name, data)
        return
    for row in _largest_list(whole):
        if isinstance(row, dict):
            inner = row.get("row")  # as the hub's rows API wraps them
            yield inner if isinstance(inner, dict) else row


def _json_lines(name: str, data: bytes) -> Iterator[RawRow]:
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = loads(line)
        except ValueError as error:
            raise BadInput(f"{name}:{number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadInput(f"{name}:{number} is no JSON object")
        yield row


def _largest_list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return []
    lists = [member for member in value.values() if isinstance(member, list) and member]
    of_rows = [member for member in lists if isinstance(member[0], dict)]
    if any(key in value for key in ("question", "prompt", "problem")) or not of_rows:
        return [value]  # a file of one row
    return max(of_rows, key=len)


def _separated(name: str, data: bytes, delimiter: str) -> Iterator[RawRow]:
    text = io.StringIO(data.decode("utf-8-sig", "replace"), newline="")
    try:
        yield from csv.DictReader(text, delimiter=delimiter)
    except csv.Error as error:
        raise BadInput(f"{name} is no {'TSV' if delimiter == chr(9) else 'CSV'}: {error}") from error


def _columnar(name: str, data: bytes) -> Iterator[RawRow]:
    import pyarrow as pa
    import pyarrow.ipc as ipc
    import pyarrow.parquet as pq

    try:
        if name.lower().removesuffix(".gz").endswith(".parquet"):
            file = pq.ParquetFile(pa.BufferReader(data))
            groups = range(file.metadata.num_row_groups)
            if sum(file.metadata.row_group(group).total_byte_size for group in groups) > LARGEST:
                raise BadInput(
                    f"{name} is larger than {LARGEST >> 20} MiB unpacked: give the part with the items"
                )
            batches = file.iter_batches(batch_size=1024)
        else:
            batches = ipc.open_stream(pa.BufferReader(data))
        for batch in batches:
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{name} cannot be read: {' '.join(str(error).split())}") from error
