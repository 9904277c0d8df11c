"""Which of the runs at hand a row of an answer is about."""

from collections.abc import Sequence
from pathlib import Path

from ptb_tui.state.sql.answer import Moment
from store.library import entry_of


def folder_of(moment: Moment, folders: Sequence[Path]) -> Path | None:
    """The folder of the run that a row names, or the only one there is; reads manifests until it is found."""
    if len(folders) == 1:
        return folders[0]
    likely_first = sorted(folders, key=lambda one: one.name != moment.run_id)
    return next((one for one in likely_first if entry_of(one).run_id == moment.run_id), None)
