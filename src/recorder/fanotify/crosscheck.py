"""Compares what fanotify saw with what the kernel witness recorded, and writes down where the two disagree.

A sighting says that one process opened, read or changed one file at least once between two moments: events merge, so
one row of the kernel witness about the same process, file and time is agreement. A sighting waits for that row as long
as the witness may take to write it, which is a sweep of its open files.
"""

import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from recorder import cgroups
from recorder.fanotify.evidence import (
    DEV,
    EXECUTED,
    FIRST_READ,
    FIRST_WRITE,
    INODE,
    LAST_READ,
    LAST_WRITE,
    OPENED,
    PATH,
    PID,
    Evidence,
    Rows,
    covers,
)
from recorder.fanotify.group import Mask
from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.rows import FileAccess, Gap, Quality, Source, Stamp
from store.sink import Sink

VIA: Final = "fanotify"
"""``via`` of a row that fanotify alone has seen."""

_PATIENCE_S: Final = 15.0
"""Longer than the kernel witness goes without a record of a file that stays open (10 s)."""
_ACTS: Final = {
    Mask.OPEN_EXEC: "execute",
    Mask.OPEN: "open",
    Mask.ACCESS: "read",
    Mask.MODIFY: "change",
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event of fanotify."""

    mask: int
    pid: int
    dev: int
    inode: int
    path: str
    since: int
    """UTC nanoseconds: it happened after this …"""
    until: int
    """… and before this."""
    related: bool
    """Whether the process was below the recorded one when the event was read."""


@dataclass(slots=True)
class _Waiting:
    sighting: Sighting
    path_id: int
    due: float
    """Monotonic."""


class Crosscheck:
    """Takes sightings in one thread; the kernel witness's rows come from others through ``evidence``."""

    def __init__(self, lives: Lives, evidence: Evidence, sink: Sink, compared: Mask) -> None:
        """``compared``: the acts that the kernel witness has rows of."""
        self._lives = lives
        self._evidence = evidence
        self._sink = sink
        self._compared = compared
        self._waiting: list[_Waiting] = []
        self.agreed = 0
        self.disagreed = 0
        self.outside = 0
        """Sightings of processes that are not recorded."""

    def add(self, sighting: Sighting) -> None:
        """Wait for the row that agrees."""
        if sighting.mask & self._compared:
            due = time.monotonic() + _PATIENCE_S
            self._waiting.append(_Waiting(sighting, self._sink.intern(sighting.path), due))

    def check(self, *, last: bool = False) -> None:
        """Compare what waits with the rows that have come; ``last``: no more will come."""
        rows = self._evidence.take()
        if not self._waiting:
            return
        now = time.monotonic()
        by_pid = _by_pid(rows, {one.sighting.pid for one in self._waiting})
        waiting, self._waiting = self._waiting, []
        missing: dict[tuple[int, str], list[Sighting]] = defaultdict(list)
        for one in waiting:
            if self._agrees(one, by_pid.get(one.sighting.pid)):
                self.agreed += 1
            elif not last and now < one.due:
                self._waiting.append(one)
            elif self._is_recorded(one.sighting):
                missing[one.sighting.pid, one.sighting.path].append(one.sighting)
            else:
                self.outside += 1
        for sightings in missing.values():
            self._disagree(sightings)

    def _agrees(self, one: _Waiting, rows: Rows | None) -> bool:
        if rows is None:
            return False
        seen = one.sighting
        asked = seen.mask & self._compared
        if asked & Mask.OPEN_EXEC and covers(rows, EXECUTED, EXECUTED, seen.since, seen.until):
            # An exec opens and reads the program, a script and the loader; its row names one of them.
            asked &= ~(Mask.OPEN_EXEC | Mask.OPEN | Mask.ACCESS)
        same = (rows[:, DEV] == seen.dev) & (rows[:, INODE] == seen.inode)
        named = np.isin(rows[:, PATH], [one.path_id, self._evidence.former(one.path_id)])
        rows = rows[same | named]
        return (
            (not asked & (Mask.OPEN | Mask.OPEN_EXEC) or covers(rows, OPENED, OPENED, seen.since, seen.until))
            and (not asked & Mask.ACCESS or covers(rows, FIRST_READ, LAST_READ, seen.since, seen.until))
            and (not asked & Mask.MODIFY or covers(rows, FIRST_WRITE, LAST_WRITE, seen.since, seen.until))
        )

    def _is_recorded(self, seen: Sighting) -> bool:
        return seen.related or self._lives.process_id(seen.pid, seen.until) is not None

    def _disagree(self, sightings: list[Sighting]) -> None:
        """Write the gap, and what fanotify saw of the file, once for a process and a file."""
        first, last = sightings[0], sightings[-1]
        mask = 0
        for seen in sightings:
            mask |= seen.mask & self._compared
        acts = " and ".join(word for bit, word in _ACTS.items() if mask & bit)
        process_id = self._lives.process_id(last.pid, last.until)
        self.disagreed += len(sightings)
        stamp = Stamp(last.until, Quality.ARRIVAL, Source.KERNEL, (last.until - first.since) // 1000)
        reason = (
            f"fanotify saw pid {last.pid} {acts} {last.path}, and the kernel witness has no row that says so"
        )
        gap = Gap("disagreement", reason, start_ts=first.since, end_ts=last.until, lost=len(sightings))
        self._sink.put(stamp, gap)
        row = FileAccess(
            process_id,
            last.pid,
            "open",
            last.path,
            dev=last.dev,
            inode=last.inode,
            first_read_ts=last.until if mask & Mask.ACCESS else None,
            first_write_ts=last.until if mask & Mask.MODIFY else None,
            via=VIA,
        )
        self._sink.put(stamp, row)


class Kinship:
    """Tells whether a process belongs to what is recorded, from /proc, for those that no row has told of yet."""

    def __init__(self, target: Target, lives: Lives) -> None:
        self._target = target
        self._lives = lives

    def includes(self, pid: int) -> bool:
        """Whether ``pid`` is recorded or stands below a process that is; False when it is gone."""
        now = time.time_ns()
        if self._target.cgroup and self._lives.process_id(pid, now) is None:
            return pid in cgroups.members(Path(self._target.cgroup))
        while pid > 1:
            if pid == self._target.root_pid or self._lives.process_id(pid, now) is not None:
                return True
            try:
                stat = Path(f"/proc/{pid}/stat").read_text("latin-1")
            except OSError:
                return False
            pid = int(stat.rpartition(")")[2].split()[1])
        return False


def _by_pid(rows: Rows, pids: set[int]) -> dict[int, Rows]:
    """The rows of each of some processes."""
    wanted = rows[np.isin(rows[:, PID], list(pids))]
    return {pid: wanted[wanted[:, PID] == pid] for pid in np.unique(wanted[:, PID]).tolist()}
