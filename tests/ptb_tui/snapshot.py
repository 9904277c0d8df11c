"""What an app painted, cell by cell, as a text that can be read and compared.

First what stands there, then in which inks: runs of cells as ``COUNT INK@GROUND``, without the ground where it is the app's
own and without the ink where nothing is written. Inks are the roles of the palette (``*`` bold, ``/`` italic, ``_`` underlined,
``!`` reversed), so that one file holds for every theme; where a theme paints a cell in a role that is not the dark one's,
or in a mixture, the file has both colours.

``PTB_ACCEPT_SNAPSHOTS=1 pytest tests/ptb_tui/test_snapshots.py`` accepts what there is now; read the difference first.
"""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.style import Style
from textual.app import App
from textual.color import Color

from ptb_tui.theme import DARK, LIGHT, Palette

FOLDER = Path(__file__).parent / "snapshots"
ACCEPT = "PTB_ACCEPT_SNAPSHOTS"
_ROLES = [one.name for one in fields(Palette) if one.name not in ("name", "dark")]
_BLACK = Color(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One character and how it is painted; the second half of a wide one is empty."""

    text: str
    ink: str
    """``#rrggbb``; empty for the terminal's own."""
    ground: str
    marks: str


Grid = list[list[Cell]]


def painted(app: App[None]) -> Grid:
    """Every cell of the terminal, as it leaves the app's filters."""
    grid = []
    for strip in app.screen._compositor.render_strips(app.size):
        for one in app.get_line_filters():
            strip = strip.apply_filter(one, _BLACK)  # one filter after the other
        grid.append(
            [
                cell
                for segment in strip
                if not segment.control
                for char in segment.text
                for cell in _cells(char, segment.style or Style.null())
            ]
        )
    return grid


def _cells(char: str, style: Style) -> list[Cell]:
    marks = "".join(
        mark
        for mark, on in (
            ("*", style.bold),
            ("/", style.italic),
            ("_", style.underline),
            ("!", style.reverse),
        )
        if on
    )
    cell = Cell(char, _hex(style.color), _hex(style.bgcolor), marks)
    return [cell, *[Cell("", cell.ink, cell.ground, marks)] * (cell_len(char) - 1)]


def _hex(color: object) -> str:
    triplet = getattr(color, "triplet", None)
    return triplet.hex if triplet is not None else ""


def written(dark: Grid, light: Grid) -> str:
    """Both grids as one text."""
    text = ["".join(cell.text for cell in line).rstrip() for line in dark]
    assert text == ["".join(cell.text for cell in line).rstrip() for line in light], (
        "another theme, another text"
    )
    inks = [_runs(*lines) for lines in zip(dark, light, strict=True)]
    numbered = [f"{number:>3} {line}".rstrip() for number, line in enumerate(inks, start=1) if line]
    return "\n".join([*text, "─" * 20, *numbered, ""])


def _runs(dark: Sequence[Cell], light: Sequence[Cell]) -> str:
    """Runs of cells in one ink; what is blank goes with what stands before it on the same ground."""
    names: list[tuple[str, str]] = []
    for here, there in zip(dark, light, strict=True):
        ink, ground = _name(here, there)
        if not ink and names and names[-1][1] == ground:
            ink = names[-1][0]
        names.append((ink, ground))
    runs = [(ink + ground, sum(1 for _ in run)) for (ink, ground), run in groupby(names)]
    return "  ".join(f"{count} {name}".rstrip() for name, count in runs if name or len(runs) > 1)


def _name(dark: Cell, light: Cell) -> tuple[str, str]:
    """Ink and ground; no ink where nothing is to be seen of it."""
    ground = _role(dark.ground, light.ground)
    behind = "" if ground == "ground" else f"@{ground}"
    if not dark.text.strip() and not set(dark.marks) & set("_!"):
        return "", behind
    marks = dark.marks if dark.marks == light.marks else f"({dark.marks}|{light.marks})"
    return _role(dark.ink, light.ink) + marks, behind


def _role(dark: str, light: str) -> str:
    """The first role with that colour in both themes; else both colours."""
    for role in _ROLES:
        if getattr(DARK, role) == dark and getattr(LIGHT, role) == light:
            return role
    return f"{dark}|{light}"


def compare(name: str, seen: str) -> None:
    """Fail with the difference where ``seen`` is not what was accepted under that name."""
    file = FOLDER / f"{name}.txt"
    if os.environ.get(ACCEPT):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(seen, encoding="utf-8")
        return
    accepted = file.read_text(encoding="utf-8") if file.exists() else ""
    difference = difflib.unified_diff(
        accepted.splitlines(), seen.splitlines(), "accepted", "seen now", lineterm="", n=1
    )
    told = "\n".join(difference)
    assert not told, f"{file.name} is painted differently ({ACCEPT}=1 accepts it):\n{told}"
