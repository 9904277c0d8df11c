"""Painting lines: text in a style, cut and padded to cells, and the style sheet that the palette makes.

Every text that goes through :func:`cut` or :class:`Pen` has its controls replaced, so that what is measured is
what is drawn.
"""

from dataclasses import dataclass
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ptb_tui.theme import Palette
from store.event import Lane
from store.findings import Severity
from store.plain import plain


@dataclass(frozen=True, slots=True)
class Inks:
    """Styles made from a palette; none sets a background, :meth:`Pen.strip` lays that under the line."""

    ink: Style
    strong: Style
    soft: Style
    faint: Style
    line: Style
    accent: Style
    playhead: Style
    good: Style
    tried: Style
    """Attempted, not done."""
    violation: Style
    suspicious: Style
    note: Style
    match: Style
    """With a background: a search hit."""
    code_keyword: Style
    code_string: Style
    code_number: Style
    code_comment: Style
    lanes: dict[Lane, Style]
    ground: Style
    raised: Style
    cursor: Style
    cursor_idle: Style

    def named(self, name: str) -> Style:
        """A style by the name that the state gives it: a field of this class or a lane."""
        if name in self.lanes:
            return self.lanes[Lane(name)]
        style = getattr(self, name)
        assert isinstance(style, Style)
        return style

    def severity(self, severity: Severity | None) -> Style:
        """The style of a flag; soft for none."""
        return {
            Severity.VIOLATION: self.violation,
            Severity.SUSPICIOUS: self.suspicious,
            Severity.NOTE: self.note,
            None: self.soft,
        }[severity]


@cache
def inks(palette: Palette) -> Inks:
    """The styles of a palette."""

    def ink(color: str, *, bold: bool | None = None, italic: bool | None = None) -> Style:
        return Style(color=color, bold=bold, italic=italic)

    return Inks(
        ink=ink(palette.ink),
        strong=ink(palette.ink, bold=True),
        soft=ink(palette.soft),
        faint=ink(palette.faint),
        line=ink(palette.line),
        accent=ink(palette.accent, bold=True),
        playhead=ink(palette.playhead, bold=True),
        good=ink(palette.good),
        tried=ink(palette.soft, italic=True),
        violation=ink(palette.violation, bold=True),
        suspicious=ink(palette.suspicious, bold=True),
        note=ink(palette.note),
        match=Style(color=palette.ink, bgcolor=palette.match),
        code_keyword=ink(palette.code_keyword),
        code_string=ink(palette.code_string),
        code_number=ink(palette.code_number),
        code_comment=ink(palette.code_comment, italic=True),
        lanes={lane: ink(palette.lane(lane)) for lane in Lane},
        ground=Style(bgcolor=palette.ground),
        raised=Style(bgcolor=palette.raised),
        cursor=Style(bgcolor=palette.cursor),
        cursor_idle=Style(bgcolor=palette.raised),
    )


def cut(text: str, width: int, *, left: bool = False) -> str:
    """``text`` made plain, in at most ``width`` cells; an ellipsis stands where it was cut."""
    if width <= 0:
        return ""
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    text = plain(text)
    # A cell holds at least a part of a character, except for zero-width ones: bound the work on huge texts.
    if len(text) > 4 * width:
        text = text[-4 * width :] if left else text[: 4 * width]
        if cell_len(text) <= width:
            text = "…" + text[1:] if left else text[:-1] + "…"
    if cell_len(text) <= width:
        return text
    if not left:
        return set_cell_size(text, width - 1) + "…"
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return "…" + text


@cache
def _laid(style: Style, under: Style) -> Style:
    return under + style


_NO_STYLE = Style.null()


class Pen:
    """Writes one line from left to right."""

    __slots__ = ("_parts", "_used", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self._used = 0
        self._parts: list[tuple[str, Style]] = []

    @property
    def left(self) -> int:
        """Cells still free."""
        return max(self.width - self._used, 0)

    def write(self, text: str, style: Style, *, width: int | None = None, right: bool = False) -> "Pen":
        """Add ``text``, cut to what is free; with ``width`` also padded to it, on the left when ``right``."""
        room = self.left if width is None else min(width, self.left)
        text = cut(text, room)
        cells = cell_len(text)
        pad = room - cells if width is not None else 0
        if right:
            self.gap(pad)
        if text:
            self._parts.append((text, style))
            self._used += cells
        if not right:
            self.gap(pad)
        return self

    def gap(self, cells: int = 1) -> "Pen":
        """Add empty cells."""
        cells = min(cells, self.left)
        if cells > 0:
            self._parts.append((" " * cells, _NO_STYLE))
            self._used += cells
        return self

    def to(self, column: int) -> "Pen":
        """Go on at ``column``, if it is still ahead."""
        return self.gap(column - self._used) if column > self._used else self

    def strip(self, under: Style) -> Strip:
        """The whole line on a background."""
        self.to(self.width)
        return Strip([Segment(text, _laid(style, under)) for text, style in self._parts], self.width)
