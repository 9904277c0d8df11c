"""Code as words without the names that its author chose: what is left when identifiers are renamed and layout changes."""

import builtins
import keyword
from functools import cache

import numpy as np

from review.matching.words import Flags, Hashes, Words, words_of

_NAME = np.uint64(0x5851F42D4C957F2D)
"""Stands for every name."""
_DIGITS = slice(ord("0"), ord("9") + 1)


def code_words(data: bytes) -> Hashes:
    """The words of code, as :func:`nameless` leaves them."""
    return nameless(data, words_of(data, operators=True))


def nameless(data: bytes, words: Words) -> Hashes:
    """Keywords, built-in names, attributes, numbers and symbols as they are; every other word the same.

    ``words``: those of ``data``, with symbols.
    """
    if not len(words):
        return words.hashes
    first = np.frombuffer(data, np.uint8)[words.starts]
    kept = words.symbols | _is_digit()[first] | _is_known(words.hashes)
    dot = words.symbols & (first == ord("."))
    kept[1:] |= dot[:-1] & (words.starts[1:] == words.ends[:-1])
    return np.where(kept, words.hashes, _NAME)


@cache
def _is_digit() -> Flags:
    table = np.zeros(256, np.bool_)
    table[_DIGITS] = True
    return table


def _is_known(hashes: Hashes) -> Flags:
    """Whether each is a keyword or a built-in name of Python."""
    known, cells = _known()
    maybe: Flags = cells[hashes & np.uint64(len(cells) - 1)]
    at = np.flatnonzero(maybe)
    found = np.searchsorted(known, hashes[at])
    maybe[at] = known[np.minimum(found, len(known) - 1)] == hashes[at]
    return maybe


@cache
def _known() -> tuple[Hashes, Flags]:
    names = [*keyword.kwlist, *(name for name in dir(builtins) if not name.startswith("_"))]
    known = np.sort(words_of(" ".join(names).encode()).hashes)
    cells = np.zeros(1 << 14, np.bool_)
    cells[known & np.uint64(len(cells) - 1)] = True
    return known, cells
