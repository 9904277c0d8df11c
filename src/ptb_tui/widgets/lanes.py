"""The timeline: one line a lane, a playhead through all of them, click or drag to seek."""

from dataclasses import dataclass

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.lanes import NO_SAMPLE, Track, ruler, tracks, width_note
from ptb_tui.state.replay import Replay
from ptb_tui.state.span import Span
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of
from store.findings import Severity

_NAME_WIDTH = 11
_NOTE_WIDTH = 30
_NOTE_FROM = 100
"""Width of the widget from which notes have room."""
_TALL_FROM = 11
"""Height from which memory and power have lines of their own."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the painted lines depend on, besides the playhead."""

    span: Span
    whole: Span
    width: int
    height: int
    events: int
    flags: int


class Lanes(Widget):
    """Ruler and tracks over the span in view."""

    DEFAULT_CSS = """
    Lanes { height: 9; background: $background; border-bottom: solid $line; }
    """

    class Sought(Message):
        """A place on the time axis was clicked or dragged to."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        self._tracks: list[Track] = []
        self._ruler = ""
        self._shown: _Shown | None = None
        self._playhead: int | None = None
        self._dragging = False

    @property
    def track_width(self) -> int:
        """Cells of the time axis."""
        note = _NOTE_WIDTH if self.size.width >= _NOTE_FROM else 0
        return max(self.size.width - _NAME_WIDTH - note - 1, 1)

    def on_resize(self) -> None:
        """Count anew for another width."""
        self.show()

    def show(self) -> None:
        """Paint again what changed: everything, or only the playhead."""
        replay = self._replay
        width, height = self.size
        if not width or not height:
            return
        playhead = replay.span.bucket(replay.now, self.track_width)
        shown = _Shown(replay.span, replay.whole, width, height, len(replay.reader), len(replay.flags))
        if shown == self._shown and playhead == self._playhead:
            return
        if shown != self._shown or width >= _NOTE_FROM:
            self._tracks = fitting(tracks(replay, self.track_width, tall=height > _TALL_FROM), height - 1)
            self._ruler = ruler(replay.span, replay.whole.start, self.track_width, clocked=replay.clocked)
        self._shown, self._playhead = shown, playhead
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The ruler or a track."""
        palette = inks_of(self)
        pen = Pen(self.size.width)
        if y == 0:
            pen.gap(_NAME_WIDTH)
            self._write_cells(pen, self._ruler, palette.faint, palette)
            note = width_note(self._replay.span, self._replay.whole, clocked=self._replay.clocked)
            self._write_note(pen, note, palette)
        elif y <= len(self._tracks):
            track = self._tracks[y - 1]
            hue = palette.lanes[track.lane] if track.lane else palette.soft
            pen.gap(1).write(track.name, hue, width=_NAME_WIDTH - 1)
            self._write_cells(pen, track.cells, hue, palette)
            self._write_note(pen, track.note, palette)
        return pen.strip(palette.ground)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Seek, and start to drag."""
        self._dragging = True
        self.capture_mouse()
        self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the playhead."""
        if self._dragging:
            self._seek(event.x)

    def on_mouse_up(self) -> None:
        """Let the playhead go."""
        self._dragging = False
        self.release_mouse()

    def _seek(self, x: int) -> None:
        bucket = min(max(x - _NAME_WIDTH, 0), self.track_width - 1)
        self.post_message(self.Sought(self._replay.span.at_bucket(bucket, self.track_width)))

    def _write_note(self, pen: Pen, note: str, palette: Inks) -> None:
        if self.size.width >= _NOTE_FROM:
            pen.gap(2).write(note, palette.soft)

    def _write_cells(self, pen: Pen, cells: str, style: Style, palette: Inks) -> None:
        at = self._playhead
        if at is None or at >= len(cells):
            write_track(pen, cells, style, palette)
            return
        write_track(pen, cells[:at], style, palette)
        under = cells[at]
        empty = under in (" ", NO_SAMPLE)
        hue = palette.severity(_FLAG_INKS[under]) if under in _FLAG_INKS else palette.playhead
        pen.write("│" if empty else under, palette.playhead if empty else hue + palette.cursor)
        write_track(pen, cells[at + 1 :], style, palette)


_FLAG_INKS = {SYMBOLS[severity]: severity for severity in Severity}


def write_track(pen: Pen, cells: str, style: Style, palette: Inks) -> None:
    """Cells of one hue; flag symbols among them in their own."""
    start = 0
    for index, cell in enumerate(cells):
        if cell in _FLAG_INKS:
            _write_run(pen, cells[start:index], style)
            pen.write(cell, palette.severity(_FLAG_INKS[cell]))
            start = index + 1
    _write_run(pen, cells[start:], style)


def _write_run(pen: Pen, cells: str, style: Style) -> None:
    """Empty cells before the first other one are a gap: some viewers of pictures drop spaces that begin a text."""
    text = cells.lstrip(" ")
    pen.gap(len(cells) - len(text)).write(text, style)


def fitting(found: list[Track], height: int) -> list[Track]:
    """As many tracks as there are lines; empty ones go first, then net, gaps and exec."""
    found = list(found)
    while len(found) > max(height, 1):
        blank = [t for t in found if not t.cells.strip(f" {NO_SAMPLE}") and t.name != "flags"]
        order = blank or [
            t for name in ("gpu power", "net", "gpu mem", "gaps", "exec") for t in found if t.name == name
        ]
        found.remove(order[0] if order else found[-1])
    return found
