"""Accepting, rejecting and reopening one finding: the same words and the same record on every screen that shows one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    """As it is called everywhere."""
    state: FindingState
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
        self._last: Selected | None = None
        """What was decided on last: a rejected finding may be out of sight."""

    def accept(self) -> None:
        """It is right."""
        selected = self._selected()
        if selected is not None:
            self._try(selected, FindingState.ACCEPTED)

    def take_back(self) -> None:
        """Reopen it, or, where nobody decided on it, what was decided on last."""
        selected = self._selected()
        if selected is None or selected.state is FindingState.OPEN:
            selected = self._last or selected
        if selected is None:
            return
        if selected.state is FindingState.OPEN:
            self._says.say(f"nobody decided on {selected.rule}: there is nothing to take back")
        else:
            self._try(selected, FindingState.OPEN)

    async def ask_why_wrong(self, screen: Screen[Any]) -> None:
        """Reject it, once a reason is given; the finding meant is the one that was shown when the key was pressed."""
        selected = self._selected()
        if selected is None:
            return

        def reject(reason: str | None) -> None:
            if reason and reason.strip():
                self._keep(selected, FindingState.REJECTED, reason)
            elif reason is not None:
                self._says.say("nothing was rejected: that takes a reason", bad=True)

        hint = "the reason is kept with your name"
        await Prompt.ask(screen, f"reject {selected.rule} because", reject, hint=hint)

    def _try(self, selected: Selected, state: FindingState) -> None:
        try:
            self._keep(selected, state, "")
        except PtbError as error:
            self._says.say(str(error), bad=True)

    def _keep(self, selected: Selected, state: FindingState, reason: str) -> None:
        path = acts.decide(selected.review, selected.finding_id, state, reason)
        self._last = replace(selected, state=state) if state is not FindingState.OPEN else None
        self._changed()
        self._says.say(f"{selected.rule}: {state.value}, kept {acts.where_kept(selected.review, path)}")
