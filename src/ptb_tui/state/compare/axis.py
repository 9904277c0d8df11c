"""Two runs on one time axis that counts from the start of each; where one has no clock, each stands in its own order."""

from dataclasses import dataclass

from ptb_tui.state.lanes import NO_SAMPLE, Track, ruler, tracks
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.replay import Replay
from ptb_tui.state.span import Span

SIDES = ("A", "B")
_BEYOND = " "
"""Stands where a run has ended."""
_END = "▏"
_STEPS = 100
"""Steps of the playhead over the span in view."""


@dataclass(frozen=True, slots=True)
class RunTracks:
    """The lanes of one run over the span in view."""

    tracks: tuple[Track, ...]
    end: int | None
    """The cell in which the run ends; None where it goes on past the span."""


class Axis:
    """Which stretch is in view, and where the playhead stands; nanoseconds from the start of each run."""

    def __init__(self, first: OpenRun, second: OpenRun) -> None:
        self.runs = (first, second)
        self._replays = tuple(Replay(run.cursor, run.flags) for run in self.runs)
        self.clocked = all(replay.clocked for replay in self._replays)
        """Whether both have a clock; else there is no common time, and no zoom."""
        longest = max(replay.whole.width for replay in self._replays)
        self.whole = Span(0, longest if self.clocked else _STEPS)
        self.span = self.whole
        self.at = 0

    def zoom(self, notches: int) -> None:
        """Halve or double what is in view, around the playhead; 0 shows everything."""
        if self.clocked:
            self.span = self.span.zoomed(notches, self.at, self.whole) if notches else self.whole

    def pan(self, halves: int) -> None:
        """Move the stretch in view."""
        if self.clocked:
            self.span = self.span.panned(halves, self.whole)

    def step(self, steps: int) -> None:
        """Move the playhead by hundredths of what is in view."""
        self.seek(self.at + steps * max(self.span.width // _STEPS, 1))

    def seek(self, at: int) -> None:
        """Move the playhead; the stretch in view follows."""
        self.at = min(max(at, self.whole.start), self.whole.end)
        if self.clocked:
            self.span = self.span.showing(self.at, self.whole)

    def lasted(self, side: int) -> int | None:
        """How long a run is, ns; None without a clock."""
        replay = self._replays[side]
        return replay.whole.width if replay.clocked else None

    def moment(self, side: int) -> int | None:
        """The event of a run that is nearest to the playhead; None in an empty run."""
        replay = self._replays[side]
        reader = replay.reader
        if not len(reader):
            return None
        if self.clocked:
            place = reader.seek(replay.whole.start + self.at)
        else:
            place = (len(reader) - 1) * (self.at - self.whole.start) // max(self.whole.width, 1)
        (event,) = reader.window(min(place, len(reader) - 1), 1)
        return event.seq

    def ruler(self, width: int) -> str:
        """Labels of the common time; nothing where there is none."""
        return ruler(self.span, 0, width, clocked=True) if self.clocked else " " * width

    def tracks(self, side: int, width: int) -> RunTracks:
        """The lanes of one run, ``width`` cells wide."""
        replay = self._replays[side]
        if not self.clocked:
            replay.span, replay.now = replay.whole, replay.whole.start
            return RunTracks(tuple(tracks(replay, width, tall=False)), None)
        start = replay.whole.start
        replay.span = Span(start + self.span.start, start + self.span.end)
        replay.now = min(start + self.at, replay.whole.end)
        end = replay.whole.width
        found = tracks(replay, width, tall=False)
        if end >= self.span.end:
            return RunTracks(tuple(found), None)
        cell = self.span.bucket(end, width) if end >= self.span.start else -1
        assert cell is not None
        return RunTracks(tuple(_ended(track, cell, width) for track in found), cell)


def _ended(track: Track, cell: int, width: int) -> Track:
    """A lane with nothing but the end of the run after ``cell``."""
    keep = track.cells[: cell + 1]
    rest = width - len(keep)
    cells = keep + (_END + _BEYOND * (rest - 1) if rest and cell >= 0 else _BEYOND * rest)
    blank = not cells.strip(f"{NO_SAMPLE}{_BEYOND}{_END}")
    return Track(track.name, cells, track.note if not blank or cell >= 0 else "ended before", track.lane)
