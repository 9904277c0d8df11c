"""Read-only SQL over runs: ``with open_query(folders) as query: query.run("SELECT …")``.

Every query gets a connection of its own that has nothing but the views it names, may open nothing but their
files, cannot change its own settings, and is thrown away afterwards.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from store.damage import tell_damage
from store.errors import PtbError
from store.overlay import Problem
from store.schema import STRINGS, symbol_columns
from store.snapshot import Snapshot
from store.sql.beside import SCHEMAS, Beside
from store.sql.connection import confine, connect, refusal
from store.sql.recorded import SYMBOLS, NumberedRun, create_symbols, create_table, number_runs, segment_files
from store.sql.syntax import check, is_show_tables, names, parse
from store.sql.views import KEPT, RECORDED, VIEWS, Plan, plan, text_of

BATCH_ROWS = 8192
_VIEW_NAMES = frozenset(VIEWS)


@dataclass(frozen=True, slots=True)
class Unread:
    """A run that the query goes without."""

    folder: Path
    reason: str


@dataclass(slots=True)
class Result:
    """Columns of an answer, and its rows as they come."""

    sql: str
    """The query that it answers."""
    columns: tuple[str, ...]
    """Unique: a second column of one name gets ``_2``."""
    types: tuple[str, ...]
    """DuckDB's names of types."""
    _reader: pa.RecordBatchReader
    _limit: int | None
    more: bool = field(default=False, init=False)
    """After :meth:`batches`: the limit cut the answer."""

    @property
    def schema(self) -> pa.Schema:
        """Names and Arrow types."""
        fields = zip(self._reader.schema, self.columns, strict=True)
        return pa.schema([kind.with_name(name) for kind, name in fields])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, at most as many as the limit allows; once.

        Raises :class:`BadInput` for what only shows while rows are computed (a cast that fails, too little
        memory), :class:`Damaged` for a segment that does not decode, :class:`Cancelled` after an interrupt.
        """
        left = self._limit
        while True:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                return
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise refusal(error, self.sql) from None
            if left is not None and batch.num_rows > left:
                self.more = True
                batch = batch.slice(0, left)
            if batch.num_rows:
                yield batch.rename_columns(list(self.columns))
            if self.more:
                return
            left = None if left is None else left - batch.num_rows

    def table(self) -> pa.Table:
        """All rows at once."""
        return pa.Table.from_batches(list(self.batches()), schema=self.schema)


class Query:
    """Runs that can be asked; see :func:`open_query`."""

    def __init__(self, snapshots: Sequence[Snapshot], unread: Sequence[Unread]) -> None:
        """Use :func:`open_query`."""
        self.unread = tuple(unread)
        """Runs that could not be opened, with reasons."""
        self._snapshots = tuple(snapshots)
        self._runs = number_runs(snapshots)
        self._beside = Beside(self._runs)
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def damage(self) -> tuple[str, ...]:
        """What of which run cannot be read, a sentence each; its rows are missing from every answer."""
        return tuple(
            f"{one.manifest.run_id} is {tell_damage(one.damaged)}" for one in self._snapshots if one.damaged
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Review files that the queries so far could not use."""
        return tuple(self._beside.problems)

    def run(self, sql: str, *, limit: int | None = None) -> Result:
        """Answer one SELECT, DESCRIBE, SHOW or SUMMARIZE with at most ``limit`` rows.

        The rows of an earlier result cannot be fetched any more. Raises :class:`BadInput` with one line for
        anything else.
        """
        self._drop()
        connection = connect()
        with self._lock:
            self._connection = connection
        try:
            tree = parse(connection, sql)
            check(tree, _VIEW_NAMES, sql)
            if is_show_tables(tree):
                sql = f"SELECT unnest({sorted(VIEWS)}) AS name"
            self._prepare(connection, plan(names(tree)))
            relation = _bound(connection, sql)
            return Result(
                sql,
                _unique(relation.columns),
                tuple(str(kind) for kind in relation.types),
                relation.to_arrow_reader(BATCH_ROWS),
                limit,
            )
        except duckdb.Error as error:
            raise refusal(error, sql) from None

    def interrupt(self) -> None:
        """Stop what another thread is computing; it gets :class:`Cancelled`."""
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()

    def close(self) -> None:
        """Let go of the runs."""
        self._drop()
        for run in self._runs:
            run.snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _prepare(self, connection: duckdb.DuckDBPyConnection, needs: Plan) -> None:
        """Make what the query needs, then lock the connection."""
        read = {path for name in (*needs.views, *needs.relations) for path in text_of(name).tables}
        tables = sorted(name for schema, name in read if schema == RECORDED and name != SYMBOLS)
        filled = {name for schema, name in needs.filled if schema == RECORDED}
        connection.execute(f"CREATE SCHEMA {RECORDED}; CREATE SCHEMA {KEPT}")
        _allow(connection, self._runs, [STRINGS, *filled - {SYMBOLS}])
        if read:
            tables_of_symbols = filled - {SYMBOLS}
            named = SYMBOLS in filled or any(
                needs.columns.intersection(symbol_columns(table)) for table in tables_of_symbols
            )
            create_symbols(connection, self._runs, filled=named)
        for table in tables:
            create_table(connection, self._runs, table, needs.columns, filled=table in filled)
        for schema, name in sorted(read):
            if schema == KEPT and name in SCHEMAS:
                rows = (
                    self._beside.table(name)
                    if (schema, name) in needs.filled
                    else SCHEMAS[name].empty_table()
                )
                connection.register(f"beside_{name}", rows)
                connection.execute(f"CREATE VIEW {KEPT}.{name} AS FROM beside_{name}")
        for name, used in needs.relations.items():
            inner = text_of(name).sql
            body = inner if used else f"FROM (\n{inner}) WHERE false"
            connection.execute(f"CREATE VIEW {KEPT}.{name} AS {body}")
        for name in needs.views:
            connection.execute(f"CREATE VIEW {name} AS {text_of(name).sql}")


def open_query(runs: Sequence[Path]) -> Query:
    """Open the runs in these folders; those that cannot be read are left out and listed in ``unread``."""
    snapshots: list[Snapshot] = []
    unread: list[Unread] = []
    with ExitStack() as opened:
        for folder in runs:
            try:
                snapshots.append(opened.enter_context(Snapshot.open(folder)))
            except PtbError as error:
                unread.append(Unread(folder, str(error)))
        query = Query(snapshots, unread)
        opened.pop_all()
    return query


def _bound(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """The query with its names looked up, not yet computed."""
    try:
        return connection.sql(sql)
    except duckdb.BinderException:
        # A relation forgets its text; executed, the query fails on the same name and says where it stands.
        connection.execute(sql)
        raise


def _allow(connection: duckdb.DuckDBPyConnection, runs: Sequence[NumberedRun], tables: Sequence[str]) -> None:
    confine(connection, [path for table in tables for _, path in segment_files(runs, table)])


def _unique(columns: Sequence[str]) -> tuple[str, ...]:
    taken = set(columns)
    result: list[str] = []
    for name in columns:
        number, free = 2, name
        while free in result or (free != name and free in taken):
            number, free = number + 1, f"{name}_{number}"
        result.append(free)
    return tuple(result)
