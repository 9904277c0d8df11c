"""Finds the items of a reference in texts of any size, block by block.

Word and code n-grams are compared everywhere; syntax trees only where code n-grams of an item lie together. Blocks
overlap, so that nothing is cut, and memory does not grow with the text.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Protocol

import numpy as np

from review.matching.code import CodeFinder
from review.matching.grams import grams_of
from review.matching.match import Match, Part
from review.matching.prose import GRAM, ProseFinder
from review.matching.reference import Reference
from review.matching.words import Hashes, words_of
from review.references.item import Item

_BLOCK = 1 << 20
_OVERLAP = 1 << 16
"""Bytes; what is longer than that and lies across two blocks is found as two."""
_NEWLINE = 0x0A


class Stream(Protocol):
    """Bytes to be read."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; fewer only at the end."""
        ...


class Matcher:
    """Looks for the items of one reference."""

    def __init__(self, reference: Reference) -> None:
        self.items = reference.items
        self._prose = ProseFinder(reference.items)
        self._code = CodeFinder(reference.items)
        self.comparable = len(self._prose.comparable | self._code.comparable)
        """Items that are long and particular enough to be told."""
        self._twins: dict[str, list[Hashes]] = {}
        self._twins = self._near(reference.allowed)

    @property
    def shared(self) -> int:
        """Items that allowed data nearly repeats; text that is as near to that is no match."""
        return len(self._twins)

    def find(self, text: str | bytes) -> list[Match]:
        """Every item in ``text``, by place."""
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return list(self.stream(BytesIO(data)))

    def prefilter(self, data: bytes) -> int:
        """How many places of a text syntax trees would be compared at: all the work of :meth:`find` but that."""
        places = 0
        for start in range(0, len(data), _BLOCK):
            block = data[start : start + _BLOCK]
            code = self._code.may_hold(block)
            words = words_of(block, operators=code)
            any(self._prose.find(block, words.prose))
            places += len(self._code.candidates(block, words)) if code else 0
        return places

    def stream(self, source: Stream) -> Iterator[Match]:
        """Every item in what ``source`` gives, by place; holds one block at a time."""
        block, offset, lines = source.read(_BLOCK), 0, 0
        told: dict[tuple[str, Part], int] = {}
        while block:
            more = source.read(_BLOCK - _OVERLAP) if len(block) >= _BLOCK else b""
            keep = len(block) - _OVERLAP if more else len(block)
            newlines = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
            for match in sorted(self._find_block(block), key=lambda one: one.place.start):
                place, key = match.place, (match.item, match.part)
                if place.start < keep and place.start + offset >= told.get(key, 0):
                    told[key] = place.end + offset
                    line = lines + int(np.searchsorted(newlines, place.start)) + 1
                    moved = replace(place, start=place.start + offset, end=place.end + offset, line=line)
                    yield replace(match, place=moved)
            lines += int(np.searchsorted(newlines, keep))
            offset += keep
            block = block[keep:] + more if more else b""

    def _find_block(self, block: bytes) -> list[Match]:
        code = self._code.may_hold(block)
        words = words_of(block, operators=code)
        found = list(self._prose.find(block, words.prose))
        if code:
            found += self._code.find(block, words)
        return _best(match for match in found if not self._is_allowed(match))

    def _near(self, allowed: Sequence[Item]) -> dict[str, list[Hashes]]:
        """For each item that allowed data resembles, the n-grams of those."""
        lines = [" ".join(item.question.split()) for item in allowed]
        twins: dict[str, list[Hashes]] = defaultdict(list)
        for match in self.find("\n".join(lines)):
            twins[match.item].append(_grams(lines[match.place.line - 1]))
        return dict(twins)

    def _is_allowed(self, match: Match) -> bool:
        """Whether the text is as near to something allowed as to the item."""
        twins = self._twins.get(match.item)
        if not twins or match.part is not Part.QUESTION:
            return False
        there = _grams(match.text)
        alike = np.isin(there, _grams(match.item_text)).sum()
        return any(np.isin(there, twin).sum() >= alike for twin in twins)


def _grams(text: str) -> Hashes:
    return grams_of(words_of(text.encode("utf-8", "replace")).hashes, GRAM)


def _best(matches: Iterable[Match]) -> list[Match]:
    """Of matches of the same part of an item at overlapping places, the one with the larger share."""
    kept: dict[tuple[str, Part], list[Match]] = defaultdict(list)
    for match in sorted(matches, key=lambda one: (-one.share, one.place.start)):
        others, place = kept[match.item, match.part], match.place
        if not any(one.place.start < place.end and place.start < one.place.end for one in others):
            others.append(match)
    return [match for those in kept.values() for match in those]
