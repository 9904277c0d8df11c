"""Which path an access is of, between the record of its open and the record of its end."""

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1

GENERATION = 16_384
"""How many ended accesses are kept at least; twice as many at most, and a batch."""


class OpenFiles:
    """A sorted table of access number → path id, looked up and changed by whole batches."""

    def __init__(self) -> None:
        self._accesses = np.empty(0, np.int64)
        self._paths = np.empty(0, np.int64)
        self._retired: list[NDArray[np.int64]] = []
        self._leaving: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        """Accesses held."""
        return len(self._accesses)

    def add(self, accesses: NDArray[np.int64], paths: NDArray[np.int64]) -> None:
        """Remember the paths of accesses; the last word on an access stands."""
        if not len(accesses):
            return
        merged = np.concatenate([self._accesses, accesses])
        order = np.argsort(merged, kind="stable")
        merged = merged[order]
        last = np.append(merged[1:] != merged[:-1], True)
        self._accesses = merged[last]
        self._paths = np.concatenate([self._paths, paths])[order][last]

    def paths(self, accesses: NDArray[np.int64]) -> NDArray[np.int64]:
        """The path id of each access, :data:`UNKNOWN` where its open was never seen."""
        if not len(self._accesses):
            return np.full(len(accesses), UNKNOWN, np.int64)
        at = np.minimum(np.searchsorted(self._accesses, accesses), len(self._accesses) - 1)
        return np.where(self._accesses[at] == accesses, self._paths[at], UNKNOWN)

    def retire(self, accesses: NDArray[np.int64]) -> None:
        """Accesses that have ended. A call that was under way then may still tell of one: the last are kept a while."""
        self._retired.append(accesses)
        if sum(map(len, self._retired)) < GENERATION:
            return
        if self._leaving:
            kept = ~np.isin(self._accesses, np.concatenate(self._leaving))
            self._accesses, self._paths = self._accesses[kept], self._paths[kept]
        self._leaving, self._retired = self._retired, []
