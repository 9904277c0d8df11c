"""One run's recorded tables as they are stored, over one connection: strings are ids, times nanoseconds.

For readers of ours that look up the neighbourhood of a few files or processes again and again among millions of rows:
over an id, DuckDB skips what a segment holds of others (0.1 s where the public view, which joins text to every row
first, takes 1 s over ten million). What users see are the views.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from store.schema import STRINGS
from store.snapshot import Snapshot
from store.sql.connection import confine, connect, refusal
from store.sql.recorded import number_runs, segment_files, stored_rows


class Stored:
    """Tables of the run in a snapshot, which must stay open as long as this is used."""

    def __init__(self, snapshot: Snapshot, tables: Sequence[str]) -> None:
        """``tables`` are names of recorded tables (:mod:`store.schema`); ``strings`` (id, value) is there, too."""
        self._strings = snapshot.strings()
        self._connection = connect()
        runs = number_runs([snapshot])
        ids = pa.array(range(len(self._strings)), pa.int32())
        self._connection.register(STRINGS, pa.table({"id": ids, "value": self._strings}))
        confine(self._connection, [path for table in tables for _, path in segment_files(runs, table)])
        for table in tables:
            rows = stored_rows(self._connection, runs, table)
            self._connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {rows}")  # noqa: S608  # our own names

    def ids(self, texts: Iterable[str]) -> list[int]:
        """The ids of those of the texts that the run knows."""
        return sorted({self._numbers[text] for text in texts if text in self._numbers})

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return dict(zip(self._strings.to_pylist(), range(len(self._strings)), strict=True))

    def text(self, number: int) -> str:
        """The string of that id."""
        text: str = self._strings[number].as_py()
        return text

    def keep(self, name: str, sql: str) -> None:
        """Make a table ``name`` of what a SELECT gives, for later ones."""
        self._run(f"CREATE TABLE {name} AS {sql}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of one SELECT.

        Raises :class:`Damaged` for a segment that does not decode, :class:`BadInput` for too little memory.
        """
        return self._run(sql).fetchall()

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise refusal(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
