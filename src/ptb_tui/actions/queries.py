"""What can be done in the list of queries."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "queries.take",
        ("enter",),
        "take",
        "Put the selected query into the editor; nothing runs yet.",
        Group.MOVE,
        "take",
        hint=True,
    ),
    Action("queries.down", ("j", "down"), "down", "Next query.", Group.MOVE, "move(1)"),
    Action("queries.up", ("k", "up"), "up", "Query before.", Group.MOVE, "move(-1)"),
    Action(
        "queries.page_down", ("ctrl+d", "pagedown"), "page down", "Half a page down.", Group.MOVE, "page(1)"
    ),
    Action("queries.page_up", ("ctrl+u", "pageup"), "page up", "Half a page up.", Group.MOVE, "page(-1)"),
    Action("queries.first", ("g", "home"), "first", "First query.", Group.MOVE, "edge(0)"),
    Action("queries.last", ("G", "end"), "last", "Last query.", Group.MOVE, "edge(-1)"),
)
