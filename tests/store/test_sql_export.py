"""Answers as files: what a spreadsheet, a JSON reader and a Parquet reader get."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import BadInput, StoreFailed
from store.rows import Message, Source
from store.sql.export import write_csv, write_json, write_parquet
from store.sql.query import Query, open_query
from tests.store.recorded import at, writer

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    'plain, "quoted"\nline',
    "\x1b]52;c;eA==\x07",
    "\u202eevil",
    "",
]


@pytest.fixture
def query(tmp_path: Path) -> Query:
    with writer(tmp_path / "run") as run:
        for n, text in enumerate(HOSTILE):
            run.put(at(n, Source.TRANSCRIPT), Message("assistant", "message", text, tokens_in=-n))
        run.close(ended_at=0, exit_status="0")
    return open_query([tmp_path / "run"])


def as_json(query: Query, sql: str) -> list[dict[str, object]]:
    parts: list[bytes] = []
    write_json(query.run(sql), parts.append)
    rows: list[dict[str, object]] = json.loads(b"".join(parts))
    return rows


def as_csv(query: Query, sql: str) -> list[list[str]]:
    parts: list[bytes] = []
    write_csv(query.run(sql), parts.append)
    return list(csv.reader(io.StringIO(b"".join(parts).decode(), newline="")))


def test_json_keeps_every_text_and_says_utc(query: Query) -> None:
    rows = as_json(
        query, "SELECT text, ts, [ts] AS l, sum(tokens_in) OVER () AS s FROM transcript ORDER BY seq"
    )
    assert [row["text"] for row in rows] == HOSTILE
    assert rows[0]["ts"] == "2026-03-31T23:33:20Z"
    assert rows[0]["l"] == ["2026-03-31T23:33:20Z"]
    assert rows[0]["s"] == -36


def test_json_of_no_rows_is_an_empty_array(query: Query) -> None:
    assert as_json(query, "SELECT * FROM net") == []


def test_json_holds_every_type(query: Query) -> None:
    (row,) = as_json(
        query,
        "SELECT 1.5::DECIMAL(9,2) AS d, {'a': TIMESTAMP '2026-01-02 03:04:05.6'} AS s, DATE '2026-01-02' AS day,"
        " TIME '01:02:03' AS t, INTERVAL 90 SECOND AS i, 'x'::BLOB AS b, NULL AS n, 'nan'::DOUBLE AS f,"
        " MAP {'k': 1} AS m, 170141183460469231731687303715884105727::HUGEINT AS h",
    )
    assert row["d"] == 1.5
    assert row["s"] == {"a": "2026-01-02T03:04:05.600000Z"}
    assert (row["day"], row["t"], row["b"], row["n"], row["f"]) == ("2026-01-02", "01:02:03", "x", None, None)
    assert row["h"] == 170141183460469231731687303715884105727


def test_csv_runs_nothing_in_a_spreadsheet_and_steers_no_terminal(query: Query) -> None:
    header, *rows = as_csv(query, "SELECT text, tokens_in FROM transcript ORDER BY seq")
    assert header == ["text", "tokens_in"]
    texts = [row[0] for row in rows]
    assert texts[:5] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx"]
    assert texts[5] == HOSTILE[5]
    assert not set("\x1b\x07\u202e") & set("".join(texts))
    assert rows[3][1] == "-3", "a number stays a number"


def test_csv_header_is_run_text_too(query: Query) -> None:
    assert as_csv(query, 'SELECT 1 AS "=cmd"')[0] == ["'=cmd"]


def test_parquet_is_readable_and_signed(query: Query, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_parquet(query.run("SELECT seq, ts, text FROM transcript ORDER BY seq"), path)
    table = pq.read_table(path)
    assert table.column("text").to_pylist() == HOSTILE
    assert table.schema.field("ts").type == pa.timestamp("us")
    assert table.schema.field("seq").type == pa.int64()


def test_parquet_that_fails_leaves_nothing(query: Query, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with pytest.raises(BadInput):
        write_parquet(query.run("SELECT text::INT FROM transcript"), path)
    with pytest.raises(StoreFailed):
        write_parquet(query.run("SELECT 1 AS n"), tmp_path / "no" / "out.parquet")
    assert list(tmp_path.glob("*out*")) == []


def test_a_time_that_no_calendar_has_is_told(query: Query) -> None:
    with pytest.raises(BadInput, match="VARCHAR"):
        as_json(query, "SELECT make_timestamp(-100000000000000000) AS t")
