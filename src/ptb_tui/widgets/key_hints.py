"""The keys of a form, in one line under it."""

from rich.text import Text

from ptb_tui.actions.action import Scope
from ptb_tui.actions.keys import key_label
from ptb_tui.actions.registry import actions_in
from ptb_tui.widgets.paint import Inks


def key_hints(scope: Scope, palette: Inks) -> Text:
    """The actions of ``scope``, and those that work everywhere, that are worth a hint: key and title."""
    return Text("  ").join(
        Text.assemble((key_label(one.keys[0]), palette.accent), " ", (one.title, palette.soft))
        for one in (*actions_in(scope), *actions_in(Scope.EVERYWHERE))
        if one.hint
    )
