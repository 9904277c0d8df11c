"""From the kernel's boot clock to UTC, and the moments where the two did not run together.

Records carry CLOCK_BOOTTIME, which never jumps. UTC is what other witnesses stamp with, so a step of the system
clock has to be followed, and said.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DRIFT_NS = 1_000_000
"""A new anchor is set when the clocks are this far from the last one: the bound on the error of a time."""
_JUMP_NS = 500_000_000
"""Slewing never corrects this much between two looks, a fraction of a second apart."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The system clock was set."""

    at: int
    """UTC nanoseconds, by the new time."""
    step: int
    """Nanoseconds; positive forwards."""


def _offset() -> tuple[int, int]:
    """The boot clock and what it is behind UTC, from the tightest of three readings."""
    readings = []
    for _ in range(3):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        utc = time.time_ns()
        after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        readings.append((after - before, before, utc - (before + after) // 2))
    _, boot, offset = min(readings)
    return boot, offset


class Clock:
    """Anchors between the boot clock and UTC, kept for the whole recording."""

    def __init__(self) -> None:
        boot, offset = _offset()
        self._starts = np.array([boot], dtype=np.int64)
        self._offsets = np.array([offset], dtype=np.int64)

    def look(self) -> Jump | None:
        """Compare the clocks; the step, if the system clock was set since the last look."""
        boot, offset = _offset()
        step = offset - int(self._offsets[-1])
        if abs(step) < _DRIFT_NS:
            return None
        self._starts = np.append(self._starts, boot)
        self._offsets = np.append(self._offsets, offset)
        return Jump(boot + offset, step) if abs(step) >= _JUMP_NS else None

    def utc(self, boot: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC nanoseconds of boot-clock times; each by the anchor that held then."""
        anchor = np.searchsorted(self._starts, boot, side="right") - 1
        return boot + self._offsets[np.maximum(anchor, 0)]
