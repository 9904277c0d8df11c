"""The queue of runs as a table that paints only the lines on screen."""

from dataclasses import dataclass, replace
from pathlib import Path

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.flags import tally
from ptb_tui.state.look_alikes import told_apart
from ptb_tui.state.queue import Heading, Queue, RunLine, Sort
from ptb_tui.state.stakes import points
from ptb_tui.state.times import brief, counted, day_and_time
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of
from store.findings import Severity

_HEAD_ROWS = 1
_WHEEL_ROWS = 3


@dataclass(frozen=True, slots=True)
class _Column:
    sort: Sort
    title: str
    width: int
    """Cells; the first column without one (0) shares what is left with others like it."""
    right: bool = False
    from_width: int = 0
    """Left out on a narrower terminal."""


_DATES_FROM = 112
_COLUMNS = (
    _Column(Sort.STATE, "", 2),
    _Column(Sort.AGENT, "agent", 0),
    _Column(Sort.TASK, "task", 0),
    _Column(Sort.SCORE, "score", 6, right=True),
    _Column(Sort.WORTH, "worth", 6, right=True, from_width=104),
    _Column(Sort.FLAGS, "flags", 12),
    _Column(Sort.VERDICT, "verdict", 11),
    _Column(Sort.DURATION, "duration", 8, right=True, from_width=90),
    _Column(Sort.STARTED, "started (utc)", 16, from_width=_DATES_FROM),
)
_APART = _Column(Sort.STARTED, "run", 0)
_AFTER_TASK = 3
_LONGEST_WORD = 14
"""Cells of what tells look-alikes apart."""
_STATE_SYMBOLS = {"recording": "●", "closed": " ", "recovered": "◐", "broken": "✗"}


