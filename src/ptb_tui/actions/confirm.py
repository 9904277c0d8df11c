"""What can be said to a question."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action("confirm.yes", ("y",), "yes", "Do it.", Group.REVIEW, "answer('yes')", hint=True),
    Action("confirm.no", ("n",), "no", "Leave it as it is.", Group.REVIEW, "answer('no')", hint=True),
)
