"""Read-only SQL over runs: ``with open_query(folders) as query: query.run("SELECT …")``.

A query's connection has nothing but the views it names, may open nothing but the runs' segments, and cannot change its
own settings (:mod:`store.sql.prepared`).
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
from store.errors import Cancelled, PtbError
from store.overlay import Problem
from store.snapshot import Snapshot
from store.sql.beside import Beside
from store.sql.connection import refusal
from store.sql.prepared import Prepared
from store.sql.recorded import number_runs
from store.sql.syntax import check, is_show_tables, names, parse
from store.sql.views import VIEWS, plan

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

    def close(self) -> None:
        """Compute no more rows."""
        self._reader.close()

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
        self._prepared = Prepared(self._runs, self._beside)
        self._computing: duckdb.DuckDBPyConnection | None = None
        self._stopped = False
        self._result: Result | None = None

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
        self._end()
        self._stopped = False
        try:
            tree = parse(self._compute_on(self._prepared.parser()), sql)
            check(tree, _VIEW_NAMES, sql)
            if is_show_tables(tree):
                sql = f"SELECT unnest({sorted(VIEWS)}) AS name"
            connection = self._compute_on(self._prepared.connection(plan(names(tree))))
            relation = _bound(connection, sql)
            self._go_on()
            self._result = Result(
                sql,
                _unique(relation.columns),
                tuple(str(kind) for kind in relation.types),
                relation.to_arrow_reader(BATCH_ROWS),
                limit,
            )
        except duckdb.Error as error:
            raise refusal(error, sql) from None
        return self._result

    def interrupt(self) -> None:
        """Stop what another thread prepares or computes; it gets :class:`Cancelled`.

        One that comes in the very instant in which DuckDB begins is lost: repeat it until the query has ended.
        """
        with self._lock:
            self._stopped = True
            if self._computing is not None:
                self._computing.interrupt()

    def close(self) -> None:
        """Let go of the runs."""
        self._end()
        with self._lock:
            self._computing = None
        self._prepared.close()
        for run in self._runs:
            run.snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _compute_on(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """``connection``, which an interrupt stops from now on."""
        with self._lock:
            self._computing = connection
        self._go_on()
        return connection

    def _go_on(self) -> None:
        """Raise what an interrupt means: DuckDB forgets one that comes before it computes."""
        if self._stopped:
            raise Cancelled("the query was stopped")

    def _end(self) -> None:
        """Give back what the result before still holds."""
        if self._result is not None:
            self._result.close()
            self._result = None


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


def _unique(columns: Sequence[str]) -> tuple[str, ...]:
    taken = set(columns)
    result: list[str] = []
    for name in columns:
        number, free = 2, name
        while free in result or (free != name and free in taken):
            number, free = number + 1, f"{name}_{number}"
        result.append(free)
    return tuple(result)
