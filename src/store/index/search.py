"""How the events that satisfy a query are found in one block, by what the query asks for.

Kinds and failures stand in columns of one byte an event, which are searched as byte strings. Text is looked up
among the distinct labels, and the index holds the ranks of the events of each. Both need the standard library
alone. A process is looked for in its column by numpy, outwards from where one stands; text with conditions takes one
pass, which is kept for the next press of `n`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from store.index.block import FAILED, KINDS, Block
from store.index.labels import Needle
from store.index.query import Query

if TYPE_CHECKING:  # numpy is imported only where columns are searched: the first paint does without
    import numpy as np
    from numpy.typing import NDArray

_PROBED = 512
"""Neighbours tried one by one before anything is computed for a whole block."""
_FEW_LABELS = 512
_FEW_EVENTS = 10_000
_CHUNK = 1 << 20
_SPREAD = 1 << 14
"""Events read at once where neighbours did not answer; four times as many at each further step."""


class Matches(Protocol):
    """The ranks in one block that satisfy a query."""

    def count(self) -> int:
        """How many there are."""
        ...

    def next(self, rank: int) -> int | None:
        """The first at ``rank`` or after it."""
        ...

    def previous(self, rank: int) -> int | None:
        """The last before ``rank``."""
        ...


def matches(block: Block, query: Query) -> Matches:
    """The cheapest way to find ``query`` in ``block``."""
    any_event = len(query.codes) == len(KINDS) and query.failed is None
    if not query.text and query.process_id is None:
        return _ByBytes(block, query)
    if any_event and query.process_id is None:
        return _ByLabels(block, query)
    return _Listed(block, query) if query.text else _ByColumns(block, query)


class _ByBytes:
    """Matches of kinds and failures."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._any_kind = len(query.codes) == len(KINDS)
        self._of_kind = bytes(code in query.codes for code in range(256))
        self._of_flags = (
            None
            if query.failed is None
            else bytes((flags & FAILED != 0) is query.failed for flags in range(256))
        )

    def count(self) -> int:
        count = len(self._block)
        return sum(self._hits(first, first + _CHUNK).count(1) for first in range(0, count, _CHUNK))

    def next(self, rank: int) -> int | None:
        size = _PROBED
        while rank < len(self._block):
            at = self._hits(rank, rank + size).find(1)
            if at >= 0:
                return rank + at
            rank += size
            size = min(4 * size, _CHUNK)
        return None

    def previous(self, rank: int) -> int | None:
        size = _PROBED
        while rank > 0:
            first = max(rank - size, 0)
            at = self._hits(first, rank).rfind(1)
            if at >= 0:
                return first + at
            rank = first
            size = min(4 * size, _CHUNK)
        return None

    def _hits(self, first: int, last: int) -> bytes:
        """One byte an event: 1 where it matches."""
        if self._of_flags is None:
            return bytes(self._block.kinds[first:last]).translate(self._of_kind)
        hits = bytes(self._block.flags[first:last]).translate(self._of_flags)
        if self._any_kind:
            return hits
        others = bytes(self._block.kinds[first:last]).translate(self._of_kind)
        both = int.from_bytes(hits, "little") & int.from_bytes(others, "little")
        return both.to_bytes(len(hits), "little")


class _Neighbours:
    """Trying events one by one."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._query = query
        self._codes = query.codes
        self._needle = Needle(query.text, ignore_case=query.ignore_case)
        self._label_holds: dict[int, bool] = {}

    def first(self, ranks: range) -> int | None:
        """The first of ``ranks`` that matches."""
        return next((rank for rank in ranks if self.passes(rank) and self._holds(rank)), None)

    def passes(self, rank: int) -> bool:
        """Whether every condition but the text is met."""
        block, query = self._block, self._query
        return (
            block.kinds[rank] in self._codes
            and (query.process_id is None or block.processes[rank] == query.process_id)
            and (query.failed is None or bool(block.flags[rank] & FAILED) is query.failed)
        )

    def _holds(self, rank: int) -> bool:
        if not self._query.text:
            return True
        label = self._block.label_ids[rank]
        holds = self._label_holds.get(label)
        if holds is None:
            holds = self._label_holds[label] = self._block.labels.holds(label, self._needle)
        return holds


class _ByLabels:
    """Matches of text alone."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._query = query
        self._neighbours = _Neighbours(block, query)

    def count(self) -> int:
        return self._posted

    def next(self, rank: int) -> int | None:
        end = min(rank + _PROBED, len(self._block))
        near = self._neighbours.first(range(rank, end))
        if near is not None or end == len(self._block):
            return near
        if self._many:
            return self._listed.next(end)
        cuts = ((ranks, bisect_left(ranks, end)) for ranks in self._postings())
        return min((ranks[at] for ranks, at in cuts if at < len(ranks)), default=None)

    def previous(self, rank: int) -> int | None:
        end = max(rank - _PROBED, 0)
        near = self._neighbours.first(range(rank - 1, end - 1, -1))
        if near is not None or end == 0:
            return near
        if self._many:
            return self._listed.previous(end)
        cuts = ((ranks, bisect_left(ranks, end)) for ranks in self._postings())
        return max((ranks[at - 1] for ranks, at in cuts if at), default=None)

    @cached_property
    def labels(self) -> list[int]:
        """The labels that hold the text."""
        needle = Needle(self._query.text, ignore_case=self._query.ignore_case)
        return self._block.labels.containing(needle)

    @cached_property
    def _posted(self) -> int:
        """How many events have one of the labels."""
        starts = self._block.postings_start
        return sum([starts[label + 1] - starts[label] for label in self.labels])

    @property
    def _many(self) -> bool:
        """Whether looking into the postings of each label takes longer than a list of all ranks."""
        return len(self.labels) > _FEW_LABELS

    def _postings(self) -> Iterator[Sequence[int]]:
        return map(self._block.postings, self.labels)

    @cached_property
    def _listed(self) -> "_Listed":
        return _Listed(self._block, self._query)


