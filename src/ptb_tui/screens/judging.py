"""The verdict form asked for and what it gives back kept: the same on every screen that a run is decided from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from ptb_tui.screens.deciding import Says
from ptb_tui.state import acts
from ptb_tui.state.draft import Draft, draft_of
from store.errors import PtbError

if TYPE_CHECKING:  # a run is painted before what lies beside it is read
    from review.reviewed import Reviewed


def ask_verdict(
    screen: Screen[Any], says: Says, reviewed: "Reviewed", kept: Callable[[], object], *, onward: str = ""
) -> None:
    """Open the form over ``screen``, filled in from what stands.

    A verdict that cannot be kept comes back in the form, with the reason. Once a verdict is kept ``kept`` is called, and then that is said, with ``onward``: what to do next.
    """
    from ptb_tui.screens.verdict import VerdictScreen

    def keep(draft: Draft | None) -> None:
        if draft is None:
            return
        try:
            path = acts.judge(reviewed.review, reviewed.manifest, draft)
        except PtbError as error:
            ask(draft, str(error))
            return
        kept()
        action = draft.score_action.value if draft.score_action else "judged"
        says.say(f"verdict kept {acts.where_kept(reviewed.review, path)}: {action}{onward}")

    def ask(draft: Draft, complaint: str = "") -> None:
        screen.app.push_screen(VerdictScreen(reviewed.manifest.run_id, draft, complaint), keep)

    ask(draft_of(reviewed))
