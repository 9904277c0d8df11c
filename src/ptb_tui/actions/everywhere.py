"""What can be done on every screen."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "everywhere.help",
        ("question_mark",),
        "help",
        "Every key that works here.",
        Group.APP,
        "help",
        hint=True,
    ),
    Action(
        "everywhere.palette", ("ctrl+p",), "palette", "Find any action by name.", Group.APP, "command_palette"
    ),
    Action(
        "everywhere.theme",
        ("T",),
        "theme",
        "Next theme: dark, light, high contrast.",
        Group.APP,
        "next_theme",
    ),
    Action(
        "everywhere.back",
        ("q", "escape"),
        "back",
        "Stop what runs here, or back to the screen before; from the first one, quit.",
        Group.APP,
        "back",
        hint=True,
    ),
    Action(
        "everywhere.quit", ("ctrl+q", "ctrl+c"), "quit", "Leave ptb; recordings go on.", Group.APP, "quit"
    ),
)
