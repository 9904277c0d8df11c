"""What can be done while walking a lineage."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "lineage.down",
        ("j", "down"),
        "next step",
        "Next step of the way, with its bytes.",
        Group.MOVE,
        "move(1)",
        hint=True,
    ),
    Action("lineage.up", ("k", "up"), "step before", "Step before.", Group.MOVE, "move(-1)"),
    Action("lineage.first", ("g", "home"), "first", "Where it came from.", Group.MOVE, "edge(0)"),
    Action("lineage.last", ("G", "end"), "last", "The last row of evidence.", Group.MOVE, "edge(-1)"),
    Action(
        "lineage.replay",
        ("enter",),
        "replay",
        "Replay at the event of this step.",
        Group.MOVE,
        "replay",
        hint=True,
    ),
    Action(
        "lineage.detail_down",
        ("J", "ctrl+d", "pagedown"),
        "scroll",
        "Scroll the bytes down.",
        Group.VIEW,
        "scroll(1)",
        hint=True,
    ),
    Action(
        "lineage.detail_up",
        ("K", "ctrl+u", "pageup"),
        "scroll up",
        "Scroll the bytes up.",
        Group.VIEW,
        "scroll(-1)",
    ),
    Action(
        "lineage.copy",
        ("y",),
        "copy citation",
        "Copy quote, time, seq and the command that opens this step.",
        Group.REVIEW,
        "copy",
        hint=True,
    ),
)
