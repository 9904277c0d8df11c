"""Styled text as lines of pieces, wrapped to a width: what the detail pane is made of.

Pieces hold run text; it is made plain here, so that what is measured is what is drawn.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len

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


Line = tuple[Piece, ...]


def line(*pieces: str | tuple[str, str]) -> Line:
    """A line from texts and ``(text, ink)`` pairs; every line end in them is shown as a symbol."""
    return tuple(
        Piece(_one_line(piece)) if isinstance(piece, str) else Piece(_one_line(piece[0]), piece[1])
        for piece in pieces
    )


def body(text: str, ink: str = "ink", *, rest: str = "") -> list[Line]:
    """Run text as lines, bounded; ``rest`` says where the whole of it is."""
    lines = plain_lines(text.rstrip("\n"))
    shown = [(Piece(clipped(each), ink),) for each in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        more = (
            f"… {len(lines) - MOST_LINES:,} more lines; {rest}"
            if rest
            else f"… {len(lines) - MOST_LINES:,} more lines"
        )
        shown.append((Piece(more, "note"),))
    return [tuple(pieces) for pieces in shown]


def clipped(text: str) -> str:
    """At most :data:`LONGEST_LINE` characters, saying how many are left out."""
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]} … {len(text) - LONGEST_LINE:,} more characters in this line"


def wrap(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """Lines of at most ``width`` cells, broken at spaces where there are any."""
    for pieces in lines:
        yield from _wrap_line(pieces, max(width, 1))


def _wrap_line(pieces: Line, width: int) -> Iterator[Line]:
    if sum(cell_len(piece.text) for piece in pieces) <= width:
        yield pieces
        return
    row: list[Piece] = []
    used = 0
    for piece in pieces:
        text = piece.text
        while text:
            room = width - used
            if cell_len(text) <= room:
                row.append(Piece(text, piece.ink))
                used += cell_len(text)
                break
            count = _fits(text, room)
            space = text.rfind(" ", 0, count + 1)
            if space > 0:
                count = space
            elif used and (count == 0 or text[0] != " "):
                count = 0
            if count == 0 and not used:
                count = 1
            if count:
                row.append(Piece(text[:count], piece.ink))
                text = text[count:].removeprefix(" ")
            yield tuple(row)
            row, used = [], 0
    if row:
        yield tuple(row)


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
