"""``ptb open``: the terminal app, on one run or on the queue of all."""

import sys
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import note
from store.errors import BadInput

if TYPE_CHECKING:
    from ptb_tui.state.opened import OpenRun
    from ptb_tui.state.times import GoTo

_SLOW_S = 0.5
"""Opening that takes longer than this is explained."""


@click.command("open", short_help="look at runs in the terminal app")
@click.argument("run", required=False)
@click.option("--at", metavar="TIME", help="Put the playhead at a time: 3:41, 90s, '14:32 utc', 50%, end.")
@click.option("--seq", type=int, metavar="N", help="Put the playhead on an event.")
def command(run: str | None, at: str | None, seq: int | None) -> None:
    """Open the case of RUN, with --at or --seq its Replay; without RUN, list all runs."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise BadInput("ptb open needs a terminal; use `ptb show RUN` or `ptb ls` in scripts")
    if run is None and (at is not None or seq is not None):
        raise BadInput("--at and --seq say where in a run: name the RUN as well")
    if at is not None and seq is not None:
        raise BadInput("give --at or --seq, not both")

    from store.library import find_run, runs_folder

    entry = find_run(run) if run is not None else None

    from ptb_tui.app import PtbApp
    from ptb_tui.leaving import show
    from store.manifest import State

    if entry is None:
        app = PtbApp(folder=runs_folder())
    elif at is None and seq is None and entry.manifest and entry.manifest.state is not State.RECORDING:
        app = PtbApp(case=entry)
    else:
        opened = _open(entry.folder)
        app = PtbApp(run=opened, at=_place(opened, at, seq))
    show(app)


def _open(folder: Path) -> "OpenRun":
    from ptb_tui.state.opened import OpenRun

    slow = Timer(_SLOW_S, note, (f"{folder.name} is opened for the first time: making its index …",))
    slow.start()
    try:
        return OpenRun.open(folder)
    finally:
        slow.cancel()


def _place(opened: "OpenRun", at: str | None, seq: int | None) -> "GoTo | None":
    from ptb_tui.state.times import GoToSeq, parse_go_to

    if seq is not None:
        if opened.cursor.position_of(seq) is None:
            raise BadInput(f"{opened.manifest.run_id} has no event #{seq}")
        return GoToSeq(seq)
    if at is None:
        return None
    start, end = opened.cursor.span or (None, None)
    return parse_go_to(at, start, end, start)
