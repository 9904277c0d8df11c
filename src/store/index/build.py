"""Building one block: read the rows portion by portion, sort, merge, write the columns that :class:`Block` reads.

Ten million rows take a few seconds. Memory does not grow with them, only with the distinct strings, processes, commands
and GPU samples: a portion's events are sorted and spilled (:mod:`store.index.spill`), and merged a stretch at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.index.arrays import data, put
from store.index.beside import Beside
from store.index.block import FAILED, KINDS, UNCLOCKED, Block
from store.index.columns import ColumnWriter, Fact, Slot
from store.index.extract import Events, Extractor
from store.index.known import Earlier, Known
from store.index.order import Clocks, by_seq, order_keys
from store.index.spill import RECORD, Records, Spill
from store.index.summary import Extent, Pauses, Tallies, Ticks
from store.index.tables import Ints, Tables
from store.index.vocabulary import Ids, Vocabulary
from store.schema import NULL

_INT32 = np.iinfo(np.int32)
_INTEGERS = ("process", "pid", "amount")
"""Columns of records that can be *not observed*."""
_POSTED = 1 << 22
"""Postings in memory while they are sorted."""
_LABELS_READ = 1 << 20


def build(
    strings: pa.LargeStringArray,
    portions: Iterable[Tables],
    out: BinaryIO,
    scratch: BinaryIO,
    earlier: Sequence[Block] = (),
) -> None:
    """Write the block of all rows of ``portions``, consecutive stretches of ``seq``, to ``out``.

    ``strings`` are those of the run by id. ``earlier`` holds the blocks of the rows before them, oldest first:
    clocks, programs and commands carry over. Both files are empty, can be read and sought in.
    """
    vocabulary = Vocabulary(strings)
    programs, commands = Known(_lookup(earlier, "program")), Known(_lookup(earlier, "command"))
    clocks = Clocks(**earlier[-1].columns.facts["clocks"]) if earlier else Clocks()
    spill, extent, beside = Spill(scratch), Extent(), Beside(vocabulary)
    for portion in portions:
        events = Extractor(portion, vocabulary, programs, commands).run()
        rows, clocks = _records(events, vocabulary, clocks)
        vocabulary.count(events.label)
        extent.add(rows)
        spill.add(rows)
        beside.read(portion)
        programs.settle()
        commands.settle()
    writer = ColumnWriter(out)
    final, posted = vocabulary.write(writer)
    summaries = _merge(writer, spill, extent, final, posted)
    _known(writer, "program", programs, final)
    _known(writer, "command", commands, final)
    writer.finish(
        {
            "kinds": KINDS,
            "first_seq": extent.first_seq,
            "last_seq": extent.last_seq,
            "clocks": {"by_source": clocks.by_source, "any": clocks.any},
            **summaries,
            **beside.write(writer),
        }
    )


def _records(events: Events, vocabulary: Vocabulary, clocks: Clocks) -> tuple[Records, Clocks]:
    """Events by ``(order key, seq)``, labels still provisional, and the clocks after them."""
    order = by_seq(events.seq)
    names = vocabulary.name(events.source)
    keys, after = order_keys(events.ts[order], events.source[order], names, clocks)
    sorting = np.argsort(keys, kind="stable")
    order = order[sorting]
    rows = np.empty(len(order), RECORD)
    rows["time"] = keys[sorting]
    rows["seq"] = events.seq[order]
    rows["process"] = events.process[order]
    rows["pid"] = events.pid[order]
    rows["amount"] = events.amount[order]
    rows["label"] = events.label[order]
    rows["kind"] = events.kind[order]
    rows["flags"] = ((events.failed * FAILED) | ((events.ts == NULL) * UNCLOCKED))[order]
    return rows, after


def _merge(writer: ColumnWriter, spill: Spill, extent: Extent, final: Ids, posted: Ints) -> dict[str, Fact]:
    """Write the columns of events and what is summed up of them."""
    count = len(spill)
    integers = {name: _Integers(writer, name, count, extent.bounds(name)) for name in ("seq", *_INTEGERS)}
    times, labels = writer.reserve("time", "q", count), writer.reserve("label", "i", count)
    kinds, flags = writer.reserve("kind", "B", count), writer.reserve("flags", "B", count)
    tallies, ticks, pauses = Tallies(writer, count), Ticks(extent), Pauses()
    for rows in spill.merged():
        times.write(data(rows["time"]))
        for name, column in integers.items():
            column.write(rows[name])
        labels.write(data(final[rows["label"]]))
        kinds.write(data(rows["kind"]))
        flags.write(data(rows["flags"]))
        tallies.add(rows["kind"])
        ticks.add(rows["time"])
        pauses.add(rows["time"], rows["kind"])
    by_seq = writer.reserve("by_seq", "i", count)
    for ranks in spill.ranks_by_seq():
        by_seq.write(data(ranks))
    _postings(writer, labels, posted)
    return {**ticks.write(writer), **pauses.write(writer)}


class _Integers:
    """A column of integers that is written bit by bit: of 32 bits where all fit, *not observed* as its least."""

    def __init__(self, writer: ColumnWriter, name: str, count: int, bounds: tuple[int, int]) -> None:
        self._narrow = bounds[0] > _INT32.min and bounds[1] <= _INT32.max
        self._slot = writer.reserve(name, "i" if self._narrow else "q", count)

    def write(self, values: Ints) -> None:
        if self._narrow:
            missing = values == NULL
            values = values.astype(np.int32)
            values[missing] = _INT32.min
        self._slot.write(data(values))


def _lookup(earlier: Sequence[Block], name: str) -> Earlier:
    """Finds the label of a process or command in the newest block that knows it."""

    def label(key: int) -> str | None:
        return next(
            (text for block in reversed(earlier) if (text := block.known(name, key)) is not None), None
        )

    return label


def _postings(writer: ColumnWriter, labels: Slot, posted: Ints) -> None:
    """For each label the ranks of its events; ``labels`` is the written column of them, ``posted`` how many each has."""
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(posted)])
    put(writer, "postings.start", starts)
    postings = writer.reserve("postings", "i", int(starts[-1]))
    first = 0
    while first < len(posted):
        end = max(first + 1, int(np.searchsorted(starts, starts[first] + _POSTED, side="right")) - 1)
        if end == first + 1:  # perhaps more than fit into memory, but in order
            for ranks, _ in _having(labels, first, end):
                postings.write(data(ranks))
        else:
            # One sort of plain numbers is faster than a stable argsort of the labels.
            packed = np.concatenate([(label << 32) | ranks for ranks, label in _having(labels, first, end)])
            packed.sort()
            postings.write(data(packed.astype(np.int32)))
        first = end


def _having(labels: Slot, first: int, end: int) -> Iterator[tuple[NDArray[np.int32], Ints]]:
    """Ranks and labels of the events whose label is at least ``first`` and less than ``end``, some at a time."""
    rank = 0
    while read := labels.read(rank * 4, _LABELS_READ * 4):
        label = np.frombuffer(read, np.int32)
        here = np.flatnonzero((label >= first) & (label < end))
        yield (here + rank).astype(np.int32), label[here].astype(np.int64)
        rank += len(label)


def _known(writer: ColumnWriter, name: str, known: Known, final: Ids) -> None:
    keys, labels = known.latest()
    put(writer, f"{name}.key", keys)
    put(writer, f"{name}.label", final[labels])
