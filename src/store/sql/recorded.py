"""The recorded tables of many runs as DuckDB relations: segments and live rows, symbols as text, times as TIMESTAMP.

Ids of strings are unique in a run only. Runs are numbered, each run's strings get a range of their own, and both
numbers are looked up in constant lists by Parquet's ``file_index``, which is constant in a vector: over 300 runs
this was 5× as fast as a UNION of 300 scans.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from store.rows import Column
from store.schema import STRINGS, arrow_schema, physical_name, storage
from store.snapshot import Snapshot
from store.sql.views import RECORDED

SYMBOLS = "symbols"


@dataclass(frozen=True, slots=True)
class NumberedRun:
    """A run of a query."""

    number: int
    first_symbol: int
    """What its ids of strings are raised by."""
    snapshot: Snapshot

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.snapshot.manifest.run_id


def number_runs(snapshots: Iterable[Snapshot]) -> list[NumberedRun]:
    """Give each run a number and a range of symbols."""
    runs: list[NumberedRun] = []
    first = 0
    for number, snapshot in enumerate(snapshots):
        runs.append(NumberedRun(number, first, snapshot))
        first += _string_count(snapshot)
    return runs


def segment_files(runs: Sequence[NumberedRun], table: str) -> list[tuple[NumberedRun, Path]]:
    """The sealed files of a recorded table, of all runs, absolute."""
    return [(run, path.absolute()) for run in runs for path in run.snapshot.segment_files(table)]


def symbol_type(runs: Sequence[NumberedRun]) -> str:
    """The type of raised ids: a join on INTEGER is twice as fast, and only billions of strings need more."""
    last = runs[-1].first_symbol + _string_count(runs[-1].snapshot) if runs else 0
    return "INTEGER" if last < 1 << 31 else "BIGINT"


def create_symbols(connection: duckdb.DuckDBPyConnection, runs: Sequence[NumberedRun]) -> str:
    """Make a table of the strings of all runs under their raised ids, and return its whole name."""
    rows = stored_rows(connection, runs, STRINGS)
    connection.execute(
        f"CREATE TABLE {SYMBOLS} AS SELECT (id + first_symbol)::{symbol_type(runs)} AS id, value FROM {rows}"  # noqa: S608  # built from our own names
    )
    return f"memory.main.{SYMBOLS}"


def create_table(
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[NumberedRun],
    table: str,
    columns: frozenset[str],
    *,
    filled: bool,
) -> None:
    """Make ``recorded.TABLE``; symbols outside ``columns`` are NULL there, their ids (``…_id``) are not."""
    selected = ["r.run_no", f"({_list(run.run_id for run in runs)}::VARCHAR[])[r.run_no + 1] AS run_id"]
    joins = []
    symbol = symbol_type(runs)
    for name, column in storage(table).items():
        match column:
            case Column.NS if name == "ts":
                selected.append("make_timestamp(r.ts // 1000) AS ts")
            case Column.NS:
                moment = f"coalesce(r.ts, 0) + r.{physical_name(name)}"
                selected.append(f"make_timestamp(({moment}) // 1000) AS {name}")
            case Column.SYMBOL:
                raised = f"(r.{name} + r.first_symbol)::{symbol}"
                selected.append(f"{raised} AS {name}_id")
                if name in columns:
                    selected.append(f"s_{name}.value AS {name}")
                    joins.append(f"LEFT JOIN {RECORDED}.{SYMBOLS} s_{name} ON s_{name}.id = {raised}")
                else:
                    selected.append(f"NULL::VARCHAR AS {name}")
            case _:
                selected.append(f"r.{name}")
    rows = stored_rows(connection, runs if filled else [], table)
    connection.execute(
        f"CREATE VIEW {RECORDED}.{table} AS SELECT {', '.join(selected)} FROM {rows} r {' '.join(joins)}"  # noqa: S608  # built from our own names
    )


def stored_rows(connection: duckdb.DuckDBPyConnection, runs: Sequence[NumberedRun], table: str) -> str:
    """A subquery with a table's rows as stored, and ``run_no`` and ``first_symbol`` beside them."""
    parts = []
    sealed = segment_files(runs, table)
    if sealed:
        paths = _list(str(path) for _, path in sealed)
        number = _by_file([run.number for run, _ in sealed])
        first = _by_file([run.first_symbol for run, _ in sealed])
        mixed = len({run.snapshot.manifest.minor for run, _ in sealed}) > 1
        parts.append(
            f"SELECT {number} AS run_no, {first} AS first_symbol, *"  # noqa: S608  # built from our own names
            f" FROM read_parquet({paths}, union_by_name = {mixed})"
        )
    for run in runs:
        live = run.snapshot.live_rows(table)
        if live.num_rows:
            name = f"live_{table}_{run.number}"
            connection.register(name, live)
            parts.append(f"SELECT {run.number} AS run_no, {run.first_symbol} AS first_symbol, * FROM {name}")  # noqa: S608
    empty = f"no_{table}"
    connection.register(empty, arrow_schema(table).empty_table())
    # Types all columns, and stands for those that an older minor version did not write.
    parts.insert(0, f"SELECT NULL::BIGINT AS run_no, NULL::BIGINT AS first_symbol, * FROM {empty}")  # noqa: S608
    return f"({' UNION ALL BY NAME '.join(parts)})"


def _by_file(values: Sequence[int]) -> str:
    """The expression that gives each file of a ``read_parquet`` its value."""
    if len(set(values)) == 1:
        return f"{values[0]}::BIGINT"
    return f"{_list(values)}[file_index::BIGINT + 1]"


def _string_count(snapshot: Snapshot) -> int:
    ends = [one.last_seq + 1 for one in snapshot.manifest.segments if one.table == STRINGS]
    live = snapshot.live_rows(STRINGS)
    if live.num_rows:
        ends.append(live.column("id")[-1].as_py() + 1)
    return max(ends, default=0)


def _list(values: Iterable[str | int]) -> str:
    """A SQL list of constants."""
    return "[" + ", ".join(_literal(value) for value in values) + "]"


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
