"""What every benchmark is given and gives back."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.big_run import make_run

Figures = dict[str, float | int | str | None]
"""Name with unit → value; None where a peer could not be run."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How large, where, and with which peers."""

    events: int
    scratch: Path
    peers: Path | None
    """A virtual environment with the peers; None skips those that need one."""
    minutes: float
    """How long the soak lasts."""

    def big_run(self) -> Path:
        """The generated run of that size, made once a scratch folder."""
        folder = self.scratch / f"big-{self.events}"
        if not (folder / "run.json").exists():
            make_run(folder, self.events)
        return folder

    def peer(self, program: str) -> Path | None:
        """A peer's program, None where it is not installed."""
        found = self.peers / "bin" / program if self.peers else None
        return found if found and found.exists() else None


def repeat(work: Callable[[], object], times: int = 5) -> list[float]:
    """Seconds of each of several runs of ``work``."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def spread(name: str, seconds: Sequence[float], unit: str = "ms") -> Figures:
    """Median, p95 and worst of timings, in ``ms`` or ``s``."""
    factor = {"ms": 1e3, "s": 1.0}[unit]
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {
        f"{name}_p50_{unit}": round(statistics.median(ordered) * factor, 3),
        f"{name}_p95_{unit}": round(p95 * factor, 3),
        f"{name}_max_{unit}": round(ordered[-1] * factor, 3),
    }
