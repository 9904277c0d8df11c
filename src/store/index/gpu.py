"""The GPU lane: mean and highest value of each metric of each device, in equal stretches of time.

Means come from prefix sums; maxima from levels in which one value stands for :data:`FANOUT` of the level below.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from store.index.block import Block
from store.index.columns import Columns

METRICS = ("util_pct", "mem_used_mb", "power_w")
"""Columns of the ``gpu`` table that are drawn."""
FANOUT = 16
MISSING = float("-inf")
"""In place of a value that was not observed, in the levels of maxima."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric; None in a stretch in which it was not observed."""

    mean: Sequence[float | None]
    max: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device over a span."""

    device: int
    memory_total_mb: float | None
    util_pct: Curve
    mem_used_mb: Curve
    power_w: Curve


class Samples:
    """The samples of one device in one block, by time; samples without a clock are not among them."""

    def __init__(self, columns: Columns, index: int) -> None:
        self._columns = columns
        self._prefix = f"gpu.{index}."
        self._times = columns.ints(self._prefix + "time")

    def cut(self, edges: Sequence[int]) -> list[int]:
        """How many samples are earlier than each edge."""
        times = self._times
        return [bisect_left(times, edge) for edge in edges]

    def add(self, metric: str, cuts: Sequence[int], curve: "_Sums") -> None:
        """Add what lies between consecutive cuts to the stretches of ``curve``."""
        sums = self._columns.floats(f"{self._prefix}{metric}.sum")
        seen = self._columns.ints(f"{self._prefix}{metric}.seen")
        levels = self._columns.floats(f"{self._prefix}{metric}.max")
        samples = len(self._times)
        for i, (first, last) in enumerate(pairwise(cuts)):
            if first < last and (count := seen[last] - seen[first]):
                curve.seen[i] += count
                curve.total[i] += sums[last] - sums[first]
                high = highest(levels, samples, first, last)
                if high > curve.highest[i]:
                    curve.highest[i] = high


class _Sums:
    """What is known of one metric in each stretch, while blocks are added up."""

    def __init__(self, buckets: int) -> None:
        self.total = [0.0] * buckets
        self.seen = [0] * buckets
        self.highest = [MISSING] * buckets

    def curve(self) -> Curve:
        return Curve(
            [total / seen if seen else None for total, seen in zip(self.total, self.seen, strict=True)],
            [high if seen else None for high, seen in zip(self.highest, self.seen, strict=True)],
        )


def highest(levels: "memoryview[float]", count: int, first: int, last: int) -> float:
    """The greatest of ``count`` values within ``[first, last)``; ``levels`` holds the values, then each level."""
    if last - first <= 4 * FANOUT:
        return max(levels[first:last], default=MISSING)
    best, base = MISSING, 0
    while last - first > 4 * FANOUT:
        up, down = -(-first // FANOUT), last // FANOUT
        left = max(levels[base + first : base + up * FANOUT], default=MISSING)
        right = max(levels[base + down * FANOUT : base + last], default=MISSING)
        best = max(best, left, right)
        base += count
        count, first, last = -(-count // FANOUT), up, down
    return max(best, max(levels[base + first : base + last]))


def devices(blocks: Sequence[Block], edges: Sequence[int]) -> list[DeviceView]:
    """Every device with samples anywhere in ``blocks``, in stretches that begin at the given times."""
    totals: dict[int, float | None] = {}
    samples: dict[int, list[Samples]] = {}
    for block in blocks:
        facts = block.columns.facts
        for index, (device, total) in enumerate(zip(facts["gpu"], facts["gpu_memory"], strict=True)):
            samples.setdefault(device, []).append(Samples(block.columns, index))
            totals[device] = max((t for t in (totals.get(device), total) if t is not None), default=None)
    return [_view(device, totals[device], samples[device], edges) for device in sorted(samples)]


def _view(device: int, total: float | None, samples: Sequence[Samples], edges: Sequence[int]) -> DeviceView:
    curves = {metric: _Sums(len(edges) - 1) for metric in METRICS}
    for block in samples:
        cuts = block.cut(edges)
        for metric, sums in curves.items():
            block.add(metric, cuts, sums)
    return DeviceView(device, total, **{metric: sums.curve() for metric, sums in curves.items()})
