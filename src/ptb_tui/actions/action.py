"""One thing a person can do: where, by which keys, and what it is called.

An action names its keys the way Textual does (``ctrl+d``, ``full_stop``).
"""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where an action applies."""

    EVERYWHERE = "everywhere"
    RUNS = "runs"
    HEAT = "heat"
    CASE = "case"
    FINDINGS = "findings"
    LINEAGE = "lineage"
    REPLAY = "replay"
    SCORE = "score"
    SCORE_FORM = "score_form"
    VERDICT = "verdict"
    CONFIRM = "confirm"
    SQL = "sql"
    COMPARE = "compare"
    QUERIES = "queries"


class Group(StrEnum):
    """The heading an action stands under in the help."""

    MOVE = "Move"
    PLAY = "Play"
    TIME = "Time"
    FLAGS = "Flags"
    SEARCH = "Search"
    REVIEW = "Review"
    VIEW = "View"
    APP = "App"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    id: str
    """``scope.name``; unique."""
    keys: tuple[str, ...]
    title: str
    """Two or three words, for the footer and the palette."""
    help: str
    """One sentence that says what happens."""
    group: Group
    call: str
    """The method ``action_…`` of the screen or app; ``{key}`` stands for the pressed key."""
    hint: bool = False
    """Named in the footer."""

    @property
    def scope(self) -> Scope:
        """Where it applies, from its id."""
        return Scope(self.id.split(".")[0])
