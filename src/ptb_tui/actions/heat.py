"""What can be done in the heat map of cases."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "heat.open",
        ("enter",),
        "open",
        "Open the case of the cell: the undecided run of most worth, else the first.",
        Group.MOVE,
        "open",
        hint=True,
    ),
    Action("heat.down", ("j", "down"), "down", "Next agent.", Group.MOVE, "move(1,0)"),
    Action("heat.up", ("k", "up"), "up", "Agent before.", Group.MOVE, "move(-1,0)"),
    Action(
        "heat.right",
        ("l", "right"),
        "right",
        "Next base model, then the next benchmark.",
        Group.MOVE,
        "move(0,1)",
    ),
    Action("heat.left", ("h", "left"), "left", "Base model before.", Group.MOVE, "move(0,-1)"),
    Action(
        "heat.next_undecided",
        ("n",),
        "next undecided",
        "Go to the undecided cell of next most worth.",
        Group.REVIEW,
        "next_undecided",
        hint=True,
    ),
    Action(
        "heat.filter",
        ("f",),
        "its runs",
        "Back to the queue, with only the runs of this cell.",
        Group.SEARCH,
        "its_runs",
        hint=True,
    ),
)
