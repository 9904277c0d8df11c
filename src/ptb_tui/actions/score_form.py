"""What can be done in the form that starts a scoring job."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action("score_form.down", ("j", "down"), "down", "Next row.", Group.MOVE, "move(1)"),
    Action("score_form.up", ("k", "up"), "up", "Row before.", Group.MOVE, "move(-1)"),
    Action(
        "score_form.change",
        ("space", "right", "e"),
        "change",
        "Type the selected row, or take its next choice.",
        Group.REVIEW,
        "change(1)",
        hint=True,
    ),
    Action(
        "score_form.change_back",
        ("left",),
        "choice before",
        "The choice before.",
        Group.REVIEW,
        "change(-1)",
    ),
    Action(
        "score_form.start",
        ("enter",),
        "start",
        "Start it; asks once more where it takes long or costs money.",
        Group.REVIEW,
        "start",
        hint=True,
    ),
    Action(
        "score_form.copy",
        ("y",),
        "copy command",
        "Copy the command that does the same at a shell's prompt.",
        Group.REVIEW,
        "copy",
        hint=True,
    ),
)
