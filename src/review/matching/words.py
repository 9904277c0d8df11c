"""The words of a text and where they stand, hashed by numpy so that tens of megabytes a second can be compared."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from review.matching.letters import BLANK, NOTHING, OPERATORS, Bytes, Indices, letters_of

Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_BASE = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2**64."""
_FIRST_CJK, _LAST_CJK = 0xE3, 0xE9
"""Lead bytes of the scripts that put no blanks between words: kana and Han."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in order."""

    hashes: Hashes
    starts: Indices
    """Byte offsets in the original text."""
    ends: Indices
    symbols: Flags
    """Which of them are symbols of code; none in prose."""

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def prose(self) -> "Words":
        """The same without symbols of code."""
        if not self.symbols.any():
            return self
        kept = ~self.symbols
        return Words(self.hashes[kept], self.starts[kept], self.ends[kept], self.symbols[kept])


def words_of(data: bytes, *, operators: bool = False) -> Words:
    """The words of UTF-8 text; with ``operators``, the symbols of code among them."""
    values = letters_of(data, operators=operators)
    places: Indices | None = None
    if len(values) and not values.all():
        places = np.flatnonzero(values != NOTHING)
        values = values[places]
    starts, ends, symbols = _bounds(values, operators=operators)
    hashes = _hashes(values, starts, ends)
    if places is not None and len(starts):
        starts, ends = places[starts], places[ends - 1] + 1
    return Words(hashes, starts, ends, symbols)


def mixed(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on all bits, as the finalisers of MurmurHash3 do it."""
    hashes = hashes ^ (hashes >> np.uint64(32))
    hashes = hashes * np.uint64(0xD6E8FEB86659FD93)
    return hashes ^ (hashes >> np.uint64(32))


def _bounds(values: Bytes, *, operators: bool) -> tuple[Indices, Indices, Flags]:
    """Where words start and end, and which are symbols. A CJK character is a word of its own."""
    inside = values != BLANK
    begins, finishes = inside.copy(), inside.copy()
    single = _is_operator()[values] if operators else np.zeros(len(values), np.bool_)
    if operators:
        begins[1:] &= ~inside[:-1] | single[1:] | single[:-1]
        finishes[:-1] &= ~inside[1:] | single[:-1] | single[1:]
    else:
        begins[1:] &= ~inside[:-1]
        finishes[:-1] &= ~inside[1:]
    if len(values) and values.max() >= _FIRST_CJK:
        lead = (values >= _FIRST_CJK) & (values <= _LAST_CJK)
        begins |= lead
        begins[3:] |= lead[:-3] & inside[3:]
        finishes[:-1] |= begins[1:] & inside[:-1]
    starts = np.flatnonzero(begins)
    return starts, np.flatnonzero(finishes) + 1, single[starts]


def _hashes(values: Bytes, starts: Indices, ends: Indices) -> Hashes:
    """A polynomial hash of each word: differences of one running sum, moved back to where the word would start at 0."""
    powers, inverses = _powers(1 << (len(values) + 1).bit_length())
    terms = np.take(_of_letter(), values)
    terms *= powers[: len(values)]
    sums = np.empty(len(values) + 1, np.uint64)
    sums[0] = 0
    np.cumsum(terms, out=sums[1:])
    return mixed((sums[ends] - sums[starts]) * inverses[starts])


@cache
def _is_operator() -> Flags:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(OPERATORS, np.uint8)] = True
    return table


@cache
def _of_letter() -> Hashes:
    """A random number for each byte; the same in every process."""
    return np.random.default_rng(13).integers(1, 2**63, 256, dtype=np.uint64) | np.uint64(1)


@cache
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The first powers of the base and of its inverse."""
    both = []
    for factor in (_BASE, pow(_BASE, -1, 1 << 64)):
        powers = np.full(count, factor, np.uint64)
        powers[0] = 1
        both.append(np.cumprod(powers))
    return both[0], both[1]
