"""``ptb doctor``: what this machine can capture, sandbox and score with, and why not.

Exit code 3 says that a recording made here would lack every kernel-level witness: its absence proves nothing.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from textwrap import wrap
from typing import Final

import click

from ptb_tui.cli.output import json_option, print_json, print_lines
from recorder.probe.capability import Capability, State
from recorder.probe.examination import Examination, examine

_COULD_NOT_LOOK: Final = 3
_MARKS: Final = {State.WORKS: "✓", State.FAILS: "✗", State.UNKNOWN: "?"}
_NAME_WIDTH: Final = 16
_LABEL_WIDTH: Final = 14
_NARROWEST: Final = 60
_WIDEST: Final = 140


@click.command("doctor", short_help="what this machine can capture, sandbox and score with, and why not")
@json_option
def command(as_json: bool) -> int:
    """Try every witness, sandbox part, scoring engine and agent on this machine.

    Exits with 0, or with 3 when no kernel-level witness (eBPF, strace) works.
    """
    found = examine()
    if as_json:
        print_json(
            {
                "machine": asdict(found.machine),
                "rung": found.rung,
                "capabilities": [asdict(capability) for capability in found.capabilities],
            }
        )
    else:
        columns = shutil.get_terminal_size((100, 24)).columns
        print_lines(_report(found, min(max(columns, _NARROWEST), _WIDEST)))
    return 0 if found.rung else _COULD_NOT_LOOK


def _report(found: Examination, width: int) -> Iterator[str]:
    machine = found.machine
    yield from wrap(
        f"{machine.system}, kernel {machine.kernel} {machine.architecture}, {machine.cpus} CPUs,"
        f" Python {machine.python}, {'root' if machine.root else 'not root'}",
        width,
        break_on_hyphens=False,
    )
    for area, capabilities in groupby(found.capabilities, lambda capability: capability.area):
        yield ""
        yield area.value
        for capability in capabilities:
            yield from _lines(capability, width)
    yield ""
    yield from wrap(
        f"A command recorded here is watched by {found.rung}."
        if found.rung
        else "A recording made here has no kernel-level witness: only what the agent says of itself.",
        width,
    )


def _lines(capability: Capability, width: int) -> Iterator[str]:
    """The state in the first line; cost, blindness and cure below it, aligned."""
    lead = f"  {_MARKS[capability.state]} {capability.name:<{_NAME_WIDTH}} "
    told = (
        (capability.state.value, capability.why),
        ("costs", capability.cost),
        ("cannot see", capability.blind),
        ("to fix", capability.fix),
    )
    for label, text in told:
        for part in wrap(text or "", width - len(lead) - _LABEL_WIDTH, break_on_hyphens=False):
            yield f"{lead}{label:<{_LABEL_WIDTH}}{part}".rstrip()
            lead, label = " " * len(lead), ""
