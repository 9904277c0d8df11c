"""Pictures of the app for the documentation: ``python -m ptb_tui.pictures OUTDIR RUN`` writes SVG files."""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.state.opened import OpenRun
from ptb_tui.theme import CONTRAST, DARK, LIGHT
from store.library import entry_of, find_run

_PUT_OFF_S = 0.4
_CELL = 12.2
"""Width of a character in Textual's pictures."""
_LEADING = re.compile(
    r'(?P<before><text [^>]*?)x="(?P<x>[\d.]+)"(?P<between>[^>]*?)textLength="(?P<length>[\d.]+)"(?P<after>[^>]*>)'
    r"(?P<spaces>(?:&#160;)+)(?=[^&<])"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One screen after some keys."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    theme: str = DARK.name
    queue: bool = False
    """Of the list of runs instead of a run."""
    case: bool = False
    """Of the run's case instead of its Replay."""


PICTURES = (
    Picture("runs", (120, 30), queue=True),
    Picture("groups", (140, 42), ("o", "t"), queue=True),
    Picture("heat", (140, 42), ("h",), queue=True),
    Picture("heat-small", (80, 24), ("h",), queue=True),
    Picture("case", (140, 42), case=True),
    Picture("findings", (140, 42), ("f",), case=True),
    Picture("lineage", (140, 42), ("l", "j", "j"), case=True),
    Picture("lineage-small", (80, 24), ("l", "j"), case=True),
    Picture("findings-all", (140, 42), ("f",), queue=True),
    Picture("findings-small", (80, 24), ("f",), queue=True),
    Picture("case-small", (80, 24), case=True),
    Picture("case-light", (140, 42), theme=LIGHT.name, case=True),
    Picture("replay", (140, 42), ("e", "e", "e")),
    Picture("replay-light", (140, 42), ("e",), theme=LIGHT.name),
    Picture("replay-contrast", (140, 42), ("e",), theme=CONTRAST.name),
    Picture("replay-small", (80, 24), ("e",)),
    Picture("sql", (140, 42), ("semicolon", "ctrl+o", "enter", "f5")),
    Picture("sql-small", (80, 24), ("semicolon", "ctrl+o", "enter", "f5")),
    Picture("score", (140, 42), ("s",), case=True),
    Picture("compare", (140, 42), ("m", "j", "c"), queue=True),
    Picture("help", (120, 60), ("question_mark",)),
)


def _moved(text: re.Match[str]) -> str:
    """A text without the spaces that it begins with, moved by as much: rsvg-convert drops them."""
    indent = len(text["spaces"]) // len("&#160;") * _CELL
    x, length = float(text["x"]) + indent, float(text["length"]) - indent
    return f'{text["before"]}x="{x:g}"{text["between"]}textLength="{length:g}"{text["after"]}'


async def _settle(pilot: Pilot[None]) -> None:
    """Wait for what is put off for a moment, then for what is read beside the event loop."""
    await pilot.pause(_PUT_OFF_S)
    while any(worker.is_running for worker in pilot.app.workers):
        await pilot.pause(_PUT_OFF_S)


async def draw(picture: Picture, run: Path, out: Path) -> Path:
    """Write one picture; returns its file."""
    if picture.queue:
        app = PtbApp(folder=run.parent)
    elif picture.case:
        app = PtbApp(case=entry_of(run))
    else:
        app = PtbApp(run=OpenRun.open(run))
    async with app.run_test(size=picture.size) as pilot:
        app.theme = picture.theme
        await _settle(pilot)
        for key in picture.keys:
            await pilot.press(key)
            await _settle(pilot)
        file = out / f"{picture.name}.svg"
        file.write_text(_LEADING.sub(_moved, app.export_screenshot(title="ptb")), encoding="utf-8")
    return file


def main(args: Sequence[str]) -> int:
    """Draw all pictures of one run, or those named after it."""
    if len(args) < 2:
        sys.stderr.write("usage: python -m ptb_tui.pictures OUTDIR RUN [NAME …]\n")
        return 2
    out, run, names = Path(args[0]), find_run(args[1]).folder, args[2:]
    out.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if not names or picture.name in names:
            sys.stdout.write(f"{asyncio.run(draw(picture, run, out))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
