"""A finding's lineage, walked step by step: the way on one side, the bytes as they were on the other."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings
from ptb_tui.late import tell
from ptb_tui.screens.copying import copy
from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.page import Item, Page, Section
from ptb_tui.state.prose import Line
from ptb_tui.state.walk import Step, describe_step, event_of, step_sections, steps_of
from ptb_tui.ways import OpenReplay
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.too_small import TooSmall
from store.errors import PtbError
from store.findings import Severity, StandingFinding

_WIDE = 100
"""Columns from which the way and the bytes stand side by side."""


class LineageScreen(Screen[None]):
    """The way of one finding."""

    SCOPE: ClassVar = Scope.LINEAGE
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    LineageScreen { background: $background; }
    LineageScreen #way { width: 46; }
    LineageScreen #bytes { width: 1fr; border-left: solid $line; }
    LineageScreen.-narrow #body { layout: vertical; }
    LineageScreen.-narrow #way { width: 100%; height: 40%; }
    LineageScreen.-narrow #bytes { width: 100%; border-left: none; border-top: solid $line; }
    """

    def __init__(self, folder: Path, finding_id: str, seq: int | None = None) -> None:
        """Begins at the step that event ``seq`` shows, else where it all came from."""
        super().__init__()
        self._folder = folder
        self._finding_id = finding_id
        self._begin_at = seq
        self._run: OpenRun | None = None
        self._standing: StandingFinding | None = None
        self._steps: tuple[Step, ...] = ()
        self._page, self._bytes_page = Page(), Page()
        self._header = Header(self._headline)
        self._way = PageView(self._page, widget_id="way")
        self._bytes = PageView(self._bytes_page, widget_id="bytes")
        self._footer = Footer(Scope.LINEAGE)
        self._too_small = TooSmall(50, 10)

    def compose(self) -> ComposeResult:
        """Header, the way beside the bytes, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        with Horizontal(id="body"):
            yield self._way
            yield self._bytes

    def on_mount(self) -> None:
        """Open the run after the first paint."""
        self._bytes.can_focus = False
        self._way.focus()
        self._header.show()
        self._open()

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self.set_class(event.size.width < _WIDE, "-narrow")

    def on_unmount(self) -> None:
        """The run is not looked at any more."""
        if self._run is not None:
            self._run.close()

    @work(thread=True, exclusive=True)
    def _open(self) -> None:
        with ExitStack() as unless_shown:
            try:
                run = unless_shown.enter_context(closing(OpenRun.open(self._folder)))
                findings = run.read_review().findings
                standing = next(one for one in findings if one.finding.finding_id == self._finding_id)
                steps = steps_of(standing)
                sections = step_sections(steps, run)
            except (PtbError, OSError) as error:
                tell(self.say, str(error), bad=True)
            except StopIteration:
                tell(self.say, "this finding is not there any more", bad=True)
            else:
                if tell(self._show, run, standing, steps, sections):
                    unless_shown.pop_all()

    def _show(
        self, run: OpenRun, standing: StandingFinding, steps: tuple[Step, ...], sections: tuple[Section, ...]
    ) -> None:
        self._run, self._standing, self._steps = run, standing, steps
        self._page.fill(sections)
        for number, step in enumerate(steps):
            if self._begin_at is not None and step.seq == self._begin_at:
                self._page.select(("step", number))
        self._header.show()
        self._way.show()
        self._describe()

    def _step(self) -> Step | None:
        selected = self._page.selected
        return next(
            (
                one
                for n, one in enumerate(self._steps)
                if selected is not None and selected.key == ("step", n)
            ),
            None,
        )

    @work(thread=True, exclusive=True, group="step")
    def _describe(self) -> None:
        """Rows are read beside the event loop: the first one imports what reads them."""
        step, run = self._step(), self._run
        if step is None or run is None:
            return
        tell(self._show_bytes, step, describe_step(step, run))

    def _show_bytes(self, step: Step, lines: list[Line]) -> None:
        self._bytes_page.fill(())
        self._bytes_page.fill((Section(step.name, (Item(tuple(lines)),)),))
        self._bytes.show()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def _headline(self) -> list[HeadLine]:
        first: HeadLine = ([Part("ptb", "accent"), Part("lineage", "strong")], [])
        standing = self._standing
        if standing is None:
            return [first, ([Part("opening …", "soft")], [])]
        finding, severity = standing.finding, standing.severity or Severity.NOTE
        first[0].extend(
            (
                Part(f"{SYMBOLS[severity]} {severity.value}", severity.value),
                Part(finding.rule, "ink"),
                Part(finding.run_id, "soft", 3),
            )
        )
        first[1].append(Part(f"reach: {finding.reach}", "soft", 2))
        first[1].append(Part(f"{finding.certainty}", "soft", 2))
        return [first, ([Part(finding.title, "ink")], [])]

    def action_move(self, steps: int) -> None:
        """Another step."""
        self._footer.hush()
        self._page.move(steps)
        self._way.refresh()
        self._describe()

    def action_edge(self, which: int) -> None:
        """First or last."""
        self._page.edge(which)
        self._way.refresh()
        self._describe()

    def action_scroll(self, halves: int) -> None:
        """Scroll the bytes."""
        self._bytes_page.page(halves)
        self._bytes.refresh()

    def on_page_view_opened(self) -> None:
        """The selected step was clicked."""
        self.action_replay()

    def on_page_view_picked(self) -> None:
        """Another step was clicked."""
        self._describe()

    def action_replay(self) -> None:
        """To the event of this step."""
        step = self._step()
        if step is not None and step.seq is not None:
            self.post_message(OpenReplay(self._folder, step.seq, finding_id=self._finding_id))
        else:
            self.say("no recorded row shows this step")

    def action_copy(self) -> None:
        """Copy a citation of this step."""
        step, run = self._step(), self._run
        event = event_of(run, step.seq) if run and step and step.seq is not None else None
        if run is None or event is None:
            self.say("no recorded row shows this step")
            return
        start = run.cursor.span[0] if run.cursor.span else 0
        self.say(copy(self, f"a citation of event #{event.seq}", run.citation(event, start)))

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._way, self._bytes, self._footer):
            part.refresh()
