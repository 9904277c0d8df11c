"""Styled text as lines of pieces, wrapped to a width: what the detail pane is made of.

Pieces hold run text; it is made plain here, so that what is measured is what is drawn.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from store.counting import counted
from store.plain import plain, plain_lines

LONGEST_LINE = 2000
"""Characters of one line of run text that are shown."""
MOST_LINES = 400
"""Lines of one body of run text that are shown."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one style."""

    text: str
    ink: str = "ink"
    """Name of a style of the palette's inks."""


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces beside each other."""

    pieces: tuple[Piece, ...]
    hang: int = 0
    """Cells by which what does not fit is indented."""

    @property
    def text(self) -> str:
        """Its text without styles."""
        return "".join(piece.text for piece in self.pieces)


def line(*pieces: str | tuple[str, str], hang: int = 0) -> Line:
    """A line from texts and ``(text, ink)`` pairs; every line end in them is shown as a symbol."""
    pairs = ((piece, "ink") if isinstance(piece, str) else piece for piece in pieces)
    return Line(tuple(Piece(_one_line(text), ink) for text, ink in pairs), hang)


def body(text: str, ink: str = "ink", *, rest: str = "") -> list[Line]:
    """Run text as lines, bounded; ``rest`` says where the whole of it is."""
    lines = plain_lines(text.rstrip("\n"))
    shown = [Line((Piece(clipped(each), ink),)) for each in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(left_out(len(lines) - MOST_LINES, rest))
    return shown


def left_out(count: int, rest: str = "") -> Line:
    """Says how many lines are not shown, and where they are."""
    return line((f"… {counted(count, 'more line')}" + (f"; {rest}" if rest else ""), "note"))


def clipped(text: str) -> str:
    """At most :data:`LONGEST_LINE` characters, saying how many are left out."""
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]} … {counted(len(text) - LONGEST_LINE, 'more character')} in this line"


def wrap(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """Lines of at most ``width`` cells, broken at spaces where there are any."""
    for each in lines:
        yield from _wrap_line(each, max(width, 1))


def _wrap_line(whole: Line, width: int) -> Iterator[Line]:
    if cell_len(whole.text) <= width:
        yield whole
        return
    indent = whole.hang if whole.hang <= width // 2 else 0
    row: list[Piece] = []
    used = 0
    for piece in whole.pieces:
        text = piece.text
        while text:
            room = width - used
            if cell_len(text) <= room:
                row.append(Piece(text, piece.ink))
                used += cell_len(text)
                break
            count = _break(text, room, fresh=used <= indent)
            if count:
                row.append(Piece(text[:count], piece.ink))
                text = text[count:].removeprefix(" ")
            yield Line(tuple(row))
            row, used = ([Piece(" " * indent)], indent) if indent else ([], 0)
    if row:
        yield Line(tuple(row))


def _break(text: str, room: int, *, fresh: bool) -> int:
    """How many characters go on a line with ``room`` cells left; ``fresh`` when nothing stands on it yet."""
    count = _fits(text, room)
    space = text.rfind(" ", 0, count + 1)
    if space > 0:
        return space
    if fresh:
        return max(count, 1)
    return count if text[0] == " " else 0


def _fits(text: str, cells: int) -> int:
    """How many characters of ``text`` fit in so many cells."""
    if text.isascii():
        return min(cells, len(text))
    used = 0
    for index, char in enumerate(text):
        used += cell_len(char)
        if used > cells:
            return index
    return len(text)


def _one_line(text: str) -> str:
    return clipped(plain(text))