class RunList(Widget, can_focus=True):
    """A table over a :class:`Queue`."""

    DEFAULT_CSS = """
    RunList { height: 1fr; background: $background; }
    """

    class Opened(Message):
        """The selected run was clicked again."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue
        self._top = 0
        self._told_of: list[RunLine] = []
        self._apart: dict[Path, str] = {}
        """What tells runs apart that look alike, where there is no room for dates."""
        self.note = "reading runs …"
        """Shown instead of an empty table."""

    @property
    def page(self) -> int:
        """Half of the runs that fit."""
        return max((self.size.height - _HEAD_ROWS) // 2, 1)

    def show(self) -> None:
        """Paint again, with the selected run on screen."""
        if self._told_of is not self._queue.shown:
            self._told_of = self._queue.shown
            self._apart = told_apart(self._told_of)
        height = max(self.size.height - _HEAD_ROWS, 1)
        row = self._queue.row
        self._top = min(max(self._top, row - height + 1), row)
        if self._top == row and row and isinstance(self._queue.rows[row - 1], Heading):
            self._top -= 1
        self._top = max(min(self._top, len(self._queue.rows) - height), 0)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the selected run on screen."""
        self.show()

    def render_line(self, y: int) -> Strip:
        """The heading or one run."""
        palette = inks_of(self)
        pen = Pen(self.size.width).gap(1)
        if y == 0:
            return self._head(pen, palette)
        place = self._top + y - _HEAD_ROWS
        if place >= len(self._queue.rows):
            if y == 2 and not self._queue.shown:
                pen.gap(2).write(self.note, palette.soft)
            return pen.strip(palette.ground)
        row = self._queue.rows[place]
        if isinstance(row, Heading):
            _write_heading(pen, row, palette)
            return pen.strip(palette.raised)
        selected = row == self._queue.index
        pen = Pen(self.size.width).write("▸" if selected else "", palette.playhead, width=1)
        self._write_run(pen, self._queue.shown[row], palette)
        return pen.strip(palette.cursor if selected else palette.ground)

    def on_click(self, event: events.Click) -> None:
        """Select a run; open it when it was selected already."""
        place = self._top + event.y - _HEAD_ROWS
        row = self._queue.rows[place] if event.y >= _HEAD_ROWS and place < len(self._queue.rows) else None
        if not isinstance(row, int):
            return
        again = row == self._queue.index
        self._queue.select(row)
        self.show()
        if again:
            self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        event.stop()
        self._queue.select(self._queue.index + _WHEEL_ROWS)
        self.show()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        event.stop()
        self._queue.select(self._queue.index - _WHEEL_ROWS)
        self.show()

    def _columns(self) -> list[tuple[_Column, int]]:
        columns = [column for column in _COLUMNS if self.size.width >= column.from_width]
        if self._apart and self.size.width < _DATES_FROM:
            width = min(max(len(_APART.title), *(len(word) for word in self._apart.values())), _LONGEST_WORD)
            columns.insert(_AFTER_TASK, replace(_APART, width=width))
        fixed = sum(column.width + 2 for column in columns if column.width)
        flexible = [column for column in columns if not column.width]
        share = max((self.size.width - fixed - 2) // len(flexible) - 2, 6)
        return [(column, column.width or share) for column in columns]

    def _head(self, pen: Pen, palette: Inks) -> Strip:
        for column, width in self._columns():
            sorted_by = column.sort is self._queue.sort
            arrow = ("▴" if self._queue.reversed else "▾") if sorted_by and column.title else ""
            pen.write(
                column.title + arrow,
                palette.accent if sorted_by else palette.soft,
                width=width,
                right=column.right,
            )
            pen.gap(2 if column.title else 0)
        return pen.strip(palette.raised)

    def _write_run(self, pen: Pen, line: RunLine, palette: Inks) -> None:
        symbol = _STATE_SYMBOLS.get(line.state, " ")
        hue = (
            palette.violation
            if line.broken
            else palette.good
            if line.state == "recording"
            else palette.suspicious
        )
        pen.write(symbol, hue, width=1)
        pen.write("◆" if line.folder in self._queue.marked else "", palette.accent, width=1)
        if line.broken:
            pen.write(line.run_id, palette.soft).gap(2).write(
                f"cannot be opened: {line.reason}", palette.tried
            )
            return
        for column, width in self._columns()[1:]:
            text, style = (
                (self._apart.get(line.folder, ""), palette.soft)
                if column.title == _APART.title
                else _cell(line, column.sort, palette)
            )
            pen.write(text, style, width=width, right=column.right).gap(2)


def _write_heading(pen: Pen, heading: Heading, palette: Inks) -> None:
    pen.write(heading.title, palette.accent).gap(2)
    pen.write(counted(heading.runs, "run", "runs"), palette.soft).gap(2)
    pen.write(f"{heading.undecided} undecided" if heading.undecided else "all decided", palette.ink).gap(2)
    for severity, count in heading.counts.items():
        if count:
            pen.write(tally(severity, count), palette.severity(severity)).gap(2)
    if heading.worth:
        pen.write(f"worth {points(heading.worth)}", palette.soft)


def _cell(line: RunLine, column: Sort, palette: Inks) -> tuple[str, Style]:
    match column:
        case Sort.AGENT:
            return line.agent or line.run_id, palette.ink
        case Sort.TASK:
            return line.task or line.run_id, palette.ink if line.task else palette.soft
        case Sort.SCORE:
            return ("–", palette.faint) if line.score is None else (f"{line.score:.1%}", palette.ink)
        case Sort.WORTH:
            return ("", palette.faint) if line.worth is None else (points(line.worth), palette.ink)
        case Sort.FLAGS:
            worst = _worst(line)
            return line.flags, palette.severity(worst)
        case Sort.VERDICT:
            return line.verdict, palette.soft if line.undecided else palette.ink
        case Sort.DURATION:
            if line.state == "recording":
                return "live", palette.good
            return ("–", palette.faint) if line.duration is None else (brief(line.duration), palette.soft)
        case Sort.STARTED:
            return (
                ("no clock", palette.faint)
                if line.started_at is None
                else (day_and_time(line.started_at), palette.soft)
            )
        case Sort.STATE:
            return line.state, palette.soft


def _worst(line: RunLine) -> Severity | None:
    if line.judgement is None:
        return None
    return next((severity for severity in Severity if line.judgement.counts.get(severity)), None)
