"""Stretches of a run in which nothing happened, or in which something could not be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from store.index.block import NEVER, Block

IDLE_FLOOR_NS = 1_000_000_000
"""Pauses shorter than a second are not kept by the index."""
_FOREVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment to another, nanoseconds since the epoch."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GapStretch:
    """What a row of ``gaps`` says in short; its reason is the label of the event ``seq``."""

    seq: int
    start: int | None
    """None when the row has no time at all."""
    end: int | None
    source: str
    """The witness that failed."""
    cause: str
    lost: int | None


def idle(blocks: Sequence[Block], threshold_ns: int) -> list[Stretch]:
    """Pauses of at least ``threshold_ns`` in which nothing but GPU samples was recorded, in order.

    The floor is :data:`IDLE_FLOOR_NS`.
    """
    spans = [span for block in blocks if (span := block.span) is not None]
    if not spans:
        return []
    quiet = [(min(start for start, _ in spans), max(end for _, end in spans))]
    for block in blocks:
        quiet = _common(quiet, _quiet(block))
    threshold = max(threshold_ns, IDLE_FLOOR_NS)
    return [Stretch(start, end) for start, end in quiet if end - start >= threshold]


def gaps(blocks: Sequence[Block], start: int, end: int) -> list[GapStretch]:
    """Gaps that touch ``[start, end]``, and all without a time, by start."""
    found = [gap for block in blocks for gap in _gaps(block) if _touches(gap, start, end)]
    return sorted(found, key=lambda gap: (NEVER if gap.start is None else gap.start, gap.seq))


def _touches(gap: GapStretch, start: int, end: int) -> bool:
    return gap.start is None or gap.end is None or (gap.start <= end and gap.end >= start)


def _gaps(block: Block) -> list[GapStretch]:
    words: list[str] = block.columns.facts["words"]
    names = ("seq", "start", "end", "lost", "source", "cause")
    columns = [block.columns.ints(f"gap.{name}") for name in names]
    return [
        GapStretch(seq, _known(start), _known(end), words[source], words[cause], _known(lost))
        for seq, start, end, lost, source, cause in zip(*columns, strict=True)
    ]


def _known(value: int) -> int | None:
    return None if value == NEVER else value


def _quiet(block: Block) -> list[tuple[int, int]]:
    """Where ``block`` has nothing but GPU samples, from the beginning to the end of time."""
    starts, ends = block.columns.ints("idle.start"), block.columns.ints("idle.end")
    busy: tuple[int, int] | None = block.columns.facts["busy"]
    if busy is None:
        return [(NEVER, _FOREVER)]
    return [(NEVER, busy[0]), *zip(starts, ends, strict=True), (busy[1], _FOREVER)]


def _common(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The intersection of two ordered lists of stretches."""
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            common.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return common
