"""Tells the workspace witness which files were written, from the rows of whichever kernel witness there is.

A witness that counts bytes reports a file when it was closed after writing. One that does not (strace) reports that it
was opened for writing; such a file is named when its writer ends, when somebody opens or executes it, and once
:data:`SETTLE_S` after it was opened, because editors and agents write at once and live on.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from store.rows import Exec, FileAccess, Gap, ProcessExit, Quality, Row, Source, Stamp
from store.sink import RawColumn, Sink

SETTLE_S = 1.0
_MOST_NAMES = 500_000
"""Names by id that are remembered; the last as many before them, too."""


class Listener(Protocol):
    """Reads files that it hears of; :class:`recorder.workspace.source.WorkspaceSource` is one."""

    def note_write(
        self,
        path: str,
        process_id: int | None,
        pid: int | None,
        ts: int,
        dev: int | None = None,
        inode: int | None = None,
    ) -> None:
        """``path`` was written; ``ts`` in nanoseconds since the epoch."""
        ...

    def settle(self, path: str) -> None:
        """Read ``path`` now if it waits to be read."""
        ...


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """A file that was opened for writing and not named yet."""

    due: float
    """Monotonic."""
    process_id: int
    pid: int


class WriteWatch:
    """A sink that hands on to another and tells a listener of writes."""

    def __init__(self, sink: Sink, listener: Listener) -> None:
        self._sink = sink
        self._listener = listener
        self._names: dict[int, str] = {}
        self._older_names: dict[int, str] = {}
        self._lock = Lock()
        self._writers: dict[int, dict[str, int]] = {}
        """process_id → paths that it opened for writing and may still write, with its pid."""
        self._unsettled: dict[str, _Unsettled] = {}
        """By path, with its last writer; oldest first."""

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row."""
        seq = self._sink.put(at, row)
        if isinstance(row, FileAccess):
            self._file(at, row)
        elif isinstance(row, Exec) and row.exe is not None and row.error is None:
            self._used(row.exe, at.ts)
        elif isinstance(row, ProcessExit):
            self._ended(at, row)
        return seq

    def intern(self, text: str) -> int:
        """The id of ``text`` in the run's strings."""
        number = self._sink.intern(text)
        self._remember(number, text)
        return number

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once."""
        self._sink.put_columns(table, source, ts, columns)
        if table is FileAccess and "bytes_written" in columns:
            written = columns["bytes_written"] > 0
            if "last_write_ts" in columns:  # of a shared mapping that can be written, no bytes are known
                written |= columns["last_write_ts"] > 0
            for row in np.flatnonzero(written):
                self._column(int(row), "path", ts, columns)
        if table is FileAccess and "path2" in columns:
            renames = columns["op"] == self.intern("rename")
            for row in np.flatnonzero(renames & (columns["path2"] >= 0)):
                self._column(int(row), "path2", ts, columns)

    def tick(self) -> None:
        """Name the files that have had their time to settle; call it a few times a second."""
        now = time.monotonic()
        with self._lock:
            due = {path: one for path, one in self._unsettled.items() if one.due <= now}
            for path in due:
                del self._unsettled[path]
        for path, one in due.items():
            self._listener.note_write(path, one.process_id, one.pid, time.time_ns())

    def _column(self, row: int, name: str, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]) -> None:
        if "error" in columns and columns["error"][row] >= 0:
            return
        path = self._name(int(columns[name][row]))
        if path is None:
            reason = (
                "the name of a file that was written long after it was opened is forgotten: it was not read"
            )
            stamp = Stamp(int(ts[row]), Quality.EXACT, Source.WORKSPACE)
            self._sink.put(stamp, Gap("name_forgotten", reason, start_ts=int(ts[row]), lost=1))
            return
        if not path.startswith("/"):
            return
        process_id, pid, dev, inode = (
            int(columns[key][row]) if key in columns and columns[key][row] >= 0 else None
            for key in ("process_id", "pid", "dev", "inode")
        )
        ended = int(columns["end_ts"][row]) if "end_ts" in columns else 0
        self._listener.note_write(path, process_id, pid, max(int(ts[row]), ended), dev, inode)

    def _remember(self, number: int, text: str) -> None:
        """What is rows' text is unbounded, and an agent's to choose; what is remembered of it is not."""
        if len(self._names) >= _MOST_NAMES:
            self._names, self._older_names = {}, self._names
        self._names[number] = text

    def _name(self, number: int) -> str | None:
        found = self._names.get(number)
        if found is None and (found := self._older_names.get(number)) is not None:
            self._remember(number, found)
        return found

    def _file(self, at: Stamp, row: FileAccess) -> None:
        if row.error is not None or at.ts is None:
            return
        if row.op == "rename" and row.path2 is not None:
            self._moved(row.path, row.path2)
            self._listener.note_write(row.path2, row.process_id, row.pid, at.ts, row.dev, row.inode)
        elif row.op == "unlink":
            self._moved(row.path, None)
        elif row.bytes_written is not None:
            if row.bytes_written and row.path.startswith("/"):
                self._listener.note_write(
                    row.path, row.process_id, row.pid, row.end_ts or at.ts, row.dev, row.inode
                )
        elif row.op in ("open", "create"):
            if _for_writing(row.flags):
                self._opened(row)
            else:
                self._used(row.path, at.ts)

    def _opened(self, row: FileAccess) -> None:
        if row.process_id is None or row.pid is None or not row.path.startswith("/"):
            return
        with self._lock:
            self._writers.setdefault(row.process_id, {})[row.path] = row.pid
            self._unsettled.pop(row.path, None)
            self._unsettled[row.path] = _Unsettled(time.monotonic() + SETTLE_S, row.process_id, row.pid)

    def _moved(self, path: str, to: str | None) -> None:
        """What was to be named by ``path`` has another name now, or none."""
        with self._lock:
            self._unsettled.pop(path, None)
            for written in self._writers.values():
                pid = written.pop(path, None)
                if pid is not None and to is not None:
                    written[to] = pid

    def _used(self, path: str, ts: int | None) -> None:
        """Somebody opens or executes ``path``: what it holds now is what they see."""
        with self._lock:
            waiting = self._unsettled.pop(path, None)
        if waiting and ts is not None:
            self._listener.note_write(path, waiting.process_id, waiting.pid, ts)
        self._listener.settle(path)

    def _ended(self, at: Stamp, row: ProcessExit) -> None:
        with self._lock:
            written = self._writers.pop(row.process_id, {})
            for path in written:
                waiting = self._unsettled.get(path)
                if waiting and waiting.process_id == row.process_id:
                    del self._unsettled[path]
        for path, pid in written.items():
            self._listener.note_write(path, row.process_id, pid, at.ts or time.time_ns())


def _for_writing(flags: int | None) -> bool:
    return flags is not None and flags & os.O_ACCMODE != os.O_RDONLY
