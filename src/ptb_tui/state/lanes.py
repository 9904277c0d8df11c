"""The tracks of the timeline as characters: density, GPU curves, flags and gaps over a span."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from ptb_tui.state.flags import SYMBOLS, Flags
from ptb_tui.state.replay import Replay
from ptb_tui.state.span import Span
from ptb_tui.state.times import SECOND, brief, counted
from store.event import Lane
from store.findings import Severity

BLOCKS = " ▁▂▃▄▅▆▇█"
NO_SAMPLE = "·"

_STEPS = tuple(
    factor * SECOND // 1000
    for factor in (
        *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000),
        *(minutes * 60_000 for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)),
    )
)
"""Distances between labels of the ruler, nanoseconds."""


@dataclass(frozen=True, slots=True)
class Track:
    """One line of the timeline."""

    name: str
    cells: str
    """One character a bucket."""
    note: str
    """What it amounts to, in words."""
    lane: Lane | None = None
    """Whose hue it has; None for the flags, which have their own."""


def density(counts: Sequence[int]) -> str:
    """Counts as blocks, by their square root; one event beside a million is still seen."""
    top = sqrt(max(counts, default=0))
    if not top:
        return " " * len(counts)
    return "".join(BLOCKS[max(round(8 * sqrt(count) / top), 1)] if count else " " for count in counts)


def curve(values: Sequence[float | None], top: float) -> str:
    """Measured values as blocks from 0 to ``top``; a dot where nothing was measured."""
    return "".join(
        NO_SAMPLE if value is None else BLOCKS[min(max(round(8 * value / top), 1), 8)] if value > 0 else "▁"
        for value in values
    )


def tracks(replay: Replay, width: int, *, tall: bool) -> list[Track]:
    """The tracks over the span in view, ``width`` cells wide; ``tall`` gives memory and power their own."""
    span = replay.span
    counts = replay.reader.zoom(span.start, span.end, width).counts
    found = [
        Track(lane.value, density(counts[lane]), _events(sum(counts[lane])), lane)
        for lane in (Lane.AGENT, Lane.EXEC, Lane.FILES, Lane.NET)
    ]
    found += _gpu(replay, width, tall=tall)
    found.append(_flags(replay.flags, replay, width))
    gaps = counts[Lane.GAPS]
    total = sum(gaps)
    note = f"{counted(total, 'gap', 'gaps')}: not seen" if total else "nothing missing here"
    found.append(Track(Lane.GAPS.value, "".join("░" if count else " " for count in gaps), note, Lane.GAPS))
    return found


def _gpu(replay: Replay, width: int, *, tall: bool) -> list[Track]:
    """The first device's curves; how many more there are stands in the note."""
    devices = replay.reader.gpu(replay.span.start, replay.span.end, width) if replay.clocked else []
    if not devices:
        return [Track("gpu", NO_SAMPLE * width, "no samples", Lane.GPU)]
    device, here = devices[0], replay.span.bucket(replay.now, width)
    more = f"  +{len(devices) - 1} more" if len(devices) > 1 else ""
    util, memory, power = device.util_pct, device.mem_used_mb, device.power_w
    most = device.memory_total_mb or max((value for value in memory.max if value is not None), default=1.0)
    now = [_at(curve_.mean, here) for curve_ in (util, memory, power)]
    said = [
        "no sample" if now[0] is None else f"util {now[0]:.0f} %",
        "" if now[1] is None else f"mem {now[1] / 1000:.0f} GB" if now[1] >= 1000 else f"mem {now[1]:.0f} MB",
        "" if now[2] is None else f"{now[2]:.0f} W",
    ]
    if not tall:
        return [Track("gpu", curve(util.mean, 100), "  ".join(filter(None, said)) + more, Lane.GPU)]
    watts = max((value for value in power.max if value is not None), default=1.0)
    return [
        Track("gpu util", curve(util.mean, 100), said[0] + more, Lane.GPU),
        Track("gpu mem", curve(memory.mean, most), f"{said[1]} of {most / 1000:.0f} GB", Lane.GPU),
        Track("gpu power", curve(power.mean, watts), f"{said[2]} of {watts:.0f} W", Lane.GPU),
    ]


def _at(values: Sequence[float | None], bucket: int | None) -> float | None:
    return None if bucket is None else values[bucket]


def _flags(flags: Flags, replay: Replay, width: int) -> Track:
    cells = [" "] * width
    span = replay.span
    tally = dict.fromkeys(Severity, 0)
    for flag in reversed(flags.all):
        at = replay.flag_at(flag)
        bucket = span.bucket(at, width) if at is not None else None
        if bucket is None:
            continue
        tally[flag.severity] += 1
        current = cells[bucket]
        if current == " " or list(SYMBOLS.values()).index(current) > list(Severity).index(flag.severity):
            cells[bucket] = SYMBOLS[flag.severity]
    said = [f"{SYMBOLS[severity]} {count}" for severity, count in tally.items() if count]
    note = f"{'  '.join(said)} flagged" if said else "none"
    return Track("flags", "".join(cells), note, None)


def _events(count: int) -> str:
    return counted(count, "event", "events")


def ruler(span: Span, start: int, width: int, *, clocked: bool) -> str:
    """Labels of round times under which the tracks stand."""
    cells = [" "] * width
    if not clocked:
        ends = (f"{span.start + 1:,}", f"{span.end + 1:,}")
        cells[: len(ends[0])] = ends[0]
        cells[width - len(ends[1]) :] = ends[1]
        return "".join(cells)[:width]
    labels = max(width // 12, 1)
    step_ns = next((step for step in _STEPS if span.width <= step * labels), _STEPS[-1])
    at = start + -(-(span.start - start) // step_ns) * step_ns
    free_from = 0
    while at <= span.end:
        bucket = span.bucket(at, width)
        label = "╵" + _tick(at - start, step_ns)
        if bucket is not None and bucket >= free_from and bucket + len(label) <= width:
            cells[bucket : bucket + len(label)] = label
            free_from = bucket + len(label) + 1
        at += step_ns
    return "".join(cells)


def _tick(ns: int, step: int) -> str:
    """A time as exactly as the distance between two labels asks for."""
    if step < SECOND:
        return f"{ns / SECOND:.3f} s" if step < SECOND // 100 else f"{ns / SECOND:.2f} s"
    hours, rest = divmod(ns // SECOND, 3600)
    return f"{hours}:{rest // 60:02}" + ("" if step % (60 * SECOND) == 0 else f":{rest % 60:02}")


def width_note(span: Span, whole: Span, *, clocked: bool) -> str:
    """How much of the run is in view."""
    if not clocked:
        return "in order only: no clock"
    if span == whole:
        return f"whole run, {brief(whole.width)}"
    return f"{brief(span.width)} of {brief(whole.width)}"
