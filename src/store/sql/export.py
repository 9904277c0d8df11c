"""Answers of queries as JSON, CSV and Parquet: streamed, and safe to open in what people open them with."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.durable import sync_file, temporary_beside, writing
from store.errors import BadInput
from store.jsonio import dumps
from store.spreadsheet import text_cell, visible
from store.sql.query import Result


class Form(StrEnum):
    """How the rows of an answer lie in a file; also the ending of its name."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def write_file(result: Result, path: Path, form: Form) -> None:
    """All rows in a file at ``path``, put there when it is whole; nothing is left of one that was stopped."""
    if form is Form.PARQUET:
        write_parquet(result, path)
        return
    fill = write_csv if form is Form.CSV else write_json
    temporary = temporary_beside(path)
    with writing(path):
        try:
            with temporary.open("wb") as file:
                fill(result, file.write)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def rows(result: Result) -> Iterator[dict[str, object]]:
    """The rows of an answer as JSON has them: times ISO-8601 with Z, whole decimals as integers, NaN as null."""
    for batch in result.batches():
        for row in _python(batch):
            yield {name: _jsonable(value) for name, value in row.items()}


def write_json(result: Result, write: Callable[[bytes], object]) -> None:
    """One JSON array of objects, a row a line."""
    separator = b"[\n"
    for row in rows(result):
        write(separator + dumps(row))
        separator = b",\n"
    write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def write_csv(result: Result, write: Callable[[bytes], object]) -> None:
    """RFC 4180 with a header; text that a spreadsheet would run gets a ``'`` before it, NULL is an empty cell.

    Control characters become visible symbols. JSON and Parquet keep every text as it is.
    """
    buffer = io.StringIO(newline="")
    out = csv.writer(buffer)
    out.writerow([_cell(name) for name in result.columns])
    for row in rows(result):
        out.writerow([_cell(value) for value in row.values()])
        if buffer.tell() > 1 << 16:
            write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
    write(buffer.getvalue().encode())


def write_parquet(result: Result, path: Path) -> None:
    """A Parquet file at ``path``, put there when it is whole."""
    temporary = temporary_beside(path)
    with writing(path):
        try:
            with pq.ParquetWriter(temporary, result.schema, compression="zstd") as writer:
                for batch in result.batches():
                    writer.write_batch(batch)
            sync_file(temporary)
            temporary.replace(path)
        except pa.ArrowNotImplementedError as error:
            raise BadInput(
                f"Parquet cannot hold this answer ({error}): cast the column to VARCHAR"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)


def _python(batch: pa.RecordBatch) -> list[dict[str, object]]:
    try:
        values: list[dict[str, object]] = batch.to_pylist()
    except (OverflowError, ValueError) as error:
        raise BadInput(
            f"a time in the answer has no date in the years 1 to 9999 ({error}): cast it to VARCHAR"
        ) from error
    return values


def _jsonable(value: object) -> object:
    match value:
        case datetime() if value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        case float() if not isfinite(value):
            return None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case timedelta():
            return value.total_seconds()
        case list():
            return [_jsonable(part) for part in value]
        case dict():
            return {str(key): _jsonable(part) for key, part in value.items()}
        case tuple():
            return [_jsonable(part) for part in value]
    return value


def text(value: object) -> str:
    """A value of :func:`rows` for people: NULL is empty, times are ISO-8601, lists and structs JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case int() | float():
            return str(value)
    return dumps(value).decode()


def _cell(value: object) -> str:
    shown = text(value)
    return text_cell(shown) if isinstance(value, str | bytes) else visible(shown)
