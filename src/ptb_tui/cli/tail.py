"""``ptb tail``: the last events of a run and, while it is recorded, every new one as it is committed."""

import time
from collections.abc import Iterator
from typing import Any

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from ptb_tui.state.folding import Fold, Row
from ptb_tui.state.times import utc
from ptb_tui.state.wording import wording
from store.cursor import Cursor
from store.damage import damaged_segments, tell_damage
from store.event import Event
from store.instants import iso
from store.library import find_run
from store.manifest_file import read_manifest

_POLL_S = 0.05


@click.command("tail", short_help="follow a run while it is recorded")
@click.argument("run")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many events to begin with.",
)
@click.option("--no-follow", is_flag=True, help="Print what is there and end.")
@json_option
def command(run: str, lines: int, no_follow: bool, as_json: bool) -> None:
    """Print the last events of RUN; while it is recorded, also every new one in the order of arrival.

    With --json: one object a line and event.
    """
    folder = find_run(run).folder
    if damaged := damaged_segments(folder, read_manifest(folder)):
        note(f"ptb: {tell_damage(damaged)}")
    with Cursor.open(folder) as cursor:
        for event in _events(cursor, lines, follow=not no_follow):
            if as_json:
                print_json(_object(event))
            else:
                print_lines([_line(event)])


def _events(cursor: Cursor, last: int, *, follow: bool) -> Iterator[Event]:
    """The last events by time, then new ones by ``seq``: a row that arrives late is still new."""
    seen = len(cursor)
    yield from cursor.window(max(seen - last, 0), last)
    while follow and cursor.live:
        if not cursor.refresh():
            time.sleep(_POLL_S)
        for seq in range(seen, len(cursor)):
            position = cursor.position_of(seq)
            if position is not None:
                yield from cursor.window(position, 1)
        seen = len(cursor)


def _object(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "ts": iso(event.ts),
        "kind": event.kind,
        "process_id": event.process_id,
        "pid": event.pid,
        "label": event.label,
        "amount": event.amount,
        "failed": event.failed,
    }


def _line(event: Event) -> str:
    said = wording(Row((event,), Fold.SINGLE))
    when = "no clock" if event.ts is None else utc(event.ts, fine=True)
    return f"{when}  {said.symbol} {said.word:<13} {said.before}{said.text}  {said.amount}".rstrip()
