"""Rows of the event log: events as they are, with dull repetition folded into one row each.

Ten million events are mostly programs loading their libraries and the same file read again. A row stands for one
event or for several neighbours that say the same; how events fold depends only on the block of positions they lie
in, never on where reading started, so the log does not shift under the reader's eyes. Evidence is never folded.
"""

import re
from collections.abc import Callable, Container, Hashable
from dataclasses import dataclass
from enum import Enum

from store.event import LANES, Event, Kind, Lane

BLOCK = 512
"""Positions that are read and folded together; no row crosses the border of a block."""

_CACHED_BLOCKS = 32

_SYSTEM = ("/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/opt/conda/lib/", "/root/.cache/pip/")
_LIBRARY_PARTS = ("/site-packages/", "/dist-packages/", "/__pycache__/", "/node_modules/", "/lib/python3")
_SHARED_LIBRARY = re.compile(r"\.(?:so(?:\.[\d.]+)?|pyc)$")
_FILE_LOOKS = frozenset((Kind.OPEN, Kind.READ))
_REPEATABLE = frozenset((Kind.OPEN, Kind.READ, Kind.WRITE, Kind.CONNECT, Kind.RAW))


class Fold(Enum):
    """Why events share a row."""

    SINGLE = "single"
    REPEAT = "repeat"
    """The same thing again, by the same process."""
    SYSTEM = "system"
    """One process loads libraries and looks at system files."""
    SAMPLES = "samples"
    """GPU samples."""
    SPAWN = "spawn"
    """A process starts and at once becomes another program."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log: a run of events that are neighbours among those with rows."""

    events: tuple[Event, ...]
    fold: Fold

    @property
    def first(self) -> int:
        """Position of its first event."""
        return self.events[0].position

    @property
    def last(self) -> int:
        """Position of its last event."""
        return self.events[-1].position

    @property
    def lead(self) -> Event:
        """The event that the row is told by."""
        return self.events[-1] if self.fold is Fold.SPAWN else self.events[0]

    @property
    def amount(self) -> int | None:
        """The lead's amount; the sum of bytes where reads or writes are folded."""
        if self.fold in (Fold.REPEAT, Fold.SYSTEM):
            amounts = [event.amount for event in self.events if event.amount is not None]
            return sum(amounts) if amounts else None
        return self.lead.amount

    @property
    def failed(self) -> int:
        """How many of its events were only attempted."""
        return sum(event.failed for event in self.events)


def is_system_path(path: str) -> bool:
    """Whether a file belongs to the system or to an installed library rather than to the agent's work."""
    return (
        path.startswith(_SYSTEM)
        or any(part in path for part in _LIBRARY_PARTS)
        or _SHARED_LIBRARY.search(path) is not None
    )


class Folding:
    """Positions → rows, block by block, cached."""

    def __init__(
        self,
        window: Callable[[int, int], list[Event]],
        total: Callable[[], int],
        evidence: Container[int] = (),
        lanes: Container[Lane] = tuple(Lane),
    ) -> None:
        """``window`` and ``total`` are a cursor's.

        ``evidence`` holds seqs that are always visible and never folded; of other events only those of ``lanes``
        have rows, and what lies between them does not keep them from folding.
        """
        self._window = window
        self._total = total
        self._evidence = evidence
        self._lanes = lanes
        self._blocks: dict[int, list[Row]] = {}
        self._unfolded: set[int] = set()

    def forget(self) -> None:
        """Read again: the run has grown or other events became evidence."""
        self._blocks.clear()

    def unfold(self, row: Row) -> None:
        """Show each event of ``row`` on a row of its own."""
        self._unfolded.update(event.seq for event in row.events)
        self._blocks.pop(row.first // BLOCK, None)

    def fold_back(self, position: int) -> None:
        """Fold again everything unfolded around ``position``."""
        block = position // BLOCK
        self._unfolded.difference_update(event.seq for row in self.rows(block) for event in row.events)
        self._blocks.pop(block, None)

    def rows(self, block: int) -> list[Row]:
        """The rows of one block; none past the end."""
        if block < 0 or block * BLOCK >= self._total():
            return []
        if (rows := self._blocks.pop(block, None)) is None:
            rows = self._fold(self._window(block * BLOCK, BLOCK))
            while len(self._blocks) >= _CACHED_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
        self._blocks[block] = rows
        return rows

    def _fold(self, events: list[Event]) -> list[Row]:
        rows: list[Row] = []
        group: list[Event] = []
        group_key: Hashable = None
        group_fold = Fold.SINGLE
        for event in events:
            if LANES[event.kind] not in self._lanes and event.seq not in self._evidence:
                continue
            fold, key = self._key(event)
            if group and key is not None and key == group_key:
                group.append(event)
                continue
            if group:
                rows.append(_row(group, group_fold))
            group, group_key, group_fold = [event], key, fold
        if group:
            rows.append(_row(group, group_fold))
        return _join_spawns(rows, self._evidence, self._unfolded)

    def _key(self, event: Event) -> tuple[Fold, Hashable]:
        if event.seq in self._evidence or event.seq in self._unfolded:
            return Fold.SINGLE, None
        if event.kind in _FILE_LOOKS and is_system_path(event.label):
            return Fold.SYSTEM, ("system", event.process_id)
        if event.kind is Kind.EXEC and event.failed:
            return Fold.REPEAT, ("looked for", event.process_id)
        if event.kind in _REPEATABLE or event.failed:
            return Fold.REPEAT, (event.kind, event.process_id, event.label, event.failed)
        if event.kind is Kind.GPU:
            return Fold.SAMPLES, "gpu"
        return Fold.SINGLE, None


def _row(events: list[Event], fold: Fold) -> Row:
    return Row(tuple(events), fold if len(events) > 1 else Fold.SINGLE)


def _join_spawns(rows: list[Row], evidence: Container[int], unfolded: set[int]) -> list[Row]:
    """``rows`` with each process start joined to the exec that follows it at once."""
    joined: list[Row] = []
    for row in rows:
        event = row.lead
        start = joined[-1].lead if joined else None
        if (
            joined
            and row.fold is joined[-1].fold is Fold.SINGLE
            and event.kind is Kind.EXEC
            and not event.failed
            and start is not None
            and start.kind is Kind.PROCESS
            and start.process_id == event.process_id
            and start.seq not in evidence
            and start.seq not in unfolded
            and event.seq not in unfolded
        ):
            joined[-1] = Row((start, event), Fold.SPAWN)
        else:
            joined.append(row)
    return joined
