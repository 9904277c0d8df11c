"""The event log: as many rows as fit, painted straight from the state; nothing is kept per event."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.flags import SYMBOLS, Flag
from ptb_tui.state.folding import Fold, Row
from ptb_tui.state.replay import Replay
from ptb_tui.state.times import FINE_BELOW, SECOND, elapsed
from ptb_tui.state.wording import WORD_WIDTH, Wording, wording
from ptb_tui.widgets.paint import Inks, Pen, cut
from ptb_tui.widgets.panel import inks_of
from store.event import LANES, Kind

_WORDS_FROM = 64
"""Width from which the severity of a flag stands beside its symbol."""
_AMOUNT_WIDTH = 10
_PIDS_FROM = 110
_SHORT_WORD = 9
"""Cells of a word where no column comes after it: what was tried takes more."""
_CACHED_STRIPS = 600
_SCROLLBAR = 1
_WHEEL_ROWS = 3


@dataclass(frozen=True, slots=True)
class _Look:
    """Everything that the painting of a row depends on."""

    row: Row
    selected: bool
    marked: bool
    same_second: bool
    """As the row above."""
    width: int
    palette: str


class EventLog(Widget, can_focus=True):
    """Rows of a run around the playhead."""

    DEFAULT_CSS = """
    EventLog { width: 1fr; height: 1fr; background: $background; }
    """

    class Picked(Message):
        """A row was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position
            """Of the row's lead event."""

    class Scrolled(Message):
        """The wheel or the scroll bar moved the window, not the playhead."""

    def __init__(self, replay: Replay, marked: Callable[[int], bool], root: str | None) -> None:
        """``marked`` tells whether a seq has a reviewer's mark; paths are shown from ``root`` on."""
        super().__init__()
        self._replay = replay
        self._marked = marked
        self._root = root
        self._looks: list[_Look | None] = []
        self._thumb = (-1, -1)
        self._strips: dict[tuple[_Look, bool], Strip] = {}
        """By the look of a row, and whether the thumb of the scroll bar is beside it."""

    def on_resize(self, event: events.Resize) -> None:
        """Tell the state how many rows fit."""
        self._replay.viewport.height = max(event.size.height, 1)
        self._replay.viewport.show(self._replay.position)
        self.show()

    def forget(self) -> None:
        """Paint everything anew: flags, marks, the search or the theme changed."""
        self._strips.clear()
        self._looks = []
        self.show()
        self.refresh()

    def show(self) -> None:
        """Paint the lines that changed since the last time."""
        width, height = self.size
        if not width or not height:
            return
        selected = self._replay.row()
        rows = self._replay.viewport.rows()
        above: list[Row | None] = [None, *rows]
        looks: list[_Look | None] = [
            _Look(
                row,
                selected is not None and row.first == selected.first,
                any(self._marked(event.seq) for event in row.events),
                _second(row) is not None and _second(row) == _second(before),
                width,
                self.app.theme,
            )
            for row, before in zip(rows, above, strict=False)
        ]
        looks += [None] * (height - len(looks))
        thumb = self._thumb_rows(height, looks)
        if thumb != self._thumb or len(looks) != len(self._looks):
            changed = [Region(0, 0, width, height)]
        else:
            changed = [Region(0, y, width, 1) for y in range(height) if looks[y] != self._looks[y]]
        self._looks, self._thumb = looks, thumb
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One row."""
        palette = inks_of(self)
        look = self._looks[y] if y < len(self._looks) else None
        if look is None:
            empty = "nothing recorded yet" if y == 1 and not len(self._replay.reader) else ""
            return Pen(self.size.width).gap(3).write(empty, palette.soft).strip(palette.ground)
        on_thumb = self._thumb[0] <= y < self._thumb[1]
        key = look, on_thumb
        if (strip := self._strips.get(key)) is None:
            if len(self._strips) >= _CACHED_STRIPS:
                self._strips.clear()
            bar = Pen(_SCROLLBAR).write("┃" if on_thumb else "│", palette.soft if on_thumb else palette.line)
            strip = self._strips[key] = Strip.join([self._paint(look, palette), bar.strip(palette.ground)])
        return strip

    def on_click(self, event: events.Click) -> None:
        """Select the row, or go where the scroll bar was clicked."""
        if event.x >= self.size.width - _SCROLLBAR:
            total = len(self._replay.reader)
            self.post_message(self.Picked(min(total * event.y // max(self.size.height - 1, 1), total - 1)))
        elif event.y < len(self._looks) and (look := self._looks[event.y]) is not None:
            self.post_message(self.Picked(look.row.lead.position))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look further down without moving the playhead."""
        event.stop()
        self._replay.viewport.scroll(_WHEEL_ROWS)
        self.show()
        self.post_message(self.Scrolled())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look further up without moving the playhead."""
        event.stop()
        self._replay.viewport.scroll(-_WHEEL_ROWS)
        self.show()
        self.post_message(self.Scrolled())

    def _thumb_rows(self, height: int, looks: list[_Look | None]) -> tuple[int, int]:
        total = max(len(self._replay.reader), 1)
        shown = [look.row for look in looks if look is not None]
        if not shown:
            return 0, height
        top = shown[0].first * height // total
        bottom = max(-(-(shown[-1].last + 1) * height // total), top + 1)
        return min(top, height - 1), bottom

    def _paint(self, look: _Look, palette: Inks) -> Strip:
        row, lead = look.row, look.row.lead
        words = wording(row, self._root)
        flag = self._replay.flags.worst(lead.seq)
        width = look.width - _SCROLLBAR
        pen = Pen(width)
        pen.write(
            "▸" if look.selected else "●" if look.marked else " ",
            palette.playhead if look.selected else palette.accent,
        )
        pen.write("●" if look.marked and look.selected else " ", palette.accent)
        self._write_time(pen, look, palette)
        hue = palette.tried if words.tried else palette.lanes[LANES[lead.kind]]
        pen.write(words.symbol, hue).gap()
        pids = width >= _PIDS_FROM
        pen.write(words.word, hue, width=WORD_WIDTH if pids else max(_SHORT_WORD, len(words.word))).gap()
        if pids:
            pen.write(str(lead.pid) if lead.pid is not None else "", palette.faint, width=7, right=True).gap(
                2
            )
        self._write_said(pen, look, words, flag, palette)
        return pen.strip(palette.cursor if look.selected else palette.ground)

    def _write_said(self, pen: Pen, look: _Look, words: Wording, flag: Flag | None, palette: Inks) -> None:
        """The text, then, as far as there are any, how often, the flag and the amount at the right edge."""
        end = pen.width - (max(_AMOUNT_WIDTH, len(words.amount) + 1) if words.amount else 1)
        said = ""
        if flag is not None:
            in_full = look.width >= _WORDS_FROM
            said = f"{SYMBOLS[flag.severity]} {flag.severity}" if in_full else SYMBOLS[flag.severity]
        used = pen.width - pen.left
        room = end - used - (len(said) + 2 if said else 0) - (len(words.times) + 2 if words.times else 0) - 1
        name = cut(words.text, room)
        pen.write(cut(words.before, max(room - cell_len(name), 0), left=True), palette.soft)
        self._write_found(pen, name, _text_style(look.row, words, palette), palette.match)
        if words.times:
            pen.gap(2).write(words.times, palette.soft)
        if flag is not None:
            pen.to(end - len(said) - 1).write(said, palette.severity(flag.severity))
        pen.to(pen.width - len(words.amount) - 1).write(words.amount, palette.soft)

    def _write_time(self, pen: Pen, look: _Look, palette: Inks) -> None:
        row = look.row
        ts = row.lead.ts
        fine = self._replay.whole.width < FINE_BELOW
        if ts is None:
            text = f"#{row.lead.seq}" if not self._replay.clocked else "--:--:--"
        else:
            text = elapsed(ts - self._replay.whole.start, fine=fine)
        pen.write(
            text,
            palette.faint if look.same_second else palette.soft,
            width=12 if fine and self._replay.clocked else 8,
            right=not self._replay.clocked,
        )
        pen.gap(2)

    def _write_found(self, pen: Pen, text: str, style: Style, match: Style) -> None:
        """``text`` with the first place where the search stands in it set off."""
        needle = self._replay.query.text.lower() if self._replay.query else ""
        at = text.lower().find(needle) if needle else -1
        end = at + len(needle)
        if at < 0:
            pen.write(text, style)
        else:
            pen.write(text[:at], style).write(text[at:end], match).write(text[end:], style)


def _second(row: Row | None) -> int | None:
    return None if row is None or row.lead.ts is None else row.lead.ts // SECOND


def _text_style(row: Row, words: Wording, palette: Inks) -> Style:
    """Words and commands in full ink, what a machine does by itself quieter, what did not happen in italics."""
    if words.tried:
        return palette.tried
    if row.fold in (Fold.SYSTEM, Fold.SAMPLES):
        return palette.soft
    if row.lead.kind in (Kind.NOTICE, Kind.PROCESS, Kind.EXIT, Kind.COMMAND_LINK, Kind.GPU):
        return palette.soft
    return palette.ink
