"""Which events a reviewer looks for, and how they are found in one block.

Text is looked up among the distinct labels first; the index holds the ranks of the events of each label. Rare text
is answered from those by the standard library alone; anything else by one pass of numpy over the columns, kept for
the next press of `n`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from store.event import LANES, Kind, Lane
from store.index.block import FAILED, KINDS, Block
from store.index.labels import Needle

_PROBED = 512
"""Neighbours tried one by one before anything is computed for a whole block."""
_FEW_LABELS = 512
_FEW_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """What an event must satisfy, all of it; a query without conditions is satisfied by every event."""

    text: str = ""
    """Stands in the label: the whole path, argv, message or command, not only the part that is shown."""
    ignore_case: bool = False
    """Folds ASCII letters of ``text``."""
    kinds: frozenset[Kind] = frozenset()
    """One of these kinds; empty for any."""
    lane: Lane | None = None
    process_id: int | None = None
    failed: bool | None = None

    @property
    def codes(self) -> frozenset[int]:
        """Codes of the kinds that satisfy ``kinds`` and ``lane``."""
        return frozenset(
            code
            for code, kind in enumerate(KINDS)
            if (not self.kinds or kind in self.kinds) and (self.lane is None or LANES[kind] is self.lane)
        )

    @property
    def text_only(self) -> bool:
        """No condition but ``text``."""
        return len(self.codes) == len(KINDS) and self.process_id is None and self.failed is None


class Matches:
    """The ranks in one block that satisfy a query."""

    def __init__(self, block: Block, query: Query) -> None:
        self._block = block
        self._query = query
        self._codes = query.codes
        self._text_only = query.text_only
        self._needle = Needle(query.text, ignore_case=query.ignore_case)
        self._label_holds: dict[int, bool] = {}

    def count(self) -> int:
        """How many there are."""
        if self._text_only:
            return self._posted if self._query.text else len(self._block)
        return len(self._ranks)

    def next(self, rank: int) -> int | None:
        """The first at ``rank`` or after it."""
        end = min(rank + _PROBED, len(self._block))
        for near in range(rank, end):
            if self._satisfied(near):
                return near
        if end == len(self._block):
            return None
        if self._few_postings:
            return min((ranks[at] for ranks, at in self._cut(end) if at < len(ranks)), default=None)
        at = bisect_left(self._ranks, end)
        return self._ranks[at] if at < len(self._ranks) else None

    def previous(self, rank: int) -> int | None:
        """The last before ``rank``."""
        end = max(rank - _PROBED, 0)
        for near in range(rank - 1, end - 1, -1):
            if self._satisfied(near):
                return near
        if end == 0:
            return None
        if self._few_postings:
            return max((ranks[at - 1] for ranks, at in self._cut(end) if at), default=None)
        at = bisect_left(self._ranks, end)
        return self._ranks[at - 1] if at else None

    @cached_property
    def _labels(self) -> list[int]:
        return self._block.labels.containing(self._needle)

    @cached_property
    def _posted(self) -> int:
        """How many events have one of the labels."""
        starts = self._block.postings_start
        return sum(starts[label + 1] - starts[label] for label in self._labels)

    @property
    def _few_postings(self) -> bool:
        """Whether looking into the postings of every label beats listing all ranks."""
        return self._text_only and self._posted > _FEW_EVENTS and len(self._labels) <= _FEW_LABELS

    def _postings(self) -> Iterator[Sequence[int]]:
        return map(self._block.postings, self._labels)

    def _cut(self, rank: int) -> Iterator[tuple[Sequence[int], int]]:
        """The postings of each label, and how many of them stand before ``rank``."""
        return ((ranks, bisect_left(ranks, rank)) for ranks in self._postings())

    @cached_property
    def _ranks(self) -> Sequence[int]:
        """All of them, ascending."""
        if self._query.text and self._posted <= _FEW_EVENTS:
            return sorted(rank for ranks in self._postings() for rank in ranks if self._passes(rank))
        return self._scan()

    def _satisfied(self, rank: int) -> bool:
        if not self._passes(rank):
            return False
        if not self._query.text:
            return True
        label = self._block.label_ids[rank]
        holds = self._label_holds.get(label)
        if holds is None:
            holds = self._label_holds[label] = self._block.labels.holds(label, self._needle)
        return holds

    def _passes(self, rank: int) -> bool:
        """Whether every condition but the text is met."""
        block, query = self._block, self._query
        return (
            block.kinds[rank] in self._codes
            and (query.process_id is None or block.processes[rank] == query.process_id)
            and (query.failed is None or bool(block.flags[rank] & FAILED) is query.failed)
        )

    def _scan(self) -> Sequence[int]:
        """All ranks that match, by one pass over each column that a condition needs."""
        import numpy as np

        block, query = self._block, self._query
        wanted = np.zeros(256, np.bool_)
        wanted[list(self._codes)] = True
        found = wanted[np.asarray(block.kinds)]
        if query.process_id is not None:
            found &= np.asarray(block.processes) == query.process_id
        if query.failed is not None:
            found &= ((np.asarray(block.flags) & FAILED) != 0) == query.failed
        if query.text:
            holds = np.zeros(len(block.labels), np.bool_)
            holds[self._labels] = True
            found &= holds[np.asarray(block.label_ids)]
        return np.flatnonzero(found).astype(np.int32).data
