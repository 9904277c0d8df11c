"""What the timeline draws: counts by lane, exact at every zoom, added up over blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add, sub

from store.event import Lane
from store.index.block import LANE_ORDER, TALLY_BYTES, Block


@dataclass(frozen=True, slots=True)
class ZoomView:
    """Events by lane in equal stretches of a span."""

    start: int
    """Nanoseconds since the epoch; a position where the run has no clock."""
    end: int
    """Inclusive, same unit."""
    clocked: bool
    """Whether ``start`` and ``end`` are times."""
    counts: Mapping[Lane, Sequence[int]]
    """For every lane, one count a bucket. Rows without a clock count where they arrived."""


def edges(start: int, end: int, buckets: int) -> list[int]:
    """Where ``buckets`` equal stretches of ``[start, end]`` begin, and the first value after the last."""
    width = end + 1 - start
    return [start + width * i // buckets for i in range(buckets + 1)]


def count_by_lane(cuts: Sequence[tuple[Block, Sequence[int]]], buckets: int) -> dict[Lane, list[int]]:
    """Counts between consecutive ranks, summed over blocks; ``cuts`` holds ``buckets + 1`` ranks a block."""
    totals = [0] * buckets
    for block, ranks in cuts:
        tallies = [block.tally(rank) for rank in ranks]
        totals = list(map(add, totals, map(sub, tallies[1:], tallies)))
    packed = b"".join(total.to_bytes(TALLY_BYTES, "little") for total in totals)
    fields = memoryview(packed).cast("I")
    return {lane: fields[i :: len(LANE_ORDER)].tolist() for i, lane in enumerate(LANE_ORDER)}
