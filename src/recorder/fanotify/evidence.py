"""What the kernel witness said in the last seconds, in the few numbers that a sighting is compared with.

A row is evidence of an open at its own time, and of reads and changes in the stretches that it gives. No Python runs
for a row of a batch, and what was compared is dropped, so the memory is that of a few seconds of rows.
"""

import os
import time
from collections.abc import Mapping
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.fanotify.lives import SLACK_NS
from store.rows import Exec, FileAccess, Row, Stamp
from store.schema import NULL
from store.sink import RawColumn, Sink

_KEPT_S: Final = 3.0
"""Longer than a sighting, read at once, can be behind the row it belongs to."""
_LATE_NS: Final = 2_000_000_000
"""How long after the act the witness may have stamped it: a call that was seen may rest before it returns."""

_MOST_RENAMES: Final = 10_000

PID, DEV, INODE, PATH, OPENED, FIRST_READ, LAST_READ, FIRST_WRITE, LAST_WRITE, EXECUTED = range(10)
"""Places in a row of evidence; times are UTC nanoseconds, PATH is the id of the path in the run's strings."""
_WIDTH: Final = 10

Rows = NDArray[np.int64]
"""A row of evidence each."""


class Evidence:
    """Filled by the kernel witness, emptied by the cross-check, in different threads."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._truncate = sink.intern("truncate")
        self._batches: list[tuple[float, Rows]] = []
        self._single: list[list[int]] = []
        self._former: dict[int, int] = {}
        """Id of a path → id of what it was called before, where rows name files by their paths alone."""
        self._lock = Lock()

    def add(self, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]) -> None:
        """Rows of :class:`store.rows.FileAccess`, as they are put."""

        def column(name: str) -> NDArray[np.int64]:
            found = columns.get(name)
            return np.full(len(ts), NULL, np.int64) if found is None else found.astype(np.int64, copy=False)

        flags = column("flags")
        cut = (column("op") == self._truncate) | ((flags != NULL) & (flags & os.O_TRUNC != 0))
        rows = np.empty((len(ts), _WIDTH), np.int64)
        rows[:, PID], rows[:, DEV], rows[:, INODE] = column("pid"), column("dev"), column("inode")
        rows[:, PATH] = column("path")
        rows[:, OPENED] = np.where(flags != NULL, ts, NULL)
        rows[:, FIRST_READ], rows[:, LAST_READ] = column("first_read_ts"), column("last_read_ts")
        rows[:, FIRST_WRITE] = np.where(cut, ts, column("first_write_ts"))
        rows[:, LAST_WRITE] = np.where(cut, np.maximum(ts, column("last_write_ts")), column("last_write_ts"))
        rows[:, EXECUTED] = NULL
        rows = rows[column("error") == NULL]
        with self._lock:
            self._batches.append((time.monotonic(), rows))

    def note(self, at: Stamp, row: Row) -> None:
        """A row that was put alone."""
        if at.ts is None:
            return
        if isinstance(row, Exec) and row.exe is not None:
            path = self._sink.intern(row.exe)
            self._add_single([row.pid, NULL, NULL, path, *[NULL] * 5, at.ts])
        elif isinstance(row, FileAccess) and row.error is None and row.pid is not None:
            path = self._sink.intern(row.path)
            if row.op == "rename" and row.path2 is not None and row.inode is None:
                if len(self._former) >= _MOST_RENAMES:
                    self._former.clear()
                self._former[self._sink.intern(row.path2)] = path
            dev, inode = (NULL if number is None else number for number in (row.dev, row.inode))
            opened = NULL if row.flags is None else at.ts
            reads = [NULL if ts is None else ts for ts in (row.first_read_ts, row.last_read_ts)]
            writes = [NULL if ts is None else ts for ts in (row.first_write_ts, row.last_write_ts)]
            if row.op == "truncate" or (row.flags is not None and row.flags & os.O_TRUNC):
                writes = [at.ts, max(at.ts, writes[1])]
            self._add_single([row.pid, dev, inode, path, opened, *reads, *writes, NULL])

    def former(self, path: int) -> int:
        """The id of the path that a file had before it was renamed to ``path``; ``path`` itself if it was not."""
        return self._former.get(path, path)

    def take(self) -> Rows:
        """All there is; what is older than some seconds is given for the last time."""
        now = time.monotonic()
        with self._lock:
            if self._single:
                self._batches.append((now, np.array(self._single, np.int64)))
                self._single.clear()
            batches = self._batches
            self._batches = [batch for batch in batches if batch[0] >= now - _KEPT_S]
        return np.concatenate([rows for _, rows in batches]) if batches else np.empty((0, _WIDTH), np.int64)

    def _add_single(self, row: list[int]) -> None:
        with self._lock:
            self._single.append(row)


def covers(rows: Rows, first: int, last: int, since: int, until: int) -> bool:
    """Whether one of the stretches between two places of ``rows`` meets that from ``since`` to ``until``."""
    known = rows[:, first] != NULL
    met = (rows[:, first] <= until + _LATE_NS) & (rows[:, last] >= since - SLACK_NS)
    return bool((known & met).any())
