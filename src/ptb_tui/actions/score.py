"""What can be done with the scoring of a run."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "score.start",
        ("s", "enter"),
        "start",
        "Put a scoring job together and start it; it goes on when ptb is left.",
        Group.REVIEW,
        "start",
        hint=True,
    ),
    Action(
        "score.cancel",
        ("x",),
        "cancel",
        "Ask the job under way to stop; what it has so far is kept as a cancelled attempt.",
        Group.REVIEW,
        "cancel",
        hint=True,
    ),
    Action("score.down", ("j", "down"), "down", "Select the next attempt.", Group.MOVE, "move(1)"),
    Action("score.up", ("k", "up"), "up", "Select the attempt before.", Group.MOVE, "move(-1)"),
    Action("score.first", ("g", "home"), "first", "To the newest attempt.", Group.MOVE, "edge(0)"),
    Action("score.last", ("G", "end"), "last", "To the oldest attempt.", Group.MOVE, "edge(-1)"),
    Action(
        "score.log_down",
        ("J", "ctrl+d", "pagedown"),
        "scroll log",
        "Scroll the log down; at its end it follows again.",
        Group.VIEW,
        "scroll_log(1)",
    ),
    Action(
        "score.log_up",
        ("K", "ctrl+u", "pageup"),
        "scroll log up",
        "Scroll the log up; it stays there while more is written.",
        Group.VIEW,
        "scroll_log(-1)",
        hint=True,
    ),
    Action(
        "score.copy",
        ("y",),
        "copy command",
        "Copy the command that follows this run's scoring at a shell's prompt.",
        Group.REVIEW,
        "copy",
    ),
)
