"""A block: the events of one stretch of ``seq``, in the order of time, read in place.

A closed run is one block; a run being recorded is a few, the later ones small and in memory. Inside a block an
event is known by its *rank*. Rows without a clock stand where they arrived: their order key is the last known
time of their witness, and their flag says that it is not theirs.
"""

from bisect import bisect_left, bisect_right

from store.event import LANES, Event, Kind, Lane
from store.index.columns import Columns, NotColumns
from store.index.labels import Labels

KINDS = tuple(Kind)
"""The kind of an event is stored as its index here."""
LANE_ORDER = tuple(Lane)

FAILED = 1
"""Flag: attempted, not done."""
UNCLOCKED = 2
"""Flag: the order key is not the time of the row."""

TALLY_STRIDE = 32
"""Events between two stored tallies."""
TALLY_BYTES = 4 * len(LANE_ORDER)

NEVER = -(1 << 63)
"""The order key of rows that arrived before any clock was seen; *not observed* in integer columns."""

_TALLY_OF_KIND = [1 << (32 * LANE_ORDER.index(LANES[kind])) for kind in KINDS]
_IN_WORDS = [
    LANES[kind] is Lane.AGENT or kind in (Kind.COMMAND, Kind.COMMAND_END, Kind.COMMAND_LINK, Kind.GAP)
    for kind in KINDS
]
"""Whether the label of a kind is prose or a script, of which the first line is shown."""
_NULLS = {"i": -(1 << 31), "q": NEVER}


class Block:
    """Events of consecutive ``seq``, ordered by ``(order key, seq)``."""

    def __init__(self, columns: Columns) -> None:
        """Raises :class:`NotColumns` when the file was written with other kinds of events."""
        if columns.facts.get("kinds") != list(KINDS):
            raise NotColumns("written by another version")
        self.columns = columns
        self.times = columns.ints("time")
        """Order keys, ascending."""
        self.kinds = columns.ints("kind")
        self.flags = columns.ints("flags")
        self.processes = columns.ints("process")
        self.label_ids = columns.ints("label")
        self.labels = Labels(columns)
        self.first_seq: int = columns.facts["first_seq"]
        self.last_seq: int = columns.facts["last_seq"]
        self.postings_start = columns.ints("postings.start")
        """For each label, where its ranks begin in the postings; one more for the end."""
        self._postings = columns.ints("postings")
        self._seqs = columns.ints("seq")
        self._by_seq = columns.ints("by_seq")
        self._pids = columns.ints("pid")
        self._amounts = columns.ints("amount")
        self._ticks = columns.ints("tick")
        self._tick_start: int = columns.facts["tick_start"]
        self._tick_width: int = columns.facts["tick_width"]
        self._tallies = columns.ints("tally")
        self._no_process = _NULLS[columns.code("process")]
        self._no_pid = _NULLS[columns.code("pid")]
        self._no_amount = _NULLS[columns.code("amount")]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and last order key that is a time; None when no row has one."""
        start: int | None = self.columns.facts["start"]
        return None if start is None else (start, self.times[len(self) - 1])

    def event(self, rank: int, position: int) -> Event:
        """The event at ``rank``, with its ``position`` in the whole run."""
        kind, flags, process = self.kinds[rank], self.flags[rank], self.processes[rank]
        pid, amount = self._pids[rank], self._amounts[rank]
        return Event(
            position,
            self._seqs[rank],
            None if flags & UNCLOCKED else self.times[rank],
            KINDS[kind],
            None if process == self._no_process else process,
            None if pid == self._no_pid else pid,
            self.labels.shown(self.label_ids[rank], first_line=_IN_WORDS[kind]),
            None if amount == self._no_amount else amount,
            bool(flags & FAILED),
        )

    def rank_of(self, seq: int) -> int | None:
        """Where the row ``seq`` stands; None when it is not in this block."""
        seqs = self._seqs
        at = bisect_left(self._by_seq, seq, key=seqs.__getitem__)
        if at == len(self):
            return None
        rank = self._by_seq[at]
        return rank if seqs[rank] == seq else None

    def postings(self, label: int) -> "memoryview[int]":
        """Ranks of the events that have a label, ascending."""
        return self._postings[self.postings_start[label] : self.postings_start[label + 1]]

    def known(self, name: str, key: int) -> str | None:
        """The last label of a ``program`` (by process id) or ``command`` (by command id); None if it has none here."""
        keys = self.columns.ints(f"{name}.key")
        at = bisect_left(keys, key)
        if at == len(keys) or keys[at] != key:
            return None
        return self.labels.whole(self.columns.ints(f"{name}.label")[at])

    def before(self, time: int) -> int:
        """How many events have an order key < ``time``."""
        return bisect_left(self.times, time, *self._around(time))

    def until(self, time: int) -> int:
        """How many events have an order key ≤ ``time``."""
        return bisect_right(self.times, time, *self._around(time))

    def tally(self, rank: int) -> int:
        """Events before ``rank`` by lane, as one integer of 32-bit fields in :data:`LANE_ORDER`."""
        step = rank // TALLY_STRIDE
        stored = self._tallies[step * TALLY_BYTES : (step + 1) * TALLY_BYTES]
        rest = self.kinds[step * TALLY_STRIDE : rank]
        return sum(map(_TALLY_OF_KIND.__getitem__, rest), int.from_bytes(stored, "little"))

    def _around(self, time: int) -> tuple[int, int]:
        """Ranks between which ``time`` belongs, from the table of ticks."""
        ticks = self._ticks
        tick = (time - self._tick_start) // self._tick_width
        if tick < 0:
            return 0, ticks[0]
        if tick >= len(ticks) - 1:
            return ticks[-1], len(self)
        return ticks[tick], ticks[tick + 1]
