"""Accepting, rejecting and reopening one finding: the same words and the same record on every screen that shows one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from textual.screen import Screen

from ptb_tui.state import acts
from ptb_tui.widgets.prompt import Prompt
from store.errors import PtbError
from store.findings import FindingState
from store.overlay import Review


@dataclass(frozen=True, slots=True)
class Selected:
    """A finding that can be decided on, and where the word on it is kept."""

    finding_id: str
    rule: str
    review: Review


class Says(Protocol):
    """A screen that has a line for messages."""

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message."""


class Deciding:
    """Keeps what a person says of the finding that a screen shows."""

    def __init__(
        self, says: Says, selected: Callable[[], Selected | None], changed: Callable[[], object]
    ) -> None:
        """``selected`` is the finding meant, and itself says so when there is none."""
        self._says = says
        self._selected = selected
        self._changed = changed

    def decide(self, state: FindingState) -> None:
        """Keep the word on it, and say where; says why where it cannot be kept."""
        try:
            self._keep(state, "")
        except PtbError as error:
            self._says.say(str(error), bad=True)

    def _keep(self, state: FindingState, reason: str) -> None:
        selected = self._selected()
        if selected is None:
            return
        path = acts.decide(selected.review, selected.finding_id, state, reason)
        self._changed()
        self._says.say(f"{selected.rule}: {state.value}, kept {acts.where_kept(selected.review, path)}")

    async def ask_why_wrong(self, screen: Screen[Any]) -> None:
        """Reject it, once a reason is given."""
        if self._selected() is not None:
            hint = "kept with your name; the finding counts no more"
            await Prompt.ask(screen, "reject, because", self._reject, hint=hint)

    def _reject(self, reason: str | None) -> None:
        if reason:
            self._keep(FindingState.REJECTED, reason)
