"""Events of a block in sorted runs outside memory, and their merge: a block of any size is built in bounded memory.

A run holds the events of a stretch of ``seq``, sorted by order key; stretches come one after the other, so that among
equal keys the run decides.
"""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype(
    [
        ("time", "<i8"),
        ("seq", "<i8"),
        ("process", "<i8"),
        ("pid", "<i8"),
        ("amount", "<i8"),
        ("label", "<i4"),
        ("kind", "u1"),
        ("flags", "u1"),
    ]
)
"""One event: its order key (``time``) and what :class:`store.index.block.Block` has of it."""
Records = NDArray[np.void]

_BUFFERED = 1 << 20
"""Events in memory while runs are merged."""
_LEAST = 1 << 10
"""Events that are read at a time from each of very many runs."""


class Spill:
    """Sorted runs, written once, merged once."""

    def __init__(self, scratch: BinaryIO) -> None:
        """Use ``scratch``, an empty file."""
        self._scratch = scratch
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return sum(self._lengths)

    def add(self, rows: Records) -> None:
        """Add a run, sorted by ``(time, seq)``; every ``seq`` is greater than those of the runs before."""
        self._scratch.seek(len(self) * RECORD.itemsize)
        self._scratch.write(rows.view(np.uint8).data)
        self._lengths.append(len(rows))

    def merged(self) -> Iterator[Records]:
        """All events by ``(time, seq)``, some at a time; where each one went is kept for :meth:`ranks_by_seq`."""
        size = max(_LEAST, _BUFFERED // max(1, len(self._lengths)))
        starts = [0, *accumulate(self._lengths)]
        runs = [_Run(self._scratch, a, b, size) for a, b in pairwise(starts)]
        rank = 0
        while any(len(run) for run in runs):
            ready = [(run, count) for run, count in zip(runs, _ready(runs), strict=True) if count]
            firsts = [run.first for run, _ in ready]
            parts = [run.take(count) for run, count in ready]
            rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
            order = np.argsort(rows["time"], kind="stable")
            ranks = np.empty(len(rows), "<i4")
            ranks[order] = np.arange(rank, rank + len(rows), dtype="<i4")
            at = 0
            for first, part in zip(firsts, parts, strict=True):
                self._scratch.seek(self._rank_at(first))
                self._scratch.write(ranks[at : at + len(part)].data)
                at += len(part)
            yield rows if len(parts) == 1 else rows[order]
            rank += len(rows)

    def ranks_by_seq(self) -> Iterator[NDArray[np.int32]]:
        """The rank of every event in the order of ``seq``, some at a time; after :meth:`merged` has ended."""
        for start, length in zip(accumulate(self._lengths, initial=0), self._lengths, strict=False):
            seqs = _read(self._scratch, start, length)["seq"]
            self._scratch.seek(self._rank_at(start))
            ranks = np.frombuffer(self._scratch.read(length * 4), "<i4")
            yield ranks[np.argsort(seqs, kind="stable")]

    def _rank_at(self, event: int) -> int:
        return len(self) * RECORD.itemsize + event * 4


class _Run:
    """What was not merged yet of a run, the first events of it in memory."""

    def __init__(self, scratch: BinaryIO, first: int, end: int, size: int) -> None:
        self._scratch = scratch
        self.first = first
        """Number of the first event that was not merged."""
        self._end = end
        self._size = size
        self.buffer = _read(scratch, first, min(size, end - first))

    def __len__(self) -> int:
        return self._end - self.first

    @property
    def whole(self) -> bool:
        """Whether all of the rest is in memory."""
        return len(self.buffer) == len(self)

    def take(self, count: int) -> Records:
        """The first ``count`` events of the buffer, no longer part of it."""
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        self.first += count
        if not len(self.buffer):
            self.buffer = _read(self._scratch, self.first, min(self._size, len(self)))
        return taken


def _ready(runs: list[_Run]) -> list[int]:
    """How many of the buffered events of each run come before all that is not in memory."""
    limits = [(int(run.buffer["time"][-1]), i) for i, run in enumerate(runs) if not run.whole]
    if not limits:
        return [len(run.buffer) for run in runs]
    key, last = min(limits)
    return [
        int(np.searchsorted(run.buffer["time"], key, side="right" if i <= last else "left"))
        for i, run in enumerate(runs)
    ]


def _read(scratch: BinaryIO, first: int, count: int) -> Records:
    scratch.seek(first * RECORD.itemsize)
    return np.frombuffer(scratch.read(count * RECORD.itemsize), RECORD)
