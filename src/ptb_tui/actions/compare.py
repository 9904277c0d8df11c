"""What can be done in Compare."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "compare.replay",
        ("enter",),
        "replay",
        "Replay of the run that did what is selected, where it began.",
        Group.MOVE,
        "replay",
        hint=True,
    ),
    Action(
        "compare.first",
        ("1", "a"),
        "replay of A",
        "Replay of run A at the playhead.",
        Group.MOVE,
        "replay_side(0)",
        hint=True,
    ),
    Action(
        "compare.second",
        ("2", "b"),
        "replay of B",
        "Replay of run B at the playhead.",
        Group.MOVE,
        "replay_side(1)",
        hint=True,
    ),
    Action(
        "compare.everything",
        ("o",),
        "all or differing",
        "Figures that are the same in both too, or only those that differ.",
        Group.VIEW,
        "everything",
        hint=True,
    ),
    Action("compare.swap", ("s",), "swap", "A becomes B and B becomes A.", Group.VIEW, "swap", hint=True),
    Action("compare.down", ("j", "down"), "down", "Next thing that only one run did.", Group.MOVE, "move(1)"),
    Action("compare.up", ("k", "up"), "up", "The one before.", Group.MOVE, "move(-1)"),
    Action(
        "compare.page_down", ("ctrl+d", "pagedown"), "page down", "Half a page down.", Group.MOVE, "page(1)"
    ),
    Action("compare.page_up", ("ctrl+u", "pageup"), "page up", "Half a page up.", Group.MOVE, "page(-1)"),
    Action("compare.top", ("g", "home"), "top", "To the top.", Group.MOVE, "edge(0)"),
    Action("compare.bottom", ("G", "end"), "end", "To the end.", Group.MOVE, "edge(-1)"),
    Action(
        "compare.forward",
        ("right",),
        "forward",
        "The playhead a hundredth of what is in view on.",
        Group.TIME,
        "step(1)",
    ),
    Action("compare.back", ("left",), "back", "The playhead as much back.", Group.TIME, "step(-1)"),
    Action(
        "compare.leap", ("shift+right",), "leap", "A tenth of what is in view on.", Group.TIME, "step(10)"
    ),
    Action("compare.leap_back", ("shift+left",), "leap back", "A tenth of it back.", Group.TIME, "step(-10)"),
    Action(
        "compare.zoom_in",
        ("z",),
        "zoom in",
        "Halve the time that the lanes show, around the playhead.",
        Group.TIME,
        "zoom(1)",
        hint=True,
    ),
    Action("compare.zoom_out", ("Z",), "zoom out", "Double it.", Group.TIME, "zoom(-1)"),
    Action("compare.zoom_all", ("x",), "whole runs", "Lanes show both runs whole.", Group.TIME, "zoom(0)"),
    Action("compare.pan_left", ("H",), "pan left", "Half of what is in view back.", Group.TIME, "pan(-1)"),
    Action("compare.pan_right", ("L",), "pan right", "Half of what is in view on.", Group.TIME, "pan(1)"),
)
