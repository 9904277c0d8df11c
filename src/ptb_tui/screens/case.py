"""Case: the first screen of a run, from which a reviewer decides, replays, or goes on to the next."""

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.cli.reviewer import user_name
from ptb_tui.late import tell
from ptb_tui.screens.copying import copy
from ptb_tui.screens.deciding import Deciding, Selected
from ptb_tui.screens.judging import ask_verdict
from ptb_tui.state import acts
from ptb_tui.state.case import WORKING_OUT, CasePages, case_headline, pages
from ptb_tui.state.citing import cite_finding
from ptb_tui.state.page import Page, Section
from ptb_tui.state.stakes import stake_of
from ptb_tui.ways import NextCase, OpenCompare, OpenFindings, OpenLineage, OpenReplay, OpenScore, OpenSql
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.too_small import TooSmall
from review.reviewed import Reviewed, read_reviewed
from store.errors import PtbError
from store.findings import StandingFinding
from store.jobs import read_jobs, running_job
from store.library import RunEntry, entry_of

_MAKING_DELAY_S = 0.3
"""How the model was made is worked out for a case that is stayed at, not for each on the way to another."""
_TWO_COLUMNS = 110
"""Width from which what there is to do stands beside what is known."""


class CaseScreen(Screen[None]):
    """One run, told from everything that lies beside its recording."""

    SCOPE: ClassVar = Scope.CASE
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    CaseScreen { background: $background; }
    CaseScreen #aside { width: 44; border-left: solid $line; }
    CaseScreen.-one-column #aside { display: none; }
    """

    def __init__(self, entry: RunEntry) -> None:
        """``entry`` has a manifest."""
        super().__init__()
        self.entry = entry
        self._reviewed: Reviewed | None = None
        self._pages = CasePages((), ())
        self._making = WORKING_OUT
        self._making_due: Timer | None = None
        self._page, self._aside_page = Page(), Page()
        self._header = Header(lambda: case_headline(self.entry, self._reviewed))
        self._main = PageView(self._page)
        self._aside = PageView(self._aside_page, widget_id="aside")
        self._footer = Footer(Scope.CASE)
        self._too_small = TooSmall(50, 8)
        self._deciding = Deciding(self, self._selected, self.action_reload)

    def compose(self) -> ComposeResult:
        """Header, what is known beside what there is to do, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        with Horizontal():
            yield self._main
            yield self._aside

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Read everything after the first paint."""
        self._aside.can_focus = False
        self._main.focus()
        self._header.show()
        self.action_reload()

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self.set_class(event.size.width < _TWO_COLUMNS, "-one-column")
        self._arrange()

    def on_screen_resume(self) -> None:
        """Flags and verdicts may have changed in Replay."""
        if self._reviewed is not None:
            self.action_reload()

    def action_reload(self) -> None:
        """Read manifest and review records again."""
        self._reload(self.entry.folder)

    @work(thread=True, exclusive=True)
    def _reload(self, folder: Path) -> None:
        entry = entry_of(folder)
        if entry.manifest is None:
            tell(self.say, entry.error or "the run is gone", bad=True)
            return
        try:
            reviewed = read_reviewed(entry.folder, entry.manifest, reader=user_name())
            scoring = running_job(read_jobs(reviewed.review)[0])
            told = pages(entry, reviewed, stake_of(reviewed), scoring)
        except (PtbError, OSError) as error:
            tell(self.say, f"cannot be read: {error}", bad=True)
            return
        tell(self._show, entry, reviewed, told)

    def _show(self, entry: RunEntry, reviewed: Reviewed, told: CasePages) -> None:
        self.entry, self._reviewed, self._pages = entry, reviewed, told
        self._header.show()
        self._arrange()
        if self._making_due is not None:
            self._making_due.stop()
        self._making_due = self.set_timer(_MAKING_DELAY_S, partial(self._begin_work_out, reviewed))

    def _begin_work_out(self, reviewed: Reviewed) -> None:
        self._making_due = None
        self._work_out(reviewed)

    @work(thread=True, exclusive=True, group="making")
    def _work_out(self, reviewed: Reviewed) -> None:
        """How the model was made takes longer than the rest, and is worked out once."""
        from ptb_tui.state.making import making

        tell(self._show_making, reviewed, making(reviewed))

    def _show_making(self, reviewed: Reviewed, section: Section) -> None:
        if reviewed is self._reviewed:
            self._making = section
            self._arrange()

    def turn_to(self, entry: RunEntry) -> None:
        """Show another case."""
        self.entry, self._reviewed, self._pages = entry, None, CasePages((), ())
        self._making = WORKING_OUT
        self._page.fill(())
        self._footer.hush()
        self._header.show()
        self.action_reload()

    def _arrange(self) -> None:
        told = self._pages
        main = (self._making, *told.main) if told.main else ()
        if self.has_class("-one-column"):
            self._page.fill((*told.aside[:2], *main, *told.aside[2:]))
        else:
            self._page.fill(main)
            self._aside_page.fill(told.aside)
        self._main.show()
        self._aside.show()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    # Moving

    def action_move(self, items: int) -> None:
        """Select another item."""
        self._footer.hush()
        self._page.move(items)
        self._main.refresh()

    def action_page(self, halves: int) -> None:
        """Half a screen on or back."""
        self._page.page(halves)
        self._main.refresh()

    def action_edge(self, which: int) -> None:
        """To the first or last item."""
        self._page.edge(which)
        self._main.refresh()

    def on_page_view_opened(self) -> None:
        """The selected item was clicked."""
        self.action_replay()

    def action_replay(self) -> None:
        """Replay, at the evidence of what is selected."""
        selected = self._page.selected
        finding_id = selected.key[1] if selected and isinstance(selected.key, tuple) else None
        seq = selected.seq if selected else None
        self.post_message(OpenReplay(self.entry.folder, seq, finding_id=finding_id))

    def action_start(self) -> None:
        """Replay, from the start."""
        self.post_message(OpenReplay(self.entry.folder))

    def action_lineage(self) -> None:
        """Walk the lineage of the selected finding."""
        standing = self._finding()
        if standing is not None:
            self.post_message(OpenLineage(self.entry.folder, standing.finding.finding_id))

    def action_findings(self) -> None:
        """All findings of this run."""
        self.post_message(OpenFindings(self.entry.folder))

    def action_score(self) -> None:
        """The scoring of this run."""
        self.post_message(OpenScore(self.entry.folder))

    def action_compare(self) -> None:
        """This run beside another."""
        self.post_message(OpenCompare(self.entry.folder))

    def action_sql(self) -> None:
        """SQL over what is shown here."""
        self.post_message(OpenSql([self.entry.folder]))

    def action_next_undecided(self) -> None:
        """On to the next case."""
        self.post_message(NextCase(self.entry.folder))

    # Reviewing

    def action_accept(self) -> None:
        """The selected finding is right."""
        self._deciding.accept()

    def action_reopen(self) -> None:
        """Take the last word on the selected finding back."""
        self._deciding.take_back()

    async def action_reject(self) -> None:
        """Ask why the selected finding is wrong."""
        await self._deciding.ask_why_wrong(self)

    def _selected(self) -> Selected | None:
        standing = self._finding()
        if standing is None or self._reviewed is None:
            return None
        finding = standing.finding
        return Selected(finding.finding_id, finding.rule, standing.state, self._reviewed.review)

    def _finding(self) -> StandingFinding | None:
        """The selected finding; says so when it is none, and shows it first where it is out of sight."""
        selected = self._page.selected
        if selected is not None and not self._page.shows_selection:
            self._page.select(selected.key)
            self._main.refresh()
            self.say("this is what is selected: press the key again if you mean it")
            return None
        for one in self._reviewed.findings if self._reviewed else ():
            if selected is not None and selected.key == ("finding", one.finding.finding_id):
                return one
        self.say(f"select a finding first: {label_of('case.down')} and {label_of('case.up')} move")
        return None

    async def action_comment(self) -> None:
        """Ask for a comment on the selected evidence."""
        if self._finding() is not None:
            await Prompt.ask(self, "comment", self._comment, hint="kept beside the run, with your name")

    def _comment(self, text: str | None) -> None:
        standing = self._finding()
        if not text or standing is None or self._reviewed is None or not standing.finding.evidence:
            return
        seq, ts = standing.finding.evidence[0].seq, standing.finding.ts
        acts.mark(self._reviewed.review, self._reviewed.marks, seq, ts, text)
        self.say(f"comment on event #{seq} kept")
        self.action_reload()

    def action_verdict(self) -> None:
        """Open the form."""
        if self._reviewed is not None:
            onward = f"; {label_of('case.next_undecided')} takes the next undecided case"
            ask_verdict(self, self, self._reviewed, self.action_reload, onward=onward)

    def action_copy(self) -> None:
        """Copy a citation of the selected finding."""
        standing = self._finding()
        if standing is None or self._reviewed is None:
            return
        cited = cite_finding(standing, self._reviewed.manifest)
        self.say(copy(self, f"a citation of {standing.finding.rule}", cited))

    def repaint(self) -> None:
        """The theme changed."""
        self._header.refresh()
        self._main.refresh()
        self._aside.refresh()
        self._footer.refresh()
