"""The lanes of two runs under each other, on one axis, with one playhead through both."""

from collections.abc import Iterator

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.compare.axis import SIDES, Axis, RunTracks
from ptb_tui.state.compare.table import SIDE_INKS
from ptb_tui.state.lanes import NO_SAMPLE, Track
from ptb_tui.widgets.lanes import fitting, write_track
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of

_NAME_WIDTH = 9
_NOTE_WIDTH = 30
_NOTE_FROM = 100
"""Width of the widget from which notes have room."""


class TwoLanes(Widget):
    """Ruler, then a title and tracks of each run; :meth:`show` when the axis changed."""

    DEFAULT_CSS = """
    TwoLanes { height: 17; background: $background; border-bottom: solid $line; }
    """

    class Sought(Message):
        """A place on the axis was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__()
        self._axis: Axis | None = None
        self._titles = ("", "")
        self._found: tuple[RunTracks, ...] = ()
        self._lines: list[tuple[int, int]] = []
        """Side and track of each line; -1 for its title."""
        self.note = "opening both runs … the first time, a time index is built"
        """Shown while there is no axis."""

    @property
    def track_width(self) -> int:
        """Cells of the time axis."""
        note = _NOTE_WIDTH if self.size.width >= _NOTE_FROM else 0
        return max(self.size.width - _NAME_WIDTH - note - 1, 1)

    def begin(self, axis: Axis, titles: tuple[str, str]) -> None:
        """Show two runs."""
        self._axis, self._titles = axis, titles
        self.show()

    def on_resize(self) -> None:
        """Count anew for another width."""
        self.show()

    def show(self) -> None:
        """Paint again."""
        if self._axis is not None and self.size.width:
            room = max((self.content_size.height - 1) // 2 - 1, 1)
            found = [self._axis.tracks(side, self.track_width) for side in range(2)]
            kept = {track.name for track in fitting([_together(*pair) for pair in _pairs(found)], room)}
            self._found = tuple(
                RunTracks(tuple(track for track in one.tracks if track.name in kept), one.end)
                for one in found
            )
            self._lines = [
                (side, track) for side, one in enumerate(self._found) for track in range(-1, len(one.tracks))
            ]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The ruler, a title or a track."""
        palette = inks_of(self)
        pen = Pen(self.size.width)
        if self._axis is None:
            return pen.gap(2).write(self.note if y == 0 else "", palette.soft).strip(palette.ground)
        if y == 0:
            pen.gap(_NAME_WIDTH)
            self._write_cells(pen, self._axis.ruler(self.track_width), palette, "faint")
        elif y <= len(self._lines):
            side, number = self._lines[y - 1]
            if number < 0:
                pen.write(f" {SIDES[side]} ", palette.named(SIDE_INKS[side]) + palette.strong)
                pen.write(self._titles[side], palette.ink)
            else:
                self._write_track(pen, side, number, palette)
        return pen.strip(palette.ground)

    def _write_track(self, pen: Pen, side: int, number: int, palette: Inks) -> None:
        track = self._found[side].tracks[number]
        ink = track.lane.value if track.lane else "soft"
        pen.write(" ▏", palette.named(SIDE_INKS[side])).write(
            track.name, palette.named(ink), width=_NAME_WIDTH - 2
        )
        self._write_cells(pen, track.cells, palette, ink)
        if self.size.width >= _NOTE_FROM:
            pen.gap(2).write(track.note, palette.soft)

    def _write_cells(self, pen: Pen, cells: str, palette: Inks, ink: str) -> None:
        assert self._axis is not None
        at = self._axis.span.bucket(self._axis.at, self.track_width)
        style = palette.named(ink)
        if at is None or at >= len(cells):
            write_track(pen, cells, style, palette)
            return
        write_track(pen, cells[:at], style, palette)
        under = cells[at]
        pen.write("│" if under in (" ", NO_SAMPLE) else under, palette.playhead)
        write_track(pen, cells[at + 1 :], style, palette)

    def on_click(self, event: events.Click) -> None:
        """Seek."""
        if self._axis is not None:
            cell = min(max(event.x - _NAME_WIDTH, 0), self.track_width - 1)
            self.post_message(self.Sought(self._axis.span.at_bucket(cell, self.track_width)))


def _pairs(found: list[RunTracks]) -> Iterator[tuple[Track, Track]]:
    return zip(found[0].tracks, found[1].tracks, strict=True)


def _together(first: Track, second: Track) -> Track:
    """A lane of both runs: it is empty where both are."""
    return Track(first.name, first.cells + second.cells, "", first.lane)
