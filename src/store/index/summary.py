"""What a block says about its events as a whole, summed up while they pass in the order of time."""

import numpy as np
from numpy.typing import NDArray

from store.event import LANES, Kind
from store.index.arrays import data, put
from store.index.block import KINDS, LANE_ORDER, NEVER, TALLY_BYTES, TALLY_STRIDE
from store.index.columns import ColumnWriter, Fact
from store.index.spill import Records
from store.index.stretches import IDLE_FLOOR_NS
from store.index.tables import Ints
from store.schema import NULL

_TICKS = 1 << 16
_LAST = (1 << 63) - 1
_LANE_OF_CODE = np.array([LANE_ORDER.index(LANES[kind]) for kind in KINDS], np.uint8)
_GPU = KINDS.index(Kind.GPU)


class Extent:
    """From where to where events and their numbers go; known before they are merged."""

    def __init__(self) -> None:
        self.first_seq, self.last_seq = _LAST, -1
        self.start, self.end = _LAST, NEVER
        """The first and last order key that is a time."""
        self.clocked = 0
        """Events with one."""
        self._bounds: dict[str, tuple[int, int]] = {}

    def add(self, rows: Records) -> None:
        """Take in a sorted run."""
        times = rows["time"]
        unclocked = int(np.searchsorted(times, NEVER, side="right"))
        if unclocked < len(times):
            self.start, self.end = min(self.start, int(times[unclocked])), max(self.end, int(times[-1]))
        self.clocked += len(times) - unclocked
        self.first_seq = min(self.first_seq, int(rows["seq"].min(initial=_LAST)))
        self.last_seq = max(self.last_seq, int(rows["seq"].max(initial=-1)))
        for name in ("seq", "process", "pid", "amount"):
            seen = rows[name][rows[name] != NULL]
            low, high = self.bounds(name)
            self._bounds[name] = int(seen.min(initial=low)), int(seen.max(initial=high))

    def bounds(self, name: str) -> tuple[int, int]:
        """The least and the greatest number observed in a column; 0 counts, too."""
        return self._bounds.get(name, (0, 0))


class Tallies:
    """For every stride of events, how many of each lane came before it."""

    def __init__(self, writer: ColumnWriter, count: int) -> None:
        self._slot = writer.reserve("tally", "B", (count // TALLY_STRIDE + 1) * TALLY_BYTES)
        self._before = np.zeros(len(LANE_ORDER), np.uint32)
        self._rest = np.empty(0, np.uint8)
        self._slot.write(data(self._before))

    def add(self, kinds: NDArray[np.uint8]) -> None:
        """Take in the next events."""
        lanes = np.concatenate([self._rest, _LANE_OF_CODE[kinds]])
        strides = len(lanes) // TALLY_STRIDE
        whole = lanes[: strides * TALLY_STRIDE].reshape(strides, TALLY_STRIDE)
        self._rest = lanes[strides * TALLY_STRIDE :]
        counts = np.stack([(whole == lane).sum(axis=1) for lane in range(len(LANE_ORDER))], axis=1)
        tallies = self._before + np.cumsum(counts, axis=0, dtype=np.uint32)
        if strides:
            self._before = tallies[-1]
        self._slot.write(data(tallies))


class Ticks:
    """How many events come before each of evenly spaced moments: where to begin a search for a time."""

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        count = min(extent.clocked, _TICKS)
        self._start = extent.start if count else 0
        self._width = (extent.end - extent.start) // count + 1 if count else 1
        moments = (min(self._start + i * self._width, _LAST) for i in range(count))
        self._moments = np.fromiter(moments, np.int64, count)
        self._ticks = np.zeros(count + 1, np.int32)
        """The last is the count of all."""
        self._known = self._passed = 0

    def add(self, times: Ints) -> None:
        """Take in the next events."""
        known = int(np.searchsorted(self._moments, times[-1], side="right"))
        reached = self._moments[self._known : known]
        self._ticks[self._known : known] = self._passed + np.searchsorted(times, reached)
        self._known = known
        self._passed += len(times)
        self._ticks[known:] = self._passed

    def write(self, writer: ColumnWriter) -> dict[str, Fact]:
        """Write the column; what belongs into the footer."""
        put(writer, "tick", self._ticks)
        start = self._start if self._extent.clocked else None
        return {"start": start, "tick_start": self._start, "tick_width": self._width}


class Pauses:
    """Stretches of a second or more in which nothing but GPU samples was recorded."""

    def __init__(self) -> None:
        self._starts: list[Ints] = []
        self._ends: list[Ints] = []
        self._first: int | None = None
        self._last = np.empty(0, np.int64)

    def add(self, times: Ints, kinds: NDArray[np.uint8]) -> None:
        """Take in the next events."""
        busy = np.concatenate([self._last, times[(kinds != _GPU) & (times != NEVER)]])
        if not len(busy):
            return
        # Of an ascending column, and unsigned: the distance of two hostile times can exceed 63 bits.
        pauses = np.flatnonzero(np.diff(busy).view(np.uint64) >= IDLE_FLOOR_NS)
        if len(pauses):
            self._starts.append(busy[pauses])
            self._ends.append(busy[pauses + 1])
        self._first = int(busy[0]) if self._first is None else self._first
        self._last = busy[-1:]

    def write(self, writer: ColumnWriter) -> dict[str, Fact]:
        """Write the columns; what belongs into the footer."""
        nothing = np.empty(0, np.int64)
        put(writer, "idle.start", np.concatenate([nothing, *self._starts]))
        put(writer, "idle.end", np.concatenate([nothing, *self._ends]))
        return {"busy": None if self._first is None else [self._first, int(self._last[0])]}
