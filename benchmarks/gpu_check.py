"""Do the GPU samples of a recording agree with what ``nvidia-smi`` printed meanwhile?

``python -m benchmarks.gpu_check RUN LOG``, LOG being the output of ``nvidia-smi --query-gpu=timestamp,utilization.gpu,
memory.used,power.draw,temperature.gpu --format=csv,noheader,nounits --loop=1`` with TZ=UTC. Prints one line a
quantity and exits 1 when the two witnesses differ by more than their sampling explains.
"""

import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from store.snapshot import Snapshot

NEAREST_S = 0.75
"""Samples further apart than this are not compared: both witnesses look once a second."""

_COLUMNS = ("util_pct", "mem_used_mb", "power_w", "temp_c")
_TOLERANCE = {"util_pct": 12.0, "mem_used_mb": 700.0, "power_w": 40.0, "temp_c": 2.0}
"""Median absolute difference that two looks at a busy GPU, up to 0.75 s apart, may have."""


@dataclass(frozen=True, slots=True)
class _Sample:
    ts: float
    values: tuple[float | None, ...]


def main() -> int:
    """Compare and report."""
    run, log = map(Path, sys.argv[1:])
    ours, theirs = _recorded(run), list(_printed(log.read_text().splitlines()))
    pairs = [(near, one) for one in theirs if (near := _nearest(ours, one.ts)) is not None]
    print(
        f"{len(ours)} samples recorded, {len(theirs)} printed by nvidia-smi, {len(pairs)} within {NEAREST_S} s"
    )
    if len(pairs) < 10:
        print("too few to compare")
        return 1
    return max(_compare(name, index, pairs) for index, name in enumerate(_COLUMNS))


def _compare(name: str, index: int, pairs: list[tuple[_Sample, _Sample]]) -> int:
    both = [(a.values[index], b.values[index]) for a, b in pairs]
    known = [(a, b) for a, b in both if a is not None and b is not None]
    apart = statistics.median(abs(a - b) for a, b in known)
    agree = apart <= _TOLERANCE[name]
    highest = max(a for a, _ in known), max(b for _, b in known)
    verdict = "agree" if agree else "DIFFER"
    print(
        f"{name:<12} {verdict}: median difference {apart:.1f}, highest {highest[0]:.0f} and {highest[1]:.0f}"
    )
    return 0 if agree else 1


def _recorded(run: Path) -> list[_Sample]:
    with Snapshot.open(run) as snapshot:
        rows = snapshot.table("gpu", ["ts", *_COLUMNS]).to_pylist()
    return [_Sample(row["ts"] / 1e9, tuple(row[name] for name in _COLUMNS)) for row in rows]


def _printed(lines: Iterable[str]) -> Iterable[_Sample]:
    for line in lines:
        stamp, *values = (part.strip() for part in line.split(","))
        when = datetime.strptime(stamp, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
        yield _Sample(when.timestamp(), tuple(float(value) for value in values))


def _nearest(samples: list[_Sample], ts: float) -> _Sample | None:
    near = min(samples, key=lambda one: abs(one.ts - ts), default=None)
    return near if near is not None and abs(near.ts - ts) <= NEAREST_S else None


if __name__ == "__main__":
    sys.exit(main())
