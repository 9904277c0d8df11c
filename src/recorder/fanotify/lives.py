"""Whose a pid was at a time, as the kernel witness tells it: fanotify knows pids alone, and pids are used again."""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from store.rows import ProcessExit, ProcessStart, Row, Stamp

SLACK_NS: Final = 250_000_000
"""How far the time of a row may lie from the act: a traced process rests between the two."""


@dataclass(slots=True)
class _Life:
    process_id: int
    start: int
    end: int | None = None


class Lives:
    """The last lifetime recorded under each pid; fed from the rows of the kernel witness, asked from any thread."""

    def __init__(self) -> None:
        self._lives: dict[int, _Life] = {}
        self._lock = Lock()

    def note(self, at: Stamp, row: Row) -> None:
        """Learn from a row, if it begins or ends a life."""
        if isinstance(row, ProcessStart):
            with self._lock:
                self._lives[row.pid] = _Life(row.process_id, at.ts or 0)
        elif isinstance(row, ProcessExit):
            with self._lock:
                life = self._lives.get(row.pid)
                if life is not None and life.process_id == row.process_id:
                    life.end = at.ts

    def process_id(self, pid: int, ts: int) -> int | None:
        """The recorded process that ``pid`` was at ``ts``; None where no row has told of one yet, or none will."""
        with self._lock:
            life = self._lives.get(pid)
            if life is None or ts < life.start - SLACK_NS:
                return None
            return life.process_id if life.end is None or ts <= life.end + SLACK_NS else None
