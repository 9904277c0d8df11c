"""Following a run while it is recorded: a large index of the first rows, and small ones of what came since.

New rows become a small block in memory. A small block is built again together with the new rows as long as that
is cheap, so that there are few blocks and each row is indexed only a few times.
"""

from functools import partial

import pyarrow as pa

from store.index.block import Block
from store.index.build import build
from store.index.cache import find, growing_key, in_memory, keep
from store.index.portion import portions
from store.index.recent import Recent, strings_of
from store.snapshot import Snapshot

_KEPT_ROWS = 500_000
"""From so many rows on, the first rows of a run being recorded are kept in the cache."""
_REBUILT_ROWS = 250_000
"""A block of more rows is never built again."""
_RATIO = 4
"""A block is built again when it has at most so many times the rows that are to be added."""


class Growing:
    """The blocks of a run that may grow; :meth:`advance` takes in what was committed since."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.strings: pa.LargeStringArray = snapshot.strings()
        self.blocks: tuple[Block, ...] = self._kept() if snapshot.next_seq >= _KEPT_ROWS else ()
        self._take_in()

    def advance(self) -> bool:
        """Whether there were new rows. Raises :class:`store.errors.Damaged` when they cannot be read."""
        newer = self.snapshot.refresh()
        if newer is None:
            return False
        self.snapshot.close()
        self.snapshot = newer
        self.strings = strings_of(newer, self.strings)
        before = self.blocks
        self._take_in()
        return self.blocks is not before

    def _kept(self) -> tuple[Block, ...]:
        """The first rows, from the cache or built into it."""
        snapshot = self.snapshot
        key = growing_key(snapshot.manifest)
        block = find(key)
        if block is None or not self._covers_enough(block):
            block = keep(key, lambda out, scratch: build(self.strings, portions(snapshot), out, scratch))
        return (block,)

    def _covers_enough(self, block: Block) -> bool:
        rest = self.snapshot.next_seq - 1 - block.last_seq
        return 0 <= rest <= max(len(block) // _RATIO, _REBUILT_ROWS)

    def _take_in(self) -> None:
        blocks = list(self.blocks)
        last = blocks[-1].last_seq if blocks else -1
        added = self.snapshot.next_seq - 1 - last
        if added <= 0:
            return
        while blocks and len(blocks[-1]) <= min(_RATIO * added, _REBUILT_ROWS):
            added += len(blocks.pop())
        first = blocks[-1].last_seq + 1 if blocks else 0
        recent = Recent(self.snapshot, first)
        block = in_memory(partial(build, self.strings, [recent], earlier=blocks))
        if len(block):
            self.blocks = (*blocks, block)
