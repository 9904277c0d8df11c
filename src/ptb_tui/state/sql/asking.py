"""One query of the SQL screen: asked in a thread, read page by page, stopped from another thread.

The calls that compute block; the screen makes them in a worker. Every :class:`Asking` has its own disposable
read-only connection (:mod:`store.sql.query`), so that what is exported does not disturb what is read.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from ptb_tui.state.sql.answer import LONGEST_CELL, Head, Moment, Row, Rows
from store.counting import counted
from store.errors import BadInput, Cancelled
from store.sql.export import Form, rows, text, write_file
from store.sql.query import Query, Result, open_query

_NOTICED_S = 0.05
"""So soon a stop is noticed."""
_TIMES = ("ts", "start_ts", "first_read_ts", "first_write_ts")
"""Columns that say when a row was, the best first."""

T = TypeVar("T")


class Asking:
    """One query over some runs; used once."""

    def __init__(self, folders: Sequence[Path], sql: str) -> None:
        self.sql = sql
        self._folders = tuple(folders)
        self._stopped = threading.Event()
        self._reading = threading.Lock()
        self._query: Query | None = None
        self._rows: Iterator[Row] = iter(())
        self._waiting: list[Row] = []
        """Read already to know whether there are more."""

    def ask(self) -> Head:
        """Bind the query; raises :class:`store.errors.PtbError` where it cannot be answered."""
        return self._stoppable(self._ask)

    def read(self, count: int) -> Rows:
        """The next rows, at most ``count``; raises like :meth:`ask`, because rows are computed as they are read."""
        return self._stoppable(lambda: self._read(count))

    def export(self, path: Path) -> None:
        """Write all rows to a new file whose name ends in .csv, .json or .parquet."""
        self._stoppable(lambda: self._export(path))

    def notes(self) -> tuple[str, ...]:
        """Which runs, segments and review files the answer goes without, a sentence each."""
        query = self._query
        if query is None:
            return ()
        return (
            *(f"left out {one.folder.name}: {one.reason}" for one in query.unread),
            *query.damage,
            *(f"left out {one.path}: {one.reason}" for one in query.problems),
        )

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """From any thread: whatever is computed ends with :class:`Cancelled`, now and later."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and let go of the runs; waits for what is computed to end."""
        self.stop()
        with self._reading:
            if self._query is not None:
                self._query.close()
                self._query = None
            self._rows, self._waiting = iter(()), []

    def _stoppable(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, done in a thread of its own: DuckDB is only told to stop while it computes."""
        with self._reading, ThreadPoolExecutor(max_workers=1) as worker:
            if self._stopped.is_set():
                raise Cancelled("the query was stopped")
            running = worker.submit(work)
            while not running.done():
                if self._stopped.is_set() and self._query is not None:
                    self._query.interrupt()
                wait([running], timeout=_NOTICED_S)
            return running.result()

    def _ask(self) -> Head:
        result = self._run()
        self._rows = _rows(result)
        return Head(result.columns, result.types)

    def _run(self) -> Result:
        self._query = open_query(self._folders)
        if self._folders and len(self._query.unread) == len(self._folders):
            raise BadInput(self.notes()[0])
        return self._query.run(self.sql)

    def _read(self, count: int) -> Rows:
        page = self._waiting + list(islice(self._rows, count + 1 - len(self._waiting)))
        self._waiting = page[count:]
        return Rows(tuple(page[:count]), bool(self._waiting))

    def _export(self, path: Path) -> None:
        write_file(self._run(), path, form_of(path))


def form_of(path: Path) -> Form:
    """The form of a file by the ending of its name; raises :class:`BadInput` for another one, and for a file that is there."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in list(Form):
        raise BadInput(f"{path.name} says no form: let its name end in .csv, .json or .parquet")
    if path.exists():
        raise BadInput(f"{path} is there already: give another name")
    return Form(ending)


def _rows(result: Result) -> Iterator[Row]:
    kinds = dict(zip(result.columns, result.types, strict=True))
    moment = _moments(kinds)
    for row in rows(result):
        yield Row(tuple(_shown(value) for value in row.values()), moment(row))


def _shown(value: object) -> str | None:
    if value is None:
        return None
    whole = text(value)
    left = len(whole) - LONGEST_CELL
    return whole if left <= 0 else f"{whole[:LONGEST_CELL]} … {counted(left, 'more character')}"


def _moments(kinds: dict[str, str]) -> Callable[[dict[str, object]], Moment | None]:
    """How the moment of a row is read from its columns."""
    times = [name for name, kind in kinds.items() if kind.startswith("TIMESTAMP")]
    time = next((name for name in _TIMES if name in times), times[0] if times else None)

    def moment(row: dict[str, object]) -> Moment | None:
        seq, at, run = row.get("seq"), row.get(time) if time else None, row.get("run_id")
        if seq is None and isinstance(evidence := row.get("evidence"), list) and evidence:
            seq = evidence[0]
        number = seq if isinstance(seq, int) and not isinstance(seq, bool) else None
        ns = round(at.timestamp() * 1_000_000) * 1000 if isinstance(at, datetime) else None
        if number is None and ns is None:
            return None
        return Moment(run if isinstance(run, str) else None, number, ns)

    return moment
