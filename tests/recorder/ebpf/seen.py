"""A sink that keeps rows as the records they were put as, whichever way they came."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from store.rows import Column, FileAccess, Row, Source, Stamp, columns
from store.schema import NULL
from store.sink import RawColumn

R = TypeVar("R", bound=Row)


@dataclass
class Seen:
    """Implements :class:`store.sink.Sink`."""

    rows: list[tuple[int | None, Row]] = field(default_factory=list)
    """Each with its time."""
    exit_code: int | None = None
    """Of the command that was recorded."""
    _strings: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, at: Stamp, row: Row) -> int:
        with self._lock:
            self.rows.append((at.ts, row))
            return len(self.rows) - 1

    def intern(self, text: str) -> int:
        with self._lock:
            return self._strings.setdefault(text, len(self._strings))

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns_: Mapping[str, RawColumn]
    ) -> None:
        texts = list(self._strings)
        kinds = columns(table)
        values: dict[str, list[Any]] = {}
        for name, column in columns_.items():
            assert len(column) == len(ts), name
            listed = [None if value == NULL else value for value in column.tolist()]
            if kinds[name] is Column.SYMBOL:
                listed = [None if value is None else texts[int(value)] for value in listed]
            values[name] = listed
        with self._lock:
            for index, moment in enumerate(ts.tolist()):
                self.rows.append((moment, table(**{name: listed[index] for name, listed in values.items()})))

    def of(self, kind: type[R]) -> list[R]:
        """All rows of one table, in the order of arrival."""
        return [row for _, row in self.rows if isinstance(row, kind)]

    def files(self, path: Path | str, op: str | None = None) -> list[FileAccess]:
        """What was done to one path."""
        return [row for row in self.of(FileAccess) if row.path == str(path) and op in (None, row.op)]

    def bytes_read(self, path: Path | str) -> int:
        """Read from one path, by calls."""
        return sum(row.bytes_read or 0 for row in self.files(path))

    def bytes_written(self, path: Path | str) -> int:
        """Written to one path."""
        return sum(row.bytes_written or 0 for row in self.files(path))
