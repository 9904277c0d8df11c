"""The queries that this user asked, oldest first, in the state folder: one JSON string a line."""

import os
from contextlib import suppress
from pathlib import Path

from store.durable import replace_file, writing
from store.errors import StoreFailed
from store.jsonio import dumps, loads
from store.overlay import state_folder

MOST = 500
"""Queries that are kept; the file may grow to twice as many lines before it is cut."""
_LONGEST = 20_000
"""Characters of a query that is worth keeping."""


class History:
    """What was asked, and where in it the reviewer looks."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or state_folder() / "sql_history.jsonl"
        self._queries: list[str] = []
        self._place = 0
        self._draft = ""
        """What stood in the editor when the reviewer began to look back."""

    def read(self) -> None:
        """Take in what was asked before; lines that are not whole are passed over."""
        try:
            raw = self._file.read_bytes()
        except OSError:
            return
        for line in raw.splitlines():
            try:
                query = loads(line)
            except ValueError:
                continue
            if isinstance(query, str) and query.strip():
                self._queries.append(query)
        lines = len(self._queries)
        self._queries = _latest(self._queries)
        self._place = len(self._queries)
        if lines > 2 * MOST:
            with suppress(StoreFailed):  # it is shortened another time
                replace_file(self._file, b"".join(dumps(query) + b"\n" for query in self._queries))

    @property
    def queries(self) -> tuple[str, ...]:
        """Each query once, at its last place; oldest first."""
        return tuple(self._queries)

    def add(self, query: str) -> None:
        """Keep a query; raises :class:`store.errors.StoreFailed` where the folder cannot be written."""
        self._queries = _latest([*self._queries, query])
        self._place, self._draft = len(self._queries), ""
        if len(query) > _LONGEST:
            return
        with writing(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._file, "ab", opener=_private) as file:
                file.write(dumps(query) + b"\n")

    def older(self, current: str) -> str | None:
        """The query before the one looked at, with ``current`` kept to come back to; None at the oldest."""
        if self._place == 0:
            return None
        if self._place == len(self._queries):
            self._draft = current
        self._place -= 1
        return self._queries[self._place]

    def newer(self) -> str | None:
        """The query after the one looked at, at last what was being written; None there."""
        if self._place >= len(self._queries):
            return None
        self._place += 1
        return self._draft if self._place == len(self._queries) else self._queries[self._place]


def _latest(queries: list[str]) -> list[str]:
    return list(dict.fromkeys(reversed(queries)))[:MOST][::-1]


def _private(path: str, flags: int) -> int:
    """Queries quote what runs hold: nobody else reads them."""
    return os.open(path, flags, 0o600)