class _Listed:
    """Matches of anything: all of their ranks, listed when the neighbours do not answer."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._query = query
        self._neighbours = _Neighbours(block, query)

    def count(self) -> int:
        return len(self._ranks)

    def next(self, rank: int) -> int | None:
        if "_ranks" not in self.__dict__:
            near = self._neighbours.first(range(rank, min(rank + _PROBED, len(self._block))))
            if near is not None:
                return near
        at = bisect_left(self._ranks, rank)
        return self._ranks[at] if at < len(self._ranks) else None

    def previous(self, rank: int) -> int | None:
        if "_ranks" not in self.__dict__:
            near = self._neighbours.first(range(rank - 1, max(rank - _PROBED, 0) - 1, -1))
            if near is not None:
                return near
        at = bisect_left(self._ranks, rank)
        return self._ranks[at - 1] if at else None

    @cached_property
    def _ranks(self) -> Sequence[int]:
        """All of them, ascending."""
        needle = Needle(self._query.text, ignore_case=self._query.ignore_case)
        labels = self._block.labels.containing(needle)
        starts = self._block.postings_start
        if sum([starts[label + 1] - starts[label] for label in labels]) > _FEW_EVENTS:
            return self._scan(labels)
        ranks = sorted(chain.from_iterable(map(self._block.postings, labels)))
        return [rank for rank in ranks if self._neighbours.passes(rank)]

    def _scan(self, labels: Sequence[int]) -> Sequence[int]:
        """All ranks that match, by one pass over each column that a condition needs."""
        import numpy as np

        holds = np.zeros(len(self._block.labels), np.bool_)
        holds[labels] = True
        met = _met(self._block, self._query, 0, len(self._block))
        ranks: Sequence[int] = met[holds[np.asarray(self._block.label_ids)[met]]].astype(np.int32).data
        return ranks


class _ByColumns:
    """Matches of a process, with or without kinds and failures: columns are read outwards from where one stands."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._query = query
        self._neighbours = _Neighbours(block, query)

    def count(self) -> int:
        return len(_met(self._block, self._query, 0, len(self._block)))

    def next(self, rank: int) -> int | None:
        first, size, end = min(rank + _PROBED, len(self._block)), _SPREAD, len(self._block)
        near = self._neighbours.first(range(rank, first))
        while near is None and first < end:
            last = min(first + size, end)
            hits = _met(self._block, self._query, first, last)
            if len(hits):
                return int(hits[0])
            first, size = last, min(4 * size, _CHUNK)
        return near

    def previous(self, rank: int) -> int | None:
        last, size = max(rank - _PROBED, 0), _SPREAD
        near = self._neighbours.first(range(rank - 1, last - 1, -1))
        while near is None and last > 0:
            first = max(last - size, 0)
            hits = _met(self._block, self._query, first, last)
            if len(hits):
                return int(hits[-1])
            last, size = first, min(4 * size, _CHUNK)
        return near


def _met(block: Block, query: Query, first: int, last: int) -> "NDArray[np.intp]":
    """Of these ranks the ones that meet every condition but the text, ascending."""
    import numpy as np

    kinds = np.asarray(block.kinds[first:last])
    wanted = np.zeros(256, np.bool_)
    wanted[list(query.codes)] = True
    if query.process_id is None:
        found = np.flatnonzero(wanted[kinds])
    else:
        found = np.flatnonzero(np.asarray(block.processes[first:last]) == query.process_id)
        found = found[wanted[kinds[found]]]
    if query.failed is not None:
        flags = np.asarray(block.flags[first:last])
        found = found[((flags[found] & FAILED) != 0) == query.failed]
    return found + first
