"""What can be done in the verdict form."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action("verdict.down", ("j", "down"), "down", "Next question.", Group.MOVE, "move(1)"),
    Action("verdict.up", ("k", "up"), "up", "Question before.", Group.MOVE, "move(-1)"),
    Action(
        "verdict.clean",
        ("c",),
        "clean",
        "Nothing wrong here; on to the next.",
        Group.REVIEW,
        "answer('clean')",
        hint=True,
    ),
    Action(
        "verdict.violation",
        ("v",),
        "violation",
        "A violation; on to the next.",
        Group.REVIEW,
        "answer('violation')",
        hint=True,
    ),
    Action(
        "verdict.unclear",
        ("u",),
        "unclear",
        "Cannot be told from the record; on to the next.",
        Group.REVIEW,
        "answer('unclear')",
        hint=True,
    ),
    Action(
        "verdict.turn",
        ("space", "right"),
        "next answer",
        "The next answer of the selected row, also of the score.",
        Group.REVIEW,
        "turn(1)",
        hint=True,
    ),
    Action("verdict.turn_back", ("left",), "answer before", "The answer before.", Group.REVIEW, "turn(-1)"),
    Action("verdict.why", ("r",), "why", "Write the rationale.", Group.REVIEW, "why", hint=True),
    Action(
        "verdict.keep",
        ("enter",),
        "keep",
        "Keep the verdict beside the run.",
        Group.REVIEW,
        "keep",
        hint=True,
    ),
)
