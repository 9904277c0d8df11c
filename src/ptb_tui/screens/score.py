"""Score: every attempt at a run's score, the job under way, and the start of another."""

import shlex
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.late import tell
from ptb_tui.screens.confirm import ConfirmScreen
from ptb_tui.screens.copying import copy
from ptb_tui.screens.score_form import ScoreFormScreen
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.page import Page
from ptb_tui.state.score_form import ScoreForm
from ptb_tui.state.scoring import Row, Scoring, read_scoring, read_tail
from ptb_tui.state.scoring_page import scoring_headline, scoring_sections
from ptb_tui.state.start_scoring import start_scoring
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.log_tail import LogTail
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.too_small import TooSmall
from store.catalog.entry import Benchmark
from store.errors import PtbError
from store.jobs import ask_to_cancel
from store.library import RunEntry
from store.manifest import State
from store.overlay import Review

_WIDE = 150
"""Columns from which attempts and log stand side by side."""
_LOOK_S = 0.5
"""Between two looks at the files of jobs: a job writes its own once a second."""


class ScoreScreen(Screen[None]):
    """The scoring of one run."""

    SCOPE: ClassVar = Scope.SCORE
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    ScoreScreen { background: $background; }
    ScoreScreen PageView { width: 60%; }
    ScoreScreen LogTail { width: 40%; border-left: solid $line; }
    ScoreScreen.-narrow #body { layout: vertical; }
    ScoreScreen.-narrow PageView { width: 100%; height: 60%; }
    ScoreScreen.-narrow LogTail { width: 100%; height: 40%; border-left: none; border-top: solid $line; }
    """

    def __init__(self, entry: RunEntry) -> None:
        """``entry`` has a manifest."""
        super().__init__()
        self.entry = entry
        self._review = Review(entry.folder.absolute(), entry.run_id)
        self._scoring: Scoring | None = None
        self._form: ScoreForm | None = None
        """As it was left, for the next attempt."""
        self._looking = False
        self._followed: str | None = None
        """The job that was under way at the last look."""
        self._page = Page()
        self._header = Header(self._headline)
        self._main = PageView(self._page)
        self._log = LogTail()
        self._footer = Footer(Scope.SCORE)
        self._too_small = TooSmall(50, 12)

    def compose(self) -> ComposeResult:
        """Header, attempts beside the log, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        with Horizontal(id="body"):
            yield self._main
            yield self._log

    def on_mount(self) -> None:
        """Look at once, then again and again: a job may be another process's."""
        self._main.focus()
        self._header.show()
        self._look()
        self.set_interval(_LOOK_S, self._look)

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self.set_class(event.size.width < _WIDE, "-narrow")

    def _headline(self) -> list[HeadLine]:
        return scoring_headline(self.entry, self._scoring)

    # Following

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self._read(self._selected_key())

    @work(thread=True, group="look")
    def _read(self, selected: object) -> None:
        facts = self.entry.manifest.facts if self.entry.manifest else None
        if not self.entry.folder.is_dir():
            tell(self._failed, f"{self.entry.folder} is gone: nothing of it can be read")
            return
        try:
            scoring = read_scoring(self._review, facts.benchmark if facts else None)
            row = _row_of(scoring, selected)
            said = read_tail(row.log) if row else []
        except OSError as error:
            tell(self._failed, f"cannot be read: {error}")
            return
        tell(self._show, scoring, row, said)

    def _failed(self, message: str) -> None:
        self._looking = False
        self.say(message, bad=True)

    def _show(self, scoring: Scoring, row: Row | None, said: list[str]) -> None:
        self._looking = False
        began = self._scoring is not None and len(scoring.rows) > len(self._scoring.rows)
        changed = scoring != self._scoring
        self._scoring = scoring
        running, job = scoring.running, scoring.job
        if self._followed is not None and running is None and job is not None:
            self.say(f"job {self._followed} is {job.outcome or job.standing}")
        self._followed = running.job_id if running else None
        if changed:
            self._page.fill(scoring_sections(scoring))
            if began:
                self._page.select(("attempt", scoring.rows[-1].key))
            self._main.show()
        self._header.show()
        self._log.show(_log_heading(row), said)

    def _selected_key(self) -> object:
        selected = self._page.selected
        return selected.key if selected else None

    # Doing

    def action_start(self) -> None:
        """Open the form."""
        if self.entry.manifest is not None and self.entry.manifest.state is State.RECORDING:
            self.say("this run is still being recorded: its model is not handed in yet", bad=True)
        elif self._scoring is not None and self._scoring.running is not None:
            self.say(f"it is being scored now: {label_of('score.cancel')} cancels that first", bad=True)
        elif self._form is not None:
            self._ask(self._form)
        else:
            self._prepare()

    @work(thread=True, exclusive=True, group="prepare")
    def _prepare(self) -> None:
        """The catalog is read from files."""
        from store.catalog.reader import load_catalog

        benchmark: Benchmark | None = None
        name = self.entry.manifest.facts.benchmark if self.entry.manifest else None
        try:
            benchmark = load_catalog().benchmark(name) if name else None
        except PtbError as error:
            tell(self.say, str(error), bad=True)
            return
        tell(self._ask, ScoreForm(benchmark))

    def _ask(self, form: ScoreForm) -> None:
        if not self.is_active:
            return
        self._form = form
        form.row = 0
        self.app.push_screen(ScoreFormScreen(self.entry.run_id, form), self._begin)

    def _begin(self, form: ScoreForm | None) -> None:
        if form is not None:
            self.say("starting …")
            self._start(tuple(form.options()))

    @work(thread=True, exclusive=True, group="start")
    def _start(self, options: tuple[str, ...]) -> None:
        try:
            job_id = start_scoring(self.entry.folder, options)
        except PtbError as error:
            tell(self.say, str(error), bad=True)
            return
        tell(self.say, f"job {job_id} runs; it goes on when ptb is left")

    def action_cancel(self) -> None:
        """Ask whether the job under way shall stop."""
        job = self._scoring.running if self._scoring else None
        if job is None:
            self.say("nothing is being scored now")
        else:
            question = f"Job {job.job_id} is {job.phase}. Stopped, it cannot go on; earlier attempts stay."
            self.app.push_screen(ConfirmScreen("cancel this job?", question), self._cancel)

    def _cancel(self, meant: bool | None) -> None:  # noqa: FBT001  # Textual hands the answer over
        job = self._scoring.running if self._scoring else None
        if not meant or job is None:
            return
        try:
            ask_to_cancel(self._review, job)
        except PtbError as error:
            self.say(str(error), bad=True)
            return
        self.say(f"asked job {job.job_id} to stop")
        self._look()

    def action_copy(self) -> None:
        """Copy the command that follows at a prompt."""
        command = shlex.join(("ptb", "score", self.entry.run_id, "--follow"))
        self.say(copy(self, f"“{command}”", command))

    # Moving

    def action_move(self, rows: int) -> None:
        """Another attempt."""
        self._footer.hush()
        self._page.move(rows)
        self._selected()

    def action_edge(self, which: int) -> None:
        """Newest or oldest."""
        self._page.edge(which)
        self._selected()

    def action_scroll_log(self, halves: int) -> None:
        """Scroll the log."""
        self._log.scroll_by(halves)

    def on_page_view_picked(self) -> None:
        """An attempt was clicked."""
        self._selected()

    def _selected(self) -> None:
        self._main.refresh()
        self._look()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._main, self._log, self._footer):
            part.refresh()


def _row_of(scoring: Scoring, selected: object) -> Row | None:
    """The selected attempt; the newest where none is."""
    for row in scoring.rows:
        if selected == ("attempt", row.key):
            return row
    return scoring.rows[-1] if scoring.rows else None


def _log_heading(row: Row | None) -> str:
    if row is None:
        return "log"
    return f"log of attempt {row.number}"
