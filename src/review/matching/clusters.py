"""Which parts of a reference stand in a text: n-grams that lie together as they do in the part, weighed by rarity.

The idea is that of AI2's decon (github.com/allenai/decon): what tells is not the number of words that two texts share, but
how rare they are and how much of the part they make up. Everything is done on arrays; no hit costs a step of Python.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from review.matching.grams import GramTable, grams_of
from review.matching.letters import Indices
from review.matching.words import Flags, Hashes

Floats = NDArray[np.float64]

_SLACK = 8
"""Words that may stand between two n-grams of one cluster, beside a share of the part's length."""
_SLACK_SHARE = 4
_MOSTLY = 0.5
_HALF = 32
"""Bits of an integer for the second number of a pair."""
_MOST_OWNERS = 8
"""Parts that may share an n-gram; what more of them share is a stock phrase and tells nothing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """N-grams of one part that stand together in a text."""

    part: int
    share: float
    """Of the part's weight."""
    first: int
    """The first word in the text."""
    last: int
    """The last word in the text."""
    run: int
    """Most n-grams in a row."""
    alone: bool
    """Whether most of the n-grams found are only this part's owner's."""


class PartIndex:
    """The n-grams of all parts of a reference."""

    def __init__(
        self,
        parts: Sequence[Hashes],
        owners: Sequence[int],
        length: int,
        background: Sequence[Hashes] = (),
    ) -> None:
        """``parts``: the words of each; ``owners``: the item that each belongs to; ``length`` of an n-gram.

        ``background`` are words of texts that prove nothing; what stands in them is not looked for.
        """
        self.length = length
        part, place, grams = _postings([grams_of(words, length) for words in parts])
        owner = np.asarray(owners, np.int64)
        known = GramTable(_distinct([grams_of(words, length) for words in background]))
        common = np.zeros(len(grams), np.bool_)
        common[known.find(grams)[0]] = True
        word_weight = _rarity(parts, owners)
        weight = _moving_sum(parts, word_weight, length)
        unique, number = np.unique(grams, return_inverse=True)
        owners_of = _owners(number, owner[part], len(unique))
        # An n-gram that stands twice in a part cannot tell where in the part a text is.
        _, first, times = np.unique(_pairs(number, part), return_index=True, return_counts=True)
        usable = np.zeros(len(grams), np.bool_)
        usable[first[times == 1]] = True
        usable &= ~common & (owners_of[number] <= _MOST_OWNERS)
        self.comparable: Flags = np.bincount(part[usable], minlength=len(parts)) > 0
        """Parts that have an n-gram to look for."""
        self.common_share: Floats = np.bincount(part[common], minlength=len(parts)) / np.maximum(
            np.bincount(part, minlength=len(parts)), 1
        )
        """Of each part's n-grams, how many stand in the background."""
        part, place, number, weight = part[usable], place[usable], number[usable], weight[usable]
        order = np.argsort(number, kind="stable")
        self._part, self._place, self._weight = part[order], place[order], weight[order]
        held, self._begin = np.unique(number[order], return_index=True)
        self._end = np.append(self._begin[1:], len(order))
        self._alone = owners_of[held] == 1
        self._table = GramTable(unique[held])
        self._total = np.bincount(part, weight, minlength=len(parts))
        self._words = np.array([len(words) for words in parts], np.int64)

    def clusters(self, words: Hashes, least_share: float, least_run: int) -> Iterator[Cluster]:
        """Every cluster in a text that has that share or that many n-grams in a row, in no order."""
        at, number = self._table.find(grams_of(words, self.length))
        if not len(at):
            return
        counts = self._end[number] - self._begin[number]
        posting = np.repeat(self._begin[number] - np.append(0, np.cumsum(counts)[:-1]), counts) + np.arange(
            counts.sum()
        )
        at, number = np.repeat(at, counts), np.repeat(number, counts)
        part, place, weight = self._part[posting], self._place[posting], self._weight[posting]
        order = np.lexsort((at, part))
        at, number, part, place, weight = at[order], number[order], part[order], place[order], weight[order]
        slack = _SLACK + self._words[part] // _SLACK_SHARE
        new = np.ones(len(at), np.bool_)
        new[1:] = (
            (part[1:] != part[:-1])
            | (np.diff(at) > slack[1:])
            | (np.abs(np.diff(at - place)) > np.maximum(slack[1:], self._words[part[1:]] // 2))
        )
        cluster = np.cumsum(new) - 1
        begins = np.flatnonzero(new)
        ends = np.append(begins[1:], len(at))
        once = np.unique(_pairs(cluster, number), return_index=True)[1]
        share = np.bincount(cluster[once], weight[once]) / self._total[part[begins]]
        alone = np.bincount(cluster, self._alone[number]) / (ends - begins)
        broken = new.copy()
        broken[1:] |= (np.diff(at) != 1) | (np.diff(place) != 1)
        runs = np.diff(np.append(np.flatnonzero(broken), len(at)))
        longest = np.maximum.reduceat(runs, np.searchsorted(np.flatnonzero(broken), begins))
        for i in np.flatnonzero((share >= least_share) | (longest >= least_run)).tolist():
            begin, end = int(begins[i]), int(ends[i])
            first, last = int(at[begin]), int(at[end - 1])
            yield Cluster(
                part=int(part[begin]),
                share=float(share[i]),
                first=first,
                last=last + self.length - 1,
                run=int(longest[i]),
                alone=bool(alone[i] > _MOSTLY),
            )


def _postings(grams: Sequence[Hashes]) -> tuple[Indices, Indices, Hashes]:
    """Part, place in the part and n-gram, of all parts after each other."""
    counts = np.array([len(one) for one in grams], np.int64)
    part = np.repeat(np.arange(len(grams)), counts)
    place = np.concatenate([np.arange(count) for count in counts]) if len(grams) else np.empty(0, np.intp)
    return part, place.astype(np.intp), _joined(grams)


def _joined(arrays: Sequence[Hashes]) -> Hashes:
    return np.concatenate(arrays) if len(arrays) else np.empty(0, np.uint64)


def _distinct(arrays: Sequence[Hashes]) -> Hashes:
    return np.unique(_joined(arrays))


def _pairs(first: Indices, second: Indices) -> Indices:
    """Two numbers as one, so that they sort fast."""
    return (first << _HALF) | second


def _owners(number: Indices, owner: Indices, count: int) -> Indices:
    """For each number, how many different owners it occurs with."""
    return np.bincount(np.unique(_pairs(number, owner)) >> _HALF, minlength=count)


def _rarity(parts: Sequence[Hashes], owners: Sequence[int]) -> list[Floats]:
    """For each word of each part, the logarithm of how few items have it."""
    counts = [len(words) for words in parts]
    unique, number = np.unique(_joined(parts), return_inverse=True)
    owner = np.repeat(np.asarray(owners, np.int64), counts)
    having = _owners(number, owner, len(unique))
    items = len(set(owners))
    weight = np.log((items + 1) / np.maximum(having, 1))
    return np.split(weight[number], np.cumsum(counts)[:-1]) if counts else []


def _moving_sum(parts: Sequence[Hashes], weights: Sequence[Floats], length: int) -> Floats:
    """The weight of each n-gram: that of its words."""
    sums = []
    for words, weight in zip(parts, weights, strict=True):
        if len(words) >= length:
            total = np.append(0.0, np.cumsum(weight))
            sums.append(total[length:] - total[:-length])
    return np.concatenate(sums) if sums else np.empty(0)
