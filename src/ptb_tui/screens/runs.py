"""Runs: the queue, from which a run is opened."""

from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.late import tell
from ptb_tui.screens.copying import copy
from ptb_tui.state.headline import Line, Part
from ptb_tui.state.queue import Grouping, Judgement, Queue, RunLine, judgements, run_line
from ptb_tui.ways import OpenCase, OpenCompare, OpenFindings, OpenScore, OpenSql
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.run_card import RunCard
from ptb_tui.widgets.run_list import RunList
from ptb_tui.widgets.too_small import TooSmall
from store.counting import counted
from store.errors import PtbError
from store.library import list_runs
from store.plain import plain

_CARD_FROM = 24
"""Lines from which there is room for the selected run's card."""
_CHUNK = 64
"""Runs whose review is read between two repaints, at least."""
_CHUNKS = 16
"""Repaints while the review of thousands is read."""


class RunsScreen(Screen[None]):
    """All runs of one folder."""

    SCOPE = Scope.RUNS
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    RunsScreen { background: $background; }
    """

    def __init__(self, folder: Path, queue: Queue) -> None:
        super().__init__()
        self._folder = folder
        self.queue = queue
        self._header = Header(self._headline)
        self._list = RunList(self.queue)
        self._card = RunCard(self.queue)
        self._footer = Footer(Scope.RUNS)
        self._too_small = TooSmall(50, 6)

    def compose(self) -> ComposeResult:
        """Header, table, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self._list
        yield self._card

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Read the folder after the first paint."""
        self._list.focus()
        self._header.show()
        self.action_reload()

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._card.display = event.size.height >= _CARD_FROM
        self._too_small.fit(event.size)

    def on_screen_resume(self) -> None:
        """Verdicts may have changed while a run was open."""
        if self.queue.total:
            self.action_reload()

    @work(thread=True, exclusive=True)
    def action_reload(self) -> None:
        """Read the folder of runs, then the review of each."""
        try:
            entries = list_runs(self._folder)
        except PtbError as error:
            tell(self._failed, str(error))
            return
        if not tell(self._fill, [run_line(entry) for entry in entries]):
            return
        chunk = max(_CHUNK, len(entries) // _CHUNKS)
        for start in range(0, len(entries), chunk):
            if not tell(self._judge, judgements(entries[start : start + chunk])):
                return

    def _fill(self, lines: list[RunLine]) -> None:
        self.queue.fill(lines)
        self._list.note = (
            f"no run matches the filter: {label_of('runs.filter')} changes it, empty shows all"
            if lines
            else f"no runs in {self._folder} yet; `ptb demo` records one"
        )
        self._changed()

    def _judge(self, found: dict[Path, Judgement]) -> None:
        self.queue.judge(found)
        self._changed()

    def _failed(self, message: str) -> None:
        self._list.note = message
        self._changed()

    def _changed(self) -> None:
        self._footer.hush()
        self._header.show()
        self._list.show()
        self._card.show()

    def _headline(self) -> list[Line]:
        queue = self.queue
        undecided = sum(line.undecided for line in queue.shown)
        flagged = sum(bool(line.flags) and line.flags[0] == "▲" for line in queue.shown)
        broken = sum(line.broken for line in queue.shown)
        count = (
            f"{len(queue.shown):,} of {counted(queue.total, 'run')}"
            if queue.filter_text
            else counted(queue.total, "run")
        )
        first: Line = (
            [Part("ptb", "accent"), Part(count, "strong"), Part(plain(str(self._folder)), "soft", 4)],
            [
                Part(f"▲ {flagged:,} with violations" if flagged else "", "violation", 1),
                Part(f"{undecided} undecided" if undecided else "", "ink", 2),
                Part(f"✗ {broken} broken" if broken else "", "violation", 3),
            ],
        )
        direction = ", reversed" if queue.reversed else ""
        second: Line = (
            [
                Part(f"sorted by {queue.sort.value}{direction}", "soft", 1),
                Part(f"by {queue.grouping.value}" if queue.grouping is not Grouping.NONE else "", "accent"),
            ],
            [Part(f"filter: {queue.filter_text}" if queue.filter_text else "", "accent")],
        )
        return [first, second]

    def action_move(self, rows: int) -> None:
        """Select another run."""
        self.queue.select(self.queue.index + rows)
        self._changed()

    def action_page(self, halves: int) -> None:
        """Half a screen on or back."""
        self.action_move(halves * self._list.page)

    def action_edge(self, which: int) -> None:
        """First or last run."""
        self.queue.select(0 if which == 0 else len(self.queue.shown) - 1)
        self._changed()

    def action_open(self) -> None:
        """Open the selected run."""
        selected = self.queue.selected
        if selected is None:
            return
        if selected.reason is not None:
            self._footer.say(selected.reason, bad=True)
            return
        self.post_message(OpenCase(selected.folder))

    def action_score(self) -> None:
        """The scoring of the selected run."""
        selected = self.queue.selected
        if selected is not None:
            self.post_message(OpenScore(selected.folder))

    def action_heat(self) -> None:
        """All cases at a glance."""
        from ptb_tui.screens.heat import HeatScreen

        self.app.push_screen(HeatScreen(self.queue))

    def action_group(self) -> None:
        """Put runs together by the next thing."""
        self.queue.next_grouping()
        self._changed()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def action_findings(self) -> None:
        """The findings of all runs shown."""
        if self.queue.shown:
            self.post_message(OpenFindings())

    def action_mark(self) -> None:
        """Mark the selected run, or take the mark back."""
        if self.queue.selected is None:
            return
        marked = self.queue.mark()
        self._changed()
        if not marked:
            self._footer.say("not marked any more")
        elif len(self.queue.marked) == 2:
            self._footer.say(f"◆ two runs are marked: {label_of('runs.compare')} compares them")
        else:
            self._footer.say(f"◆ marked: select another run, {label_of('runs.compare')} compares them")

    def action_compare(self) -> None:
        """The marked runs side by side."""
        chosen = self.queue.to_compare
        if chosen is None:
            self._footer.say(f"mark a run with {label_of('runs.mark')} first, then select another")
        else:
            self.post_message(OpenCompare(*chosen))

    def action_sql(self) -> None:
        """SQL over what is shown here."""
        self.post_message(OpenSql([line.folder for line in self.queue.shown if not line.broken]))

    async def action_filter(self) -> None:
        """Ask for words that runs must hold."""
        hint = "words in agent, task, flags, verdict, state"
        await Prompt.ask(self, "filter", self._filter, value=self.queue.filter_text, hint=hint)

    def _filter(self, text: str | None) -> None:
        if text is not None:
            self.queue.filter(text)
        self._changed()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.queue.next_sort()
        self._changed()
        self._footer.say(f"sorted by {self.queue.sort.value}")

    def action_reverse(self) -> None:
        """Reverse the order."""
        self.queue.reverse()
        self._changed()

    def action_next_undecided(self) -> None:
        """The case of the next run that waits for a decision."""
        found = self.queue.next_undecided()
        self._changed()
        if found:
            self.action_open()
        else:
            self._footer.say(
                "still reading what was decided …" if self.queue.unread else "no undecided run here"
            )

    def action_copy(self) -> None:
        """Copy the id of the run."""
        selected = self.queue.selected
        if selected is not None:
            self._footer.say(copy(self, "the id of the run", selected.run_id))

    def on_run_list_opened(self) -> None:
        """The selected run was clicked."""
        self.action_open()

    def repaint(self) -> None:
        """The theme changed."""
        self._header.refresh()
        self._list.refresh()
        self._card.refresh()
        self._footer.refresh()
