"""The heat map of cases: where the undecided scores lie, and which of them move the leaderboard most."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part
from ptb_tui.state.heat import HeatMap
from ptb_tui.state.page import Item, Page, Section
from ptb_tui.state.prose import Line, line
from ptb_tui.state.queue import Queue
from ptb_tui.state.stakes import points
from ptb_tui.state.times import counted
from ptb_tui.ways import OpenCase
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.heat_view import HeatView
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.too_small import TooSmall

_READING_S = 0.3


class HeatScreen(Screen[None]):
    """All cases of the queue at a glance."""

    SCOPE: ClassVar = Scope.HEAT
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    HeatScreen { background: $background; }
    HeatScreen #cell { height: 9; border-top: solid $line; }
    """

    def __init__(self, queue: Queue) -> None:
        """Shows the runs that the queue shows."""
        super().__init__()
        self._queue = queue
        self.heat = HeatMap(queue.shown)
        self._moved = False
        """Until then the cell of most worth is selected."""
        self._page = Page()
        self._header = Header(self._headline)
        self._map = HeatView(self.heat)
        self._cell = PageView(self._page, widget_id="cell")
        self._footer = Footer(Scope.HEAT)
        self._too_small = TooSmall(60, 14)

    def compose(self) -> ComposeResult:
        """Header, map, the selected cell, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self._map
        yield self._cell

    def on_mount(self) -> None:
        """Show it."""
        self._cell.can_focus = False
        self._map.focus()
        self._reading = self.set_interval(_READING_S, self._read_more, pause=not self._queue.unread)
        self._changed()

    def _read_more(self) -> None:
        """The queue is still being read."""
        if not self._queue.unread:
            self._reading.pause()
        self.on_screen_resume()

    def on_screen_resume(self) -> None:
        """Cases may have been decided."""
        row, column = self.heat.row, self.heat.column
        self.heat = HeatMap(self._queue.shown)
        if self._moved and row < len(self.heat.agents) and column < len(self.heat.columns):
            self.heat.row, self.heat.column = row, column
        self._changed()

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._too_small.fit(event.size)

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def _changed(self) -> None:
        self._footer.hush()
        self._header.show()
        self._map.show(self.heat)
        self._page.fill(())
        self._page.fill(self._about())
        self._cell.show()

    def _headline(self) -> list[HeadLine]:
        undecided = sum(one.undecided for one in self._queue.shown)
        first: HeadLine = (
            [Part("ptb", "accent"), Part("heat map of cases", "strong")],
            [
                Part(f"reading {self._queue.unread:,} …" if self._queue.unread else "", "soft"),
                Part(f"{undecided} undecided" if undecided or self._queue.unread else "all decided", "ink"),
            ],
        )
        legend = "░▒▓█ undecided, by worth   ? no score   ✓ decided   ● recording   · no run"
        without = counted(self.heat.without_task, "run has no task", "runs have no task")
        return [
            first,
            ([Part(legend, "soft")], [Part(without if self.heat.without_task else "", "suspicious", 1)]),
        ]

    def _about(self) -> list[Section]:
        cell = self.heat.selected
        if cell is None:
            return [
                Section(
                    "no case here", (Item((line("runs need a benchmark and a base model to be cases"),)),)
                )
            ]
        lines: list[Line] = [line((cell.base_model, "strong"), "  ", (cell.agent, "agent"))]
        if not cell.runs:
            lines.append(line(("no run of this agent on this task", "soft")))
        else:
            worst = cell.worst
            told = [counted(len(cell.runs), "run", "runs"), f"{len(cell.undecided)} undecided"]
            if cell.worth:
                told.append(f"worth {points(cell.worth)}")
            lines.append(
                line(", ".join(told), "   ", (f"{SYMBOLS[worst]} {worst}" if worst else "", worst or "soft"))
            )
            for one in (cell.undecided or cell.runs)[:3]:
                score = "no score" if one.score is None else f"{one.score:.1%}"
                lines.append(
                    line(("⏎ ", "accent"), one.run_id, (f"  {score}  {one.flags}  {one.verdict}", "soft"))
                )
        models = "   ".join(f"{number + 1} {model}" for number, model in enumerate(self.heat.models))
        return [
            Section(
                cell.benchmark, (Item(tuple(lines)), Item((line(("columns: ", "soft"), (models, "soft")),)))
            )
        ]

    def action_move(self, rows: int, columns: int) -> None:
        """Another cell."""
        self._moved = True
        self.heat.move(rows, columns)
        self._changed()

    def action_next_undecided(self) -> None:
        """The next cell by worth."""
        self._moved = True
        found = self.heat.next_undecided()
        self._changed()
        if not found:
            self.say("every case here is decided")

    def action_open(self) -> None:
        """The case of this cell."""
        folder = self.heat.open()
        if folder is None:
            self.say(f"no run here: {label_of('heat.next_undecided')} goes to the next undecided one")
        else:
            self.post_message(OpenCase(folder))

    def action_its_runs(self) -> None:
        """Back, with only these runs."""
        cell = self.heat.selected
        if cell is not None and cell.runs:
            first = cell.runs[0]
            self._queue.filter(f"{first.agent} {first.task}")
            self.app.pop_screen()

    def on_heat_view_opened(self) -> None:
        """The selected cell was clicked."""
        self.action_open()

    def on_heat_view_picked(self) -> None:
        """Another cell was clicked."""
        self._moved = True
        self._changed()

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._map, self._cell, self._footer):
            part.refresh()
