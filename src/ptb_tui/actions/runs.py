"""What can be done in the queue of runs."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "runs.open",
        ("enter",),
        "open",
        "Open the case of the selected run; one that is being recorded opens in Replay.",
        Group.MOVE,
        "open",
        hint=True,
    ),
    Action("runs.down", ("j", "down"), "down", "Select the next run.", Group.MOVE, "move(1)"),
    Action("runs.up", ("k", "up"), "up", "Select the run before.", Group.MOVE, "move(-1)"),
    Action("runs.page_down", ("ctrl+d", "pagedown"), "page down", "Half a page down.", Group.MOVE, "page(1)"),
    Action("runs.page_up", ("ctrl+u", "pageup"), "page up", "Half a page up.", Group.MOVE, "page(-1)"),
    Action("runs.first", ("g", "home"), "first", "Select the first run.", Group.MOVE, "edge(0)"),
    Action("runs.last", ("G", "end"), "last", "Select the last run.", Group.MOVE, "edge(-1)"),
    Action(
        "runs.next_undecided",
        ("n",),
        "next undecided",
        "Select the next run without a verdict.",
        Group.REVIEW,
        "next_undecided",
        hint=True,
    ),
    Action(
        "runs.filter",
        ("slash",),
        "filter",
        "Show only runs whose columns hold every word typed; empty shows all again.",
        Group.SEARCH,
        "filter",
        hint=True,
    ),
    Action("runs.sort", ("s",), "sort", "Sort by the next column.", Group.VIEW, "sort", hint=True),
    Action("runs.reverse", ("S",), "reverse", "Reverse the order.", Group.VIEW, "reverse"),
    Action(
        "runs.findings",
        ("f",),
        "findings",
        "Every finding of the runs shown, the gravest first.",
        Group.REVIEW,
        "findings",
        hint=True,
    ),
    Action("runs.reload", ("r",), "reload", "Read the folder of runs again.", Group.VIEW, "reload"),
    Action("runs.copy", ("y",), "copy id", "Copy the id of the selected run.", Group.REVIEW, "copy"),
)
