"""A page of sections: lines under headings, some of which can be selected; what Case and the like are made of."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from ptb_tui.state.prose import Line, line, wrap

INDENT = 2
"""Cells that items stand further in than headings."""


@dataclass(frozen=True, slots=True)
class Item:
    """A few lines that belong together."""

    lines: tuple[Line, ...]
    key: Hashable | None = None
    """What it stands for, unique on the page; None for what cannot be selected."""
    seq: int | None = None
    """The event that it can be looked at in."""


@dataclass(frozen=True, slots=True)
class Section:
    """Items under a heading."""

    title: str
    items: tuple[Item, ...]
    note: str = ""
    """Stands beside the heading."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One line as it stands on the screen."""

    line: Line
    item: Item | None
    """None for headings and what stands between."""
    first: bool = False
    """It is the first line of its item."""


class Page:
    """The sections, the selected item, and which lines are in view."""

    def __init__(self) -> None:
        self._sections: tuple[Section, ...] = ()
        self._width = 80
        self._height = 1
        self._items: list[Item] = []
        """Those that can be selected, in order."""
        self._index: dict[Hashable, int] = {}
        """Key → index among them."""
        self._selected: Hashable | None = None
        self._placed: list[Placed] = []
        self._rows: dict[Hashable, tuple[int, int]] = {}
        """Key → first and last of its lines."""
        self._touched = False
        """Somebody moved: from then on the selection stays in view; before, the beginning does."""
        self.top = 0
        """The first line in view."""

    def fill(self, sections: Sequence[Section]) -> None:
        """Show these; the selection stays where its item is still there. Nothing at all begins anew."""
        if not sections:
            self._touched, self.top = False, 0
        self._sections = tuple(section for section in sections if section.items)
        before = self._index.get(self._selected, 0)
        self._items = [item for section in self._sections for item in section.items if item.key is not None]
        self._index = {item.key: number for number, item in enumerate(self._items)}
        if self._selected not in self._index:
            near = min(before, len(self._items) - 1)
            self._selected = self._items[near].key if self._items else None
        self._place()

    def resize(self, width: int, height: int) -> None:
        """Arrange for the size at hand."""
        self._height = max(height, 1)
        if width != self._width:
            self._width = width
            self._place()
        self._turn(0)

    @property
    def selected(self) -> Item | None:
        """The selected item; None where nothing can be."""
        index = self._index.get(self._selected)
        return None if index is None else self._items[index]

    @property
    def shows_selection(self) -> bool:
        """Whether the beginning of the selected item is in view."""
        rows = self._rows.get(self._selected)
        return rows is not None and self.top <= rows[0] < self.top + self._height

    @property
    def lines(self) -> list[Placed]:
        """The lines in view."""
        return self._placed[self.top : self.top + self._height]

    @property
    def below(self) -> int:
        """How many lines there are below those in view."""
        return max(len(self._placed) - self.top - self._height, 0)

    def select(self, key: Hashable) -> None:
        """Select the item that stands for ``key``, if it is there."""
        if key in self._index:
            self._touched, self._selected = True, key
            self._reveal()

    def move(self, items: int) -> None:
        """So many selectable items on; where there are no more, the page scrolls."""
        self._touched = True
        target = self._index.get(self._selected, 0) + items
        if self._items:
            self._selected = self._items[min(max(target, 0), len(self._items) - 1)].key
        if 0 <= target < len(self._items):
            self._reveal()
        else:
            self._turn(items)

    def edge(self, which: int) -> None:
        """To the first (0) or last (-1) item."""
        self._touched = True
        if self._items:
            self._selected = self._items[which].key
        self.top = 0 if which == 0 else max(len(self._placed) - self._height, 0)

    def scroll(self, lines: int) -> None:
        """So many lines down, up when negative."""
        self._touched = True
        self._turn(lines)

    def page(self, halves: int) -> None:
        """So many halves of the height down."""
        self.scroll(halves * max(self._height // 2, 1))

    def at(self, row: int) -> Item | None:
        """The selectable item in a line in view."""
        lines = self.lines
        item = lines[row].item if row < len(lines) else None
        return item if item is not None and item.key is not None else None

    def _turn(self, lines: int) -> None:
        self.top = min(max(self.top + lines, 0), max(len(self._placed) - self._height, 0))

    def _place(self) -> None:
        self._placed, self._rows = [], {}
        for number, section in enumerate(self._sections):
            if number:
                self._placed.append(Placed(line(), None))
            heading = line((section.title, "accent"), "  " if section.note else "", (section.note, "soft"))
            self._placed += [Placed(one, None) for one in wrap([heading], self._width)]
            for item in section.items:
                wrapped = wrap(item.lines, max(self._width - INDENT, 1))
                begin = len(self._placed)
                self._placed += [Placed(one, item, first=n == 0) for n, one in enumerate(wrapped)]
                if item.key is not None:
                    self._rows[item.key] = begin, len(self._placed) - 1
        self._turn(0)
        if self._touched:
            self._reveal()

    def _reveal(self) -> None:
        """Keep the selected item in view, with the heading above it where there is room."""
        if self._selected not in self._rows:
            return
        first, last = self._rows[self._selected]
        # The last line in view says how many follow, where any do.
        room = self._height - 1 if last + 1 < len(self._placed) else self._height
        if last >= self.top + room:
            self.top = last - room + 1
        if first < self.top:
            self.top = max(first - 1, 0)
