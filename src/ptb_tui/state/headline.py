"""The two header lines of Replay: whose run this is, and where in it we are."""

from dataclasses import dataclass

from ptb_tui.actions.registry import label_of
from ptb_tui.state.flags import tally
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.replay import EVERYTHING, WITHOUT_SAMPLES, Replay
from ptb_tui.state.times import FINE_BELOW, counted, elapsed, many, utc
from store.event import Lane
from store.findings import Severity
from store.manifest import Facts
from store.plain import clip


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a header line."""

    text: str
    ink: str = "soft"
    """Name of a style of the palette's inks."""
    rank: int = 0
    """When it gets tight, the highest rank goes first; 0 stays."""


_COMMAND_WIDTH = 40
"""Of Replay, where more has to stand on that line."""

Line = tuple[list[Part], list[Part]]
"""What stands left and right on a line."""


def whose(facts: Facts, command_width: int = 60) -> list[Part]:
    """The agent, or its command where no agent is known, and its task."""
    agent = " · ".join(filter(None, (facts.agent, facts.agent_model)))
    task = " · ".join(filter(None, (facts.benchmark, facts.base_model)))
    return [
        Part(agent or clip(facts.command or "unknown agent", command_width), "strong", 1),
        Part(task, "ink", 2),
    ]


def headline(run: OpenRun, replay: Replay) -> list[Line]:
    """Both lines."""
    return [_identity(run, replay), _place(run, replay)]


def _identity(run: OpenRun, replay: Replay) -> Line:
    left = [
        Part("ptb", "accent"),
        *whose(run.manifest.facts, _COMMAND_WIDTH),
        Part(run.manifest.run_id, "soft", 5),
    ]
    counts = dict.fromkeys(Severity, 0)
    for severity in replay.flags.counts().values():
        counts[severity] += 1
    right = [
        Part(tally(severity, count), severity.value, rank)
        for rank, (severity, count) in zip((0, 3, 4), counts.items(), strict=True)
        if count
    ]
    if run.damaged:
        right.append(
            Part(f"▒ {counted(sum(one.rows for one in run.damaged), 'row')} damaged", "violation", 1)
        )
    missing = run.missing()
    if missing:
        right.append(Part(f"◐ no {', '.join(missing)}", "suspicious", 3))
    if partial := run.partial():
        right.append(Part(f"◐ {partial} partial", "soft", 4))
    if run.problems:
        right.append(
            Part(f"◐ {counted(len(run.problems), 'review file', 'review files')} unreadable", "suspicious", 3)
        )
    if not right:
        right = [Part("no flags", "soft", 3)]
    return left, right


def _place(run: OpenRun, replay: Replay) -> Line:
    playback = replay.playback
    if run.live and replay.following:
        state = Part("● live, following", "good")
    elif playback.playing:
        state = Part(f"▶ playing {playback.speed}×", "accent")
    else:
        state = Part(f"Ⅱ paused {playback.speed}×", "ink")
    left = [state]
    fine = replay.whole.width < FINE_BELOW
    if replay.clocked:
        left += [
            Part(f"T+{elapsed(replay.elapsed, fine=fine)}", "strong"),
            Part(f"of {elapsed(replay.whole.width)}", "soft", 2),
            Part(utc(replay.now), "soft", 1),
        ]
    else:
        left.append(Part("order only, no clock", "suspicious"))
    if playback.folded:
        left.append(Part(f"idle folded −{elapsed(playback.folded)}", "note", 1))
    elif not playback.fold_idle:
        left.append(Part("idle played", "note", 3))
    if run.live and not replay.following:
        left.append(Part(f"● live, {label_of('replay.follow')} follows", "good", 1))
    right: list[Part] = []
    if replay.query is not None:
        right.append(Part(f"/{replay.query.text}", "accent", 2))
    elif replay.missed:
        right.append(Part(f"/{replay.missed}: no match", "suspicious", 2))
    right.append(_log_filter(replay))
    right.append(_where(replay))
    return left, right


def _where(replay: Replay) -> Part:
    """The number that citations and links name the event by, and how far into the run it stands."""
    event = replay.event()
    total = many(len(replay.reader))
    if event is None:
        return Part("no events", "soft", 4)
    return Part(f"event #{event.seq}, {many(event.position + 1)} of {total}", "soft", 4)


def _log_filter(replay: Replay) -> Part:
    """What the log leaves out; always said."""
    if replay.lanes == EVERYTHING:
        return Part("log: everything", "soft", 3)
    if replay.lanes == WITHOUT_SAMPLES:
        return Part("log: without gpu samples", "soft", 3)
    return Part(f"log: only {', '.join(lane.value for lane in Lane if lane in replay.lanes)}", "accent", 1)
