"""Building one block: read the tables column by column, sort, write the columns that :class:`Block` reads.

Ten million rows take a few seconds and less than 1.5 GB: at no time is a whole table in memory.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from store.event import LANES, Kind
from store.index.block import FAILED, KINDS, LANE_ORDER, NEVER, TALLY_STRIDE, UNCLOCKED, Block
from store.index.columns import ColumnWriter, Fact
from store.index.extract import CODES, Extractor
from store.index.gpu import FANOUT, METRICS, MISSING
from store.index.known import Earlier, Known
from store.index.order import Clocks, by_seq, order_keys
from store.index.stretches import IDLE_FLOOR_NS
from store.index.tables import Ints, Tables, floats, ints
from store.index.vocabulary import Ids, Vocabulary
from store.schema import NULL

_TICKS = 1 << 16
_LAST = (1 << 63) - 1
_INT32 = np.iinfo(np.int32)
_CODE_OF = {"u1": "B", "i4": "i", "i8": "q", "f8": "d"}


def build(tables: Tables, out: BinaryIO, earlier: Sequence[Block] = ()) -> None:
    """Write the block of all rows of ``tables`` to ``out``.

    ``earlier`` holds the blocks of the rows before them, oldest first: clocks, programs and commands carry over.
    """
    extractor = Extractor(tables, _lookup(earlier, "program"), _lookup(earlier, "command"))
    events, vocabulary = extractor.run(), extractor.vocabulary
    writer = ColumnWriter(out)
    names = vocabulary.name(events.source)
    before = Clocks(**earlier[-1].columns.facts["clocks"]) if earlier else Clocks()
    order = by_seq(events.seq)
    keys, clocks = order_keys(events.ts[order], events.source[order], names, before)
    sorting = np.argsort(keys, kind="stable").astype(np.int32)
    times, order = keys[sorting], order[sorting]
    del keys
    ranks = np.empty(len(sorting), np.int32)
    ranks[sorting] = np.arange(len(sorting), dtype=np.int32)
    del sorting
    _put(writer, "by_seq", ranks)
    del ranks
    kinds = events.kind[order]
    _put(writer, "time", times)
    _put(writer, "kind", kinds)
    _put(
        writer,
        "flags",
        ((events.failed * FAILED) | ((events.ts == NULL) * UNCLOCKED)).astype(np.uint8)[order],
    )
    for name, values in (
        ("seq", events.seq),
        ("process", events.process),
        ("pid", events.pid),
        ("amount", events.amount),
    ):
        _put(writer, name, _narrow(values)[order])
    final = vocabulary.write(writer, events.label)
    _postings(writer, final[events.label][order])
    _tallies(writer, kinds)
    _known(writer, "program", extractor.programs, final)
    _known(writer, "command", extractor.commands, final)
    writer.finish(
        {
            "kinds": KINDS,
            "first_seq": int(events.seq.min(initial=_LAST)),
            "last_seq": int(events.seq.max(initial=-1)),
            "clocks": {"by_source": clocks.by_source, "any": clocks.any},
            **_ticks(writer, times),
            **_idle(writer, times, kinds),
            **_gaps(writer, tables, vocabulary),
            **_gpu(writer, tables),
        }
    )


def _lookup(earlier: Sequence[Block], name: str) -> Earlier:
    """Finds the label of a process or command in the newest block that knows it."""

    def label(key: int) -> str | None:
        return next(
            (text for block in reversed(earlier) if (text := block.known(name, key)) is not None), None
        )

    return label


def _put(writer: ColumnWriter, name: str, values: NDArray[Any]) -> None:
    writer.add(name, _CODE_OF[values.dtype.str[1:]], np.ascontiguousarray(values).data)


def _narrow(values: Ints) -> Ints | NDArray[np.int32]:
    """The same numbers in 32 bits where all fit; *not observed* becomes the least of the type."""
    missing = values == NULL
    seen = values[~missing] if missing.any() else values
    if len(seen) and (seen.min() <= _INT32.min or seen.max() > _INT32.max):
        return values
    narrow = values.astype(np.int32)
    narrow[missing] = _INT32.min
    return narrow


def _postings(writer: ColumnWriter, labels: Ids) -> None:
    """The label of each event, and for each label the ranks of its events."""
    _put(writer, "label", labels)
    # One sort of plain numbers is faster than a stable argsort of the labels.
    packed = labels.astype(np.int64)
    packed <<= 32
    packed |= np.arange(len(labels))
    packed.sort()
    _put(writer, "postings", packed.astype(np.int32))
    counts = np.bincount(labels)
    _put(writer, "postings.start", np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))


def _tallies(writer: ColumnWriter, kinds: NDArray[np.uint8]) -> None:
    """For every stride of events, how many of each lane came before it."""
    lane_of_code = np.array([LANE_ORDER.index(LANES[kind]) for kind in KINDS], np.uint8)
    lanes = lane_of_code[kinds]
    strides = len(lanes) // TALLY_STRIDE
    tallies = np.zeros((strides + 1, len(LANE_ORDER)), np.uint32)
    whole = lanes[: strides * TALLY_STRIDE].reshape(strides, TALLY_STRIDE)
    for lane in range(len(LANE_ORDER)):
        np.cumsum((whole == lane).sum(axis=1), out=tallies[1:, lane], dtype=np.uint32)
    writer.add("tally", "B", tallies.data)


def _known(writer: ColumnWriter, name: str, known: Known, final: Ids) -> None:
    keys, labels = known.latest()
    _put(writer, f"{name}.key", keys)
    _put(writer, f"{name}.label", final[labels])


def _ticks(writer: ColumnWriter, times: Ints) -> dict[str, Fact]:
    """How many events come before each of evenly spaced moments: where to begin a search for a time."""
    clocked = int(np.searchsorted(times, NEVER, side="right"))
    if clocked == len(times):
        _put(writer, "tick", np.full(1, len(times), np.int32))
        return {"start": None, "tick_start": 0, "tick_width": 1}
    start, end = int(times[clocked]), int(times[-1])
    count = min(len(times) - clocked, _TICKS)
    width = (end - start) // count + 1
    moments = np.array([min(start + i * width, _LAST) for i in range(count)], np.int64)
    ticks = np.append(np.searchsorted(times, moments), len(times))
    _put(writer, "tick", ticks.astype(np.int32))
    return {"start": start, "tick_start": start, "tick_width": width}


def _idle(writer: ColumnWriter, times: Ints, kinds: NDArray[np.uint8]) -> dict[str, Fact]:
    busy = times[(kinds != CODES[Kind.GPU]) & (times != NEVER)]
    # Of an ascending column, and unsigned: the distance of two hostile times can exceed 63 bits.
    pauses = np.flatnonzero(np.diff(busy).view(np.uint64) >= IDLE_FLOOR_NS)
    _put(writer, "idle.start", busy[pauses])
    _put(writer, "idle.end", busy[pauses + 1])
    return {"busy": [int(busy[0]), int(busy[-1])] if len(busy) else None}


def _gaps(writer: ColumnWriter, tables: Tables, vocabulary: Vocabulary) -> dict[str, Fact]:
    rows = tables.table("gaps", ["seq", "ts", "start_ts", "end_ts", "lost", "source", "cause"])
    ts, start, end = ints(rows, "ts"), ints(rows, "start_ts"), ints(rows, "end_ts")
    start = np.where(start != NULL, start, np.where(ts != NULL, ts, end))
    _put(writer, "gap.seq", ints(rows, "seq"))
    _put(writer, "gap.start", start)
    _put(writer, "gap.end", np.where(end != NULL, end, start))
    _put(writer, "gap.lost", ints(rows, "lost"))
    source, cause = vocabulary.ids(rows, "source"), vocabulary.ids(rows, "cause")
    symbols, words = np.unique(np.concatenate([source, cause]), return_inverse=True)
    _put(writer, "gap.source", words[: len(source)].astype(np.int32))
    _put(writer, "gap.cause", words[len(source) :].astype(np.int32))
    return {"words": [vocabulary.text_of(symbol) for symbol in symbols.tolist()]}


def _gpu(writer: ColumnWriter, tables: Tables) -> dict[str, Fact]:
    rows = tables.table("gpu", ["ts", "device", "mem_total_mb", *METRICS])
    ts, device, total = ints(rows, "ts"), ints(rows, "device"), floats(rows, "mem_total_mb")
    order = np.argsort(ts, kind="stable")
    order = order[ts[order] != NULL]
    devices = np.unique(device[order]).tolist()
    for index, number in enumerate(devices):
        mine = order[device[order] == number]
        _put(writer, f"gpu.{index}.time", ts[mine])
        for metric in METRICS:
            _samples(writer, f"gpu.{index}.{metric}", floats(rows, metric)[mine])
    finite = [total[(device == number) & np.isfinite(total)] for number in devices]
    return {"gpu": devices, "gpu_memory": [float(seen.max()) if len(seen) else None for seen in finite]}


def _samples(writer: ColumnWriter, name: str, values: NDArray[np.float64]) -> None:
    """Prefix sums of a metric and the levels of its maxima."""
    seen = np.isfinite(values)
    nothing = np.zeros(1)
    _put(writer, f"{name}.sum", np.concatenate([nothing, np.cumsum(np.where(seen, values, 0.0))]))
    _put(writer, f"{name}.seen", np.concatenate([nothing, np.cumsum(seen)]).astype(np.int32))
    level = np.where(seen, values, MISSING)
    levels = [level]
    while len(level) > FANOUT:
        padded = np.full(-(-len(level) // FANOUT) * FANOUT, MISSING)
        padded[: len(level)] = level
        level = padded.reshape(-1, FANOUT).max(axis=1)
        levels.append(level)
    _put(writer, f"{name}.max", np.concatenate(levels))
