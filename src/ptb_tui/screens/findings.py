"""Findings: of one run or of all, the gravest first, each with its evidence, its rule's record and what was said of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings
from ptb_tui.cli.reviewer import user_name
from ptb_tui.late import tell
from ptb_tui.screens.copying import copy
from ptb_tui.screens.deciding import Deciding, Selected
from ptb_tui.state import acts
from ptb_tui.state.citing import cite_finding
from ptb_tui.state.finding_detail import blind_sections, finding_sections
from ptb_tui.state.findings_list import FindingsList, Found
from ptb_tui.state.flags import tally
from ptb_tui.state.headline import Line, Part
from ptb_tui.state.page import Page
from ptb_tui.state.times import counted
from ptb_tui.ways import OpenLineage, OpenReplay, OpenSql
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.too_small import TooSmall
from review.reviewed import Reviewed, read_reviewed
from store.errors import PtbError
from store.library import entry_of

_WIDE = 110
"""Columns from which list and detail stand side by side."""
_CHUNK = 64
"""Runs that are read between two repaints."""


class FindingsScreen(Screen[None]):
    """What was found in some runs, and what could not be looked at."""

    SCOPE: ClassVar = Scope.FINDINGS
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    FindingsScreen { background: $background; }
    FindingsScreen #detail { border-left: solid $line; }
    FindingsScreen.-narrow #body { layout: vertical; }
    FindingsScreen.-narrow PageView { width: 100%; }
    FindingsScreen.-narrow #detail { border-left: none; border-top: solid $line; }
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """``folders`` hold the runs whose findings are shown."""
        super().__init__()
        self._folders = list(folders)
        self.findings = FindingsList(many_runs=len(folders) > 1)
        self._page, self._detail_page = Page(), Page()
        self._reading = True
        self._reread_since: set[Path] = set()
        """Runs that were read again since all of them began to be read."""
        self._unread = 0
        """How many runs could not be read."""
        self._header = Header(self._headline)
        self._list = PageView(self._page)
        self._detail = PageView(self._detail_page, widget_id="detail")
        self._footer = Footer(Scope.FINDINGS)
        self._too_small = TooSmall(50, 10)
        self._deciding = Deciding(self, self._selected, self._reread_shown)

    def compose(self) -> ComposeResult:
        """Header, list beside detail, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        with Horizontal(id="body"):
            yield self._list
            yield self._detail

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Read the review records after the first paint."""
        self._detail.can_focus = False
        self._list.focus()
        self._header.show()
        self.action_reload()

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self.set_class(event.size.width < _WIDE, "-narrow")

    def on_screen_resume(self) -> None:
        """Something may have been said in Replay."""
        self._reread_shown()

    def _reread_shown(self) -> None:
        found = self._found()
        if found is not None:
            self._reread(found.reviewed.folder)

    def action_reload(self) -> None:
        """Read the review records of all runs, a few at a time."""
        self._reread_since.clear()
        self._reload()

    @work(thread=True, exclusive=True)
    def _reload(self) -> None:
        failures: list[str] = []
        for start in range(0, len(self._folders), _CHUNK):
            read = [_read(folder) for folder in self._folders[start : start + _CHUNK]]
            failures += [one for one in read if isinstance(one, str)]
            if not tell(self._take, [one for one in read if isinstance(one, Reviewed)]):
                return
        tell(self._read_all, failures)

    def _take(self, part: Sequence[Reviewed]) -> None:
        self.findings.add(one for one in part if one.folder not in self._reread_since)
        self._changed()

    def _read_all(self, failures: Sequence[str]) -> None:
        self._reading, self._unread = False, len(failures)
        self._changed()
        if failures:
            self.say(f"{counted(len(failures), 'run', 'runs')} cannot be read: {failures[0]}", bad=True)

    def _reread(self, folder: Path) -> None:
        reviewed = _read(folder)
        if isinstance(reviewed, Reviewed):
            self._reread_since.add(folder)
            self.findings.add([reviewed])
            self._changed()
        else:
            self.say(reviewed, bad=True)

    def _changed(self) -> None:
        self._footer.hush()
        self._page.fill(self.findings.sections)
        self._header.show()
        self._list.show()
        self._show_detail()

    def _show_detail(self) -> None:
        chosen = self.findings.get(self._page.selected.key) if self._page.selected else None
        self._detail_page.fill(())
        if isinstance(chosen, Found):
            self._detail_page.fill(finding_sections(chosen))
        elif chosen is not None:
            self._detail_page.fill(blind_sections(chosen))
        self._detail.show()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def _headline(self) -> list[Line]:
        findings = self.findings
        of_what = counted(findings.runs, "run", "runs")
        if len(self._folders) == 1:
            of_what = self._folders[0].name
        first: Line = (
            [Part("ptb", "accent"), Part("findings", "strong"), Part(f"of {of_what}", "ink", 1)],
            [
                Part(tally(severity, count), severity.value, rank)
                for rank, (severity, count) in enumerate(findings.counts.items())
                if count
            ],
        )
        rules = f"as {findings.profile} rules" if findings.profile else "as they were ruled on"
        nothing = "" if self._unread or any(one.items for one in findings.sections) else "nothing found here"
        unread = f"{counted(self._unread, 'run', 'runs')} cannot be read" if self._unread else ""
        left = [
            Part("reading …" if self._reading else nothing, "soft"),
            Part(unread, "violation"),
            Part(rules, "accent" if findings.profile else "soft"),
            Part("only open ones" if findings.only_open else "", "accent"),
        ]
        right = [Part(f"filter: {findings.filter_text}" if findings.filter_text else "", "accent")]
        return [first, (left, right)]

    # Moving

    def action_move(self, items: int) -> None:
        """Another finding."""
        self._footer.hush()
        self._page.move(items)
        self._list.refresh()
        self._show_detail()

    def action_page(self, halves: int) -> None:
        """Half a screen on or back."""
        self._page.page(halves)
        self._list.refresh()

    def action_edge(self, which: int) -> None:
        """First or last."""
        self._page.edge(which)
        self._list.refresh()
        self._show_detail()

    def action_evidence(self, rows: int) -> None:
        """Another row of evidence."""
        self._detail_page.move(rows)
        self._detail.refresh()

    def action_scroll_detail(self, halves: int) -> None:
        """Scroll the detail."""
        self._detail_page.page(halves)
        self._detail.refresh()

    def on_page_view_opened(self) -> None:
        """Something selected was clicked."""
        self.action_replay()

    def on_page_view_picked(self) -> None:
        """Another item was clicked."""
        self._show_detail()

    def action_replay(self) -> None:
        """To the chosen evidence."""
        found = self._finding()
        evidence = self._detail_page.selected
        if found is not None:
            seq, finding_id = evidence.seq if evidence else None, found.standing.finding.finding_id
            self.post_message(OpenReplay(found.reviewed.folder, seq, finding_id=finding_id))

    def action_sql(self) -> None:
        """SQL over what is shown here."""
        self.post_message(OpenSql(self._folders))

    def action_lineage(self) -> None:
        """Walk its lineage."""
        found = self._finding()
        if found is not None:
            evidence = self._detail_page.selected
            seq = evidence.seq if evidence else None
            self.post_message(OpenLineage(found.reviewed.folder, found.standing.finding.finding_id, seq))

    # Looking

    def action_profile(self) -> None:
        """Through other rules."""
        self.findings.next_profile()
        self._changed()

    def action_only_open(self) -> None:
        """Only what nobody decided on."""
        self.findings.toggle_open()
        self._changed()

    async def action_filter(self) -> None:
        """Ask for words."""
        hint = "words in rule, title, reach, agent, task"
        await Prompt.ask(self, "filter", self._filter, value=self.findings.filter_text, hint=hint)

    def _filter(self, text: str | None) -> None:
        if text is not None:
            self.findings.filter(text)
            self._changed()

    # Reviewing

    def _found(self) -> Found | None:
        chosen = self.findings.get(self._page.selected.key) if self._page.selected else None
        return chosen if isinstance(chosen, Found) else None

    def _finding(self) -> Found | None:
        """The selected finding; says so when it is none."""
        found = self._found()
        if found is None:
            self.say("this is no finding: k goes up to one")
        return found

    def action_accept(self) -> None:
        """The finding is right."""
        self._deciding.accept()

    def action_reopen(self) -> None:
        """Take the word back."""
        self._deciding.take_back()

    async def action_reject(self) -> None:
        """Ask why it is wrong."""
        await self._deciding.ask_why_wrong(self)

    def _selected(self) -> Selected | None:
        found = self._finding()
        if found is None:
            return None
        finding = found.standing.finding
        return Selected(finding.finding_id, finding.rule, found.standing.state, found.reviewed.review)

    async def action_comment(self) -> None:
        """Ask for a comment."""
        if self._finding() is not None:
            await Prompt.ask(self, "comment", self._comment, hint="kept beside the run, with your name")

    def _comment(self, text: str | None) -> None:
        found, evidence = self._found(), self._detail_page.selected
        if not text or found is None or evidence is None or evidence.seq is None:
            return
        acts.mark(found.reviewed.review, found.reviewed.marks, evidence.seq, found.standing.finding.ts, text)
        self._reread(found.reviewed.folder)
        self.say(f"comment on event #{evidence.seq} kept")

    def action_copy(self) -> None:
        """Copy a citation."""
        found = self._finding()
        if found is not None:
            cited = cite_finding(found.standing, found.reviewed.manifest)
            self.say(copy(self, f"a citation of {found.standing.finding.rule}", cited))

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._list, self._detail, self._footer):
            part.refresh()


def _read(folder: Path) -> Reviewed | str:
    """All that lies beside a run; why not, for one that cannot be read."""
    entry = entry_of(folder)
    if entry.manifest is None:
        return entry.error or f"{folder} is gone"
    try:
        return read_reviewed(folder, entry.manifest, reader=user_name())
    except (PtbError, OSError) as error:
        return str(error)
