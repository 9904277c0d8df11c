"""Words in a row, and a table of those that a reference holds, fast enough to ask for every place of a text."""

import numpy as np

from review.matching.letters import Indices
from review.matching.words import Flags, Hashes, mixed

_FACTOR = np.uint64(0xC2B2AE3D27D4EB4F)
_ROOM = 32
"""Cells of the first look-up for each n-gram held: three in a hundred strangers get past it."""
_MOST_CELLS = 1 << 26


def grams_of(hashes: Hashes, length: int) -> Hashes:
    """A hash of each ``length`` words in a row; fewer by ``length - 1`` than words."""
    count = len(hashes) - length + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    grams = hashes[:count].copy()
    for offset in range(1, length):
        grams *= _FACTOR
        grams += hashes[offset : offset + count]
    return mixed(grams)


class GramTable:
    """A set of n-grams with a number for each."""

    def __init__(self, grams: Hashes) -> None:
        """``grams``: sorted, each once."""
        self._grams = grams
        cells = min(1 << max(10, (len(grams) * _ROOM).bit_length()), _MOST_CELLS)
        self._mask = np.uint64(cells - 1)
        self._seen: Flags = np.zeros(cells, np.bool_)
        self._seen[grams & self._mask] = True

    def __len__(self) -> int:
        return len(self._grams)

    def find(self, grams: Hashes) -> tuple[Indices, Indices]:
        """Which of ``grams`` are held, by index, and the number of each."""
        at = np.flatnonzero(self._seen[grams & self._mask])
        if not len(self._grams) or not len(at):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        wanted = grams[at]
        numbers = np.searchsorted(self._grams, wanted)
        numbers[numbers == len(self._grams)] = 0
        held = self._grams[numbers] == wanted
        return at[held], numbers[held]
