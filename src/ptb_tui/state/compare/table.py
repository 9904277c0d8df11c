"""What is known of two runs as a page: figures in two columns, then what only one of them did."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from ptb_tui.state.page import INDENT, Item, Section
from ptb_tui.state.prose import Line, line
from ptb_tui.state.times import SECOND, brief, size
from review.compare.part import Compared, Deed, Figure, Pair, Unit
from store.plain import plain

SIDE_INKS = ("agent", "net")
"""The hue of each run; its letter says the same."""
_NAME_WIDTH = 31
_WIDEST_VALUE = 60
_MOST_DEEDS = 60
"""Deeds of one run in one part; the rest is counted."""
_KINDS = {
    "command": "ran",
    "package": "installed",
    "data": "trained on",
    "hub": "named on the hub",
    "host": "connected to",
    "finding": "flag",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a line of the page stands for: a deed of one run."""

    side: int
    kind: str
    what: str


def sections(
    parts: Sequence[Compared], names: tuple[str, str], width: int, *, everything: bool
) -> list[Section]:
    """The page of two runs of these names, for so many cells; only what differs unless ``everything`` is asked for."""
    found: list[Section] = []
    for part in parts:
        pairs = [pair for pair in part.pairs if everything or pair.differs]
        items = [] if found else [Item((_heading(names, width - INDENT),))]
        items += [Item((_pair(pair, width - INDENT),)) for pair in pairs]
        for side, deeds in enumerate((part.only_first, part.only_second)):
            items += _only(side, deeds)
        same = len(part.pairs) - len(pairs)
        notes = [f"{same} the same" if same else "", f"{part.both} done by both" if part.both else ""]
        note = ", ".join(filter(None, notes))
        if not items:
            items.append(Item((line(("no difference", "soft")),)))
        found.append(Section(part.title, tuple(items), note))
    return found


def _only(side: int, deeds: Sequence[Deed]) -> list[Item]:
    letter, ink = "AB"[side], SIDE_INKS[side]
    items = []
    for deed in deeds[:_MOST_DEEDS]:
        times = f"  {deed.times}×" if deed.times > 1 else ""
        key: Hashable = Chosen(side, deed.kind, deed.what)
        text = line(
            (f"only {letter} ", ink),
            (f"{_KINDS.get(deed.kind, deed.kind)}  ", "soft"),
            (deed.what, "ink"),
            (times, "soft"),
            hang=7,
        )
        items.append(Item((text,), key, deed.seq))
    left = len(deeds) - _MOST_DEEDS
    if left > 0:
        items.append(Item((line((f"only {letter} ", ink), (f"… {left:,} more", "note")),)))
    return items


def _columns(width: int) -> tuple[int, int]:
    """Cells of names and of each run's values."""
    name = min(_NAME_WIDTH, width * 2 // 5)
    return name, min(max((width - name) // 2, 8), _WIDEST_VALUE)


def _heading(names: tuple[str, str], width: int) -> Line:
    name, column = _columns(width)
    first, second = (f"{letter} {one}" for letter, one in zip("AB", names, strict=True))
    return line(
        " " * name, (_fit(first, column - 2) + "  ", SIDE_INKS[0]), (_cut(second, column), SIDE_INKS[1])
    )


def _pair(pair: Pair, width: int) -> Line:
    name, column = _columns(width)
    ink = "strong" if pair.differs else "soft"
    values = [value_text(figure, pair.unit) for figure in (pair.first, pair.second)]
    inks = [ink if value else "faint" for value in values]
    shown = [
        value or (figure.absent if figure else "none")
        for value, figure in zip(values, (pair.first, pair.second), strict=True)
    ]
    return line(
        (_fit(pair.name, name - 3), "soft"),
        (" ≠ " if pair.differs else "   ", "accent"),
        (_fit(shown[0], column - 2) + "  ", inks[0]),
        (_cut(shown[1], column), inks[1]),
    )


def value_text(figure: Figure | None, unit: Unit) -> str:
    """A figure for people; empty where it was not observed."""
    value = figure.value if figure is not None else None
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    match unit:
        case Unit.SHARE:
            return f"{value:.1%}"
        case Unit.SECONDS:
            return brief(int(value * SECOND))
        case Unit.BYTES:
            return size(int(value))
        case Unit.MEGABYTES:
            return size(int(value * 1_000_000))
        case Unit.HOURS:
            return f"{value:.2f} h"
        case Unit.PERCENT:
            return f"{value:.0f} %"
        case Unit.WATTS:
            return f"{value:.0f} W"
        case Unit.DOLLARS:
            return f"${value:,.2f}"
    return f"{value:,}"


def _fit(text: str, cells: int) -> str:
    return set_cell_size(_cut(text, cells), max(cells, 0))


def _cut(text: str, cells: int) -> str:
    text = plain(text)
    return text if cell_len(text) <= cells else set_cell_size(text, max(cells - 1, 0)) + "…"
