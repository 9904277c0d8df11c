"""The blocks of a run as one sequence of events in the order of ``(order key, seq)``.

Blocks hold consecutive stretches of ``seq``, so events with equal order keys stand in the order of their blocks;
no comparison of ``seq`` is ever needed.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from store.event import Event
from store.index.block import Block
from store.index.gpu import DeviceView, devices
from store.index.lanes import ZoomView, count_by_lane, edges
from store.index.query import Query
from store.index.search import Matches, matches
from store.index.stretches import GapStretch, Stretch, gaps, idle

_REMEMBERED = 32
_Known = OrderedDict[tuple[Block, Query], Matches]


class Timeline:
    """A fixed set of blocks; reading is safe from several threads."""

    def __init__(self, blocks: Sequence[Block], known: _Known | None = None) -> None:
        self.blocks = tuple(block for block in blocks if len(block))
        self._length = sum(map(len, self.blocks))
        self._known: _Known = OrderedDict() if known is None else known
        self._lock = threading.Lock()

    def grown(self, blocks: Sequence[Block]) -> "Timeline":
        """The same run with other blocks; what was found in those that stay is still known."""
        with self._lock:
            known = OrderedDict(item for item in self._known.items() if item[0][0] in blocks)
        return Timeline(blocks, known)

    def __len__(self) -> int:
        return self._length

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and last time, nanoseconds; None where the run has no clock."""
        spans = [span for block in self.blocks if (span := block.span) is not None]
        return (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None

    def window(self, position: int, count: int) -> list[Event]:
        """At most ``count`` events from ``position`` on."""
        position = max(position, 0)
        count = min(count, self._length - position)
        if count <= 0:
            return []
        if len(self.blocks) == 1:
            block = self.blocks[0]
            return [block.event(rank, rank) for rank in range(position, position + count)]
        ranks = self._split(position)
        events = []
        for at in range(position, position + count):
            block, i = min(
                ((block, i) for i, block in enumerate(self.blocks) if ranks[i] < len(block)),
                key=lambda pair: (pair[0].times[ranks[pair[1]]], pair[1]),
            )
            events.append(block.event(ranks[i], at))
            ranks[i] += 1
        return events

    def before(self, time: int) -> int:
        """How many events come before ``time``: the position of the first at or after it."""
        return sum(block.before(time) for block in self.blocks)

    def position_of(self, seq: int) -> int | None:
        """Where the row ``seq`` stands; None when there is no such row."""
        for i, block in enumerate(self.blocks):
            if block.first_seq <= seq <= block.last_seq and (rank := block.rank_of(seq)) is not None:
                return self._position(i, rank)
        return None

    def next_match(self, query: Query, position: int) -> int | None:
        """The position of the first match at ``position`` or after it."""
        ranks = self._split(position)
        found = [(i, self._of(block, query).next(ranks[i])) for i, block in enumerate(self.blocks)]
        return min((self._position(i, rank) for i, rank in found if rank is not None), default=None)

    def previous_match(self, query: Query, position: int) -> int | None:
        """The position of the last match before ``position``."""
        ranks = self._split(position)
        found = [(i, self._of(block, query).previous(ranks[i])) for i, block in enumerate(self.blocks)]
        return max((self._position(i, rank) for i, rank in found if rank is not None), default=None)

    def count_matches(self, query: Query) -> int:
        """How many events satisfy ``query``, exactly."""
        return sum(self._of(block, query).count() for block in self.blocks)

    def zoom(self, start: int, end: int, buckets: int) -> ZoomView:
        """Counts by lane in equal stretches of ``[start, end]``: times, or positions in a run without a clock."""
        bounds, clocked = edges(start, end, buckets), self.span is not None
        if clocked:
            cuts = [(block, [block.before(bound) for bound in bounds]) for block in self.blocks]
        else:
            splits = [self._split(bound) for bound in bounds]
            cuts = [(block, [split[i] for split in splits]) for i, block in enumerate(self.blocks)]
        return ZoomView(start, end, clocked, count_by_lane(cuts, buckets))

    def gpu(self, start: int, end: int, buckets: int) -> list[DeviceView]:
        """Each device in equal stretches of the times ``[start, end]``."""
        return devices(self.blocks, edges(start, end, buckets))

    def gaps(self, start: int, end: int) -> list[GapStretch]:
        """See :func:`store.index.stretches.gaps`."""
        return gaps(self.blocks, start, end)

    def idle(self, threshold_ns: int) -> list[Stretch]:
        """See :func:`store.index.stretches.idle`."""
        return idle(self.blocks, threshold_ns)

    def _of(self, block: Block, query: Query) -> Matches:
        """The matches of ``query`` in ``block``, remembered for the next press of a key."""
        with self._lock:
            found = self._known.pop((block, query), None)
        if found is None:
            found = matches(block, query)  # without the lock: a refresh does not wait for a search
        with self._lock:
            self._known[block, query] = found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _position(self, i: int, rank: int) -> int:
        """The position of the event at ``rank`` of block ``i``."""
        if len(self.blocks) == 1:
            return rank
        time = self.blocks[i].times[rank]
        earlier = sum(block.until(time) for block in self.blocks[:i])
        return earlier + rank + sum(block.before(time) for block in self.blocks[i + 1 :])

    def _split(self, position: int) -> list[int]:
        """For each block, how many of the first ``position`` events are in it."""
        position = min(max(position, 0), self._length)
        if len(self.blocks) <= 1:
            return [position] * len(self.blocks)
        low = min(block.times[0] for block in self.blocks)
        high = max(block.times[len(block) - 1] for block in self.blocks) + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.before(middle) <= position:
                low = middle
            else:
                high = middle
        ranks = [block.before(low) for block in self.blocks]
        missing = position - sum(ranks)
        for i, block in enumerate(self.blocks):
            tied = min(block.until(low) - ranks[i], missing)
            ranks[i] += tied
            missing -= tied
        return ranks
