"""Who acts: the option that names a reviewer, and the line that says where an act was kept."""

import os
from getpass import getuser
from pathlib import Path

import click

from ptb_tui.cli.output import note
from store.overlay import Review


def user_name() -> str:
    """The name of this user; ``uid N`` where the system knows none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


reviewer_option = click.option(
    "--reviewer", metavar="NAME", default=user_name, show_default="your user name", help="Who says so."
)


def note_where(review: Review, path: Path) -> None:
    """Say so when a record had to go beside the run."""
    if review.is_in_state_folder(path):
        note(f"{review.run_folder} is read-only: kept in {path}")
