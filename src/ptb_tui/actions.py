"""The one registry of what a person can do: bindings, footer, help, palette and docs all come from here.

An action names its keys the way Textual does (``ctrl+d``, ``full_stop``); :func:`key_label` is what people read.
``id`` is also the name under which a key can be remapped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Scope(StrEnum):
    """Where an action applies."""

    EVERYWHERE = "everywhere"
    RUNS = "runs"
    REPLAY = "replay"
    VERDICT = "verdict"


class Group(StrEnum):
    """The heading an action stands under in the help."""

    MOVE = "Move"
    PLAY = "Play"
    TIME = "Time"
    FLAGS = "Flags"
    SEARCH = "Search"
    REVIEW = "Review"
    VIEW = "View"
    APP = "App"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    id: str
    """``scope.name``; unique."""
    keys: tuple[str, ...]
    title: str
    """Two or three words, for the footer and the palette."""
    help: str
    """One sentence that says what happens."""
    group: Group
    call: str
    """The method ``action_…`` of the screen or app; ``{key}`` stands for the pressed key."""
    hint: bool = False
    """Named in the footer."""

    @property
    def scope(self) -> Scope:
        """Where it applies, from its id."""
        return Scope(self.id.split(".")[0])


ACTIONS: tuple[Action, ...] = (
    Action(
        "runs.open", ("enter",), "open", "Open the selected run in Replay.", Group.MOVE, "open", hint=True
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
    Action("runs.reload", ("r",), "reload", "Read the folder of runs again.", Group.VIEW, "reload"),
    Action("runs.copy", ("y",), "copy id", "Copy the id of the selected run.", Group.REVIEW, "copy"),
    Action(
        "replay.play",
        ("space",),
        "play/pause",
        "Play the run from the playhead, or pause.",
        Group.PLAY,
        "play",
        hint=True,
    ),
    Action(
        "replay.faster",
        ("plus",),
        "faster",
        "Next higher speed, up to 1000×.",
        Group.PLAY,
        "speed(1)",
        hint=True,
    ),
    Action("replay.slower", ("minus",), "slower", "Next lower speed, down to 1×.", Group.PLAY, "speed(-1)"),
    Action("replay.normal", ("equals_sign",), "speed 1×", "Back to 1×.", Group.PLAY, "speed(0)"),
    Action(
        "replay.idle",
        ("i",),
        "fold idle",
        "While playing, skip stretches in which nothing but GPU samples happens, or play them through.",
        Group.PLAY,
        "fold_idle",
    ),
    Action(
        "replay.follow",
        ("F",),
        "follow",
        "Jump to the end of a run that is being recorded and stay there; scrolling back stops it.",
        Group.PLAY,
        "follow",
    ),
    Action(
        "replay.next",
        ("full_stop",),
        "step",
        "Step to the next event, into folded rows as well.",
        Group.MOVE,
        "step(1)",
        hint=True,
    ),
    Action("replay.previous", ("comma",), "step back", "Step to the event before.", Group.MOVE, "step(-1)"),
    Action("replay.down", ("j", "down"), "down", "Next row of the log.", Group.MOVE, "move(1)"),
    Action("replay.up", ("k", "up"), "up", "Row before.", Group.MOVE, "move(-1)"),
    Action(
        "replay.page_down", ("ctrl+d", "pagedown"), "page down", "Half a page down.", Group.MOVE, "page(1)"
    ),
    Action("replay.page_up", ("ctrl+u", "pageup"), "page up", "Half a page up.", Group.MOVE, "page(-1)"),
    Action("replay.first", ("g", "home"), "start", "First event of the run.", Group.MOVE, "edge(0)"),
    Action("replay.last", ("G", "end"), "end", "Last event of the run.", Group.MOVE, "edge(-1)"),
    Action("replay.forward", ("right",), "+5 s", "Five seconds forward.", Group.TIME, "nudge(5)"),
    Action("replay.back", ("left",), "−5 s", "Five seconds back.", Group.TIME, "nudge(-5)"),
    Action("replay.leap", ("shift+right",), "+10 %", "A tenth of the run forward.", Group.TIME, "leap(1)"),
    Action("replay.leap_back", ("shift+left",), "−10 %", "A tenth of the run back.", Group.TIME, "leap(-1)"),
    Action(
        "replay.tenth",
        tuple("0123456789"),
        "jump to n/10",
        "To the start, or to that many tenths of the run.",
        Group.TIME,
        "tenth({key})",
    ),
    Action(
        "replay.go_to",
        ("colon",),
        "go to",
        "Go to a time or an event: 3:41, 90s, 14:32 utc, +10m, 50%, end, #1234.",
        Group.TIME,
        "go_to",
        hint=True,
    ),
    Action(
        "replay.zoom_in",
        ("z",),
        "zoom in",
        "Halve the time that the lanes show, around the playhead.",
        Group.TIME,
        "zoom(1)",
    ),
    Action(
        "replay.zoom_out", ("Z",), "zoom out", "Double the time that the lanes show.", Group.TIME, "zoom(-1)"
    ),
    Action("replay.zoom_all", ("x",), "whole run", "Lanes show the whole run again.", Group.TIME, "zoom(0)"),
    Action(
        "replay.pan_left",
        ("H",),
        "pan left",
        "Move the zoomed span half its width back.",
        Group.TIME,
        "pan(-1)",
    ),
    Action(
        "replay.pan_right",
        ("L",),
        "pan right",
        "Move the zoomed span half its width on.",
        Group.TIME,
        "pan(1)",
    ),
    Action(
        "replay.next_flag",
        ("right_square_bracket",),
        "next flag",
        "Next event that is evidence of any finding.",
        Group.FLAGS,
        "flag(1)",
        hint=True,
    ),
    Action(
        "replay.previous_flag",
        ("left_square_bracket",),
        "previous flag",
        "Flagged event before.",
        Group.FLAGS,
        "flag(-1)",
    ),
    Action(
        "replay.next_violation",
        ("e",),
        "next violation",
        "Next ▲ violation.",
        Group.FLAGS,
        "flag(1,'violation')",
    ),
    Action(
        "replay.previous_violation",
        ("E",),
        "previous violation",
        "▲ violation before.",
        Group.FLAGS,
        "flag(-1,'violation')",
    ),
    Action(
        "replay.next_suspicious",
        ("w",),
        "next suspicious",
        "Next △ suspicious.",
        Group.FLAGS,
        "flag(1,'suspicious')",
    ),
    Action(
        "replay.previous_suspicious",
        ("W",),
        "previous suspicious",
        "△ suspicious before.",
        Group.FLAGS,
        "flag(-1,'suspicious')",
    ),
    Action(
        "replay.search",
        ("slash",),
        "search",
        "Find text in paths, commands and messages; upper or lower case does not matter.",
        Group.SEARCH,
        "search",
        hint=True,
    ),
    Action(
        "replay.next_match",
        ("n",),
        "next match",
        "Next event that matches the search.",
        Group.SEARCH,
        "match(1)",
    ),
    Action("replay.previous_match", ("N",), "previous match", "Match before.", Group.SEARCH, "match(-1)"),
    Action(
        "replay.lanes",
        ("f",),
        "filter lanes",
        "What has rows in the log: all but GPU samples, agent, agent and exec, files, net, gpu, gaps, everything.",
        Group.SEARCH,
        "lanes",
    ),
    Action("replay.mark", ("m",), "mark", "Bookmark the selected event.", Group.REVIEW, "mark", hint=True),
    Action(
        "replay.unmark",
        ("M",),
        "unmark",
        "Take back your marks and comments on the selected event.",
        Group.REVIEW,
        "unmark",
    ),
    Action(
        "replay.comment", ("c",), "comment", "Write a comment on the selected event.", Group.REVIEW, "comment"
    ),
    Action(
        "replay.copy",
        ("y",),
        "copy citation",
        "Copy quote, time, seq and the command that opens it here.",
        Group.REVIEW,
        "copy",
    ),
    Action(
        "replay.accept",
        ("a",),
        "accept flag",
        "Say that the gravest finding on the selected event is right.",
        Group.REVIEW,
        "accept",
    ),
    Action(
        "replay.reject",
        ("r",),
        "reject flag",
        "Say that the gravest finding on the selected event is wrong, and why; it counts no more.",
        Group.REVIEW,
        "reject",
    ),
    Action(
        "replay.verdict",
        ("v",),
        "verdict",
        "Decide on the run: an answer on each axis, the score, and why.",
        Group.REVIEW,
        "verdict",
        hint=True,
    ),
    Action(
        "replay.fold",
        ("o",),
        "unfold rows",
        "Unfold the repeated rows under the cursor, or fold them.",
        Group.VIEW,
        "fold",
    ),
    Action(
        "replay.detail",
        ("enter", "d"),
        "details",
        "Show or hide the detail of the selected event.",
        Group.VIEW,
        "detail",
    ),
    Action(
        "replay.detail_down",
        ("J",),
        "scroll detail",
        "Scroll the detail down.",
        Group.VIEW,
        "scroll_detail(1)",
    ),
    Action(
        "replay.detail_up",
        ("K",),
        "scroll detail up",
        "Scroll the detail up.",
        Group.VIEW,
        "scroll_detail(-1)",
    ),
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
        "Back to the screen before; from the first one, quit.",
        Group.APP,
        "back",
        hint=True,
    ),
    Action(
        "everywhere.quit", ("ctrl+q", "ctrl+c"), "quit", "Leave ptb; recordings go on.", Group.APP, "quit"
    ),
)

_LABELS = {
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "space": "space",
    "enter": "⏎",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def key_label(key: str) -> str:
    """How people read a key: ``^d`` for ``ctrl+d``, ``⇧→`` for ``shift+right``."""
    *modifiers, base = key.split("+") if key != "+" else [key]
    label = _LABELS.get(base, base)
    return "".join({"ctrl": "^", "shift": "⇧", "alt": "⌥"}.get(name, name) for name in modifiers) + label


def keys_label(action: Action) -> str:
    """All keys of an action; a row of digits as ``0–9``."""
    if action.keys == tuple("0123456789"):
        return "0–9"
    return " ".join(key_label(key) for key in action.keys)


def actions_in(scope: Scope) -> list[Action]:
    """The actions of one scope, in the order of the registry."""
    return [action for action in ACTIONS if action.scope is scope]


def bindings(scope: Scope) -> list[BindingType]:
    """Textual's bindings of one scope."""
    return list(_bindings(scope))


def _bindings(scope: Scope) -> Iterator[Binding]:
    # Priority: a key is acted on before the next one is looked at, so what is typed after `/` lands in the prompt.
    first = scope is not Scope.EVERYWHERE
    for action in actions_in(scope):
        if "{key}" not in action.call:
            yield Binding(",".join(action.keys), action.call, action.title, id=action.id, priority=first)
            continue
        for key in action.keys:
            call, name = action.call.format(key=key), f"{action.id}.{key}"
            yield Binding(key, call, action.title, id=name, priority=first)


def markdown() -> str:
    """The key tables of the documentation."""
    lines: list[str] = []
    for scope in Scope:
        lines += [f"## {scope.capitalize()}", "", "| keys | action | what happens |", "|---|---|---|"]
        for action in actions_in(scope):
            keys = " ".join(f"`{key_label(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.title} | {action.help.replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines)


def _write_docs() -> None:
    """``python -m ptb_tui.actions > docs/keys.md``."""
    import sys

    sys.stdout.write("# Keys of the terminal app\n\n" + markdown())


if __name__ == "__main__":
    _write_docs()
