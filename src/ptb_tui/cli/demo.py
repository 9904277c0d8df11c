"""``ptb demo``: record a short scripted agent here, scan the run, and open it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import note, print_lines
from ptb_tui.state.times import counted
from store.errors import BadInput

if TYPE_CHECKING:
    from recorder.recording import Outcome

_COUNTED = (
    ("process_starts", "process", "processes"),
    ("files", "file access", "file accesses"),
    ("file_versions", "file version", "file versions"),
    ("commands", "command", "commands"),
    ("transcript", "transcript row", "transcript rows"),
    ("gpu", "GPU sample", "GPU samples"),
    ("gaps", "gap", "gaps"),
)


@click.command("demo", short_help="record a short scripted agent here, scan it, open it")
@click.option("--no-ui", is_flag=True, help="Print what was recorded and found instead of opening it.")
@click.option(
    "--agent",
    type=click.Choice(["scripted", "claude"]),
    default="scripted",
    show_default=True,
    help="scripted: built in. claude: the real Claude Code with a scripted model, without a key or internet.",
)
def command(no_ui: bool, agent: str) -> None:
    """Record an agent that copies eval data into its training data, find that, and open the recording.

    It works in a temporary folder and takes seconds. No Docker, GPU, key or internet is needed.
    """
    if not no_ui and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise BadInput("ptb demo opens the app and needs a terminal; `ptb demo --no-ui` prints instead")
    folder = _record(agent, no_ui)
    if no_ui:
        return
    from ptb_tui.app import PtbApp
    from ptb_tui.leaving import show
    from store.library import entry_of

    show(PtbApp(case=entry_of(folder)))


def _record(agent: str, no_ui: bool) -> Path:
    """Record and scan; the folder of the run."""
    from demo.recorded import Agent, place_shipped, record_demo
    from ptb_tui.cli.scan import lines
    from review.profile import load_profile
    from review.scan import scan

    note("recording an agent at work in a temporary folder …")
    outcome = record_demo(Agent(agent), note)
    reason = _no_kernel(outcome)
    folder = outcome.folder
    if reason is not None:
        note(f"processes and files could not be recorded here: {reason}")
        folder = place_shipped()
        note("the recording that comes with ptb is shown instead")
    answer = scan(folder, load_profile())
    if no_ui:
        if reason is None:
            counts = [counted(outcome.rows.get(table, 0), one, more) for table, one, more in _COUNTED]
            print_lines(
                [
                    f"recorded {', '.join(counts)}",
                    f"found {counted(len(answer.findings), 'finding', 'findings')}",
                ]
            )
        print_lines(lines(answer))
        print_lines([f"open it with: ptb open {answer.run_id}"])
    return folder


def _no_kernel(outcome: "Outcome") -> str | None:
    """Why no kernel witness could start; None where one did."""
    kernel = [source for source in outcome.sources if source.name == "kernel"]
    if any(source.state != "unavailable" for source in kernel):
        return None
    return "; ".join(source.reason for source in kernel if source.reason) or "no kernel witness works here"
