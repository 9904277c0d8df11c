"""What somebody is told who sees a screen for the first time: once, then never again."""

from pathlib import Path

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import label_of

_WORDS: dict[Scope, tuple[str, ...]] = {
    Scope.RUNS: (
        "{runs.open} opens the case of a run, {runs.next_undecided} the next one that waits for a decision.",
        "{everywhere.help} lists every key, {everywhere.palette} finds any action by its name.",
    ),
    Scope.HEAT: ("The darker a cell, the more its decision is worth: {heat.open} opens it.",),
    Scope.CASE: (
        "What is known of how the model was made, against it, for it, and what nobody saw.",
        "{case.replay} replays at the evidence, {case.verdict} decides, {everywhere.help} lists every key.",
    ),
    Scope.FINDINGS: (
        "{findings.accept} says that a finding is right, {findings.reject} that it is wrong; {findings.lineage} walks its lineage.",
    ),
    Scope.LINEAGE: (
        "Each step of the way with the bytes as they were: {lineage.down} and {lineage.up} walk it, {lineage.replay} replays there.",
    ),
    Scope.REPLAY: (
        "{replay.play} plays, {replay.next_flag} goes to the next flag, {replay.search} searches, {replay.zoom_in} zooms.",
        "Click the lanes to go there; {everywhere.help} lists every key.",
    ),
    Scope.COMPARE: (
        "Two runs on one time axis, and below what only one of them did; {compare.replay} replays at the playhead.",
    ),
    Scope.SQL: (
        "Write a query and {sql.run} asks it; {sql.queries} has queries to take, {sql.enter} on a row goes to its moment.",
    ),
    Scope.SCORE: ("{score.start} starts a scoring job, which goes on when ptb is left.",),
}


class Hints:
    """Which screens this user has seen, as empty files in a folder."""

    def __init__(self, folder: Path) -> None:
        """``folder`` need not exist."""
        self._folder = folder

    def first(self, scope: Scope) -> str | None:
        """What to tell on a screen that was never seen; remembers that it was told.

        None where it was told before, or where that cannot be remembered: to be told every time is worse than never.
        """
        words = _WORDS.get(scope)
        file = self._folder / scope.value
        if words is None or file.exists():
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file.touch()
        except OSError:
            return None
        return "\n".join(_named(line) for line in words)


def _named(line: str) -> str:
    """``{case.replay}`` is the key of that action."""
    parts = line.split("{")
    told = [parts[0]]
    for part in parts[1:]:
        action_id, _, rest = part.partition("}")
        told += [label_of(action_id), rest]
    return "".join(told)
