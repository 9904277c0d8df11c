"""Compare: two runs lane by lane on one axis, their figures side by side, and what only one of them did."""

from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings
from ptb_tui.cli.reviewer import user_name
from ptb_tui.late import tell
from ptb_tui.state.compare.axis import Axis
from ptb_tui.state.compare.table import SIDE_INKS, Chosen, sections
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.page import Item, Page, Section
from ptb_tui.state.prose import line
from ptb_tui.state.times import FINE_BELOW, brief, elapsed
from ptb_tui.ways import OpenCompare, OpenReplay
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.too_small import TooSmall
from ptb_tui.widgets.two_lanes import TwoLanes
from review.compare.part import Compared
from store.counting import counted
from store.errors import PtbError
from store.manifest import Manifest

_LANES_SHARE = 0.5
"""The part of the height that lanes take."""
_MOST_LANES = 17
"""Lines of all lanes of both runs, ruler and titles."""


class CompareScreen(Screen[None]):
    """Two runs."""

    SCOPE: ClassVar = Scope.COMPARE
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    CompareScreen { background: $background; }
    """

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__()
        self._folders = (first, second)
        self._runs: tuple[OpenRun, ...] = ()
        self._axis: Axis | None = None
        self._parts: list[Compared] = []
        self._everything = True
        self._titles: tuple[str, ...] = ()
        """Of the parts, in the order in which they are answered."""
        self._busy = True
        """Parts are still to come."""
        self._broken = False
        """The runs cannot be opened."""
        self._opening = 0
        """Which of the runs."""
        self._page = Page()
        self._header = Header(self._headline)
        self._lanes = TwoLanes()
        self._table = PageView(self._page)
        self._footer = Footer(Scope.COMPARE)
        self._too_small = TooSmall(60, 16)

    def compose(self) -> ComposeResult:
        """Header, lanes, table, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self._lanes
        yield self._table

    def on_mount(self) -> None:
        """Lanes and figures, each as it is found: a first time index of one run may take longer than all figures."""
        self._table.focus()
        self._show()
        self._open()
        self._compare()

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self._lanes.styles.height = min(int(event.size.height * _LANES_SHARE), _MOST_LANES + 1)
        self.call_after_refresh(self._show)

    def on_unmount(self) -> None:
        """The runs are not looked at any more."""
        for run in self._runs:
            run.close()

    @work(thread=True, exclusive=True, group="open")
    def _open(self) -> None:
        runs: list[OpenRun] = []
        with ExitStack() as closing:
            try:
                for folder in self._folders:
                    if not tell(self._opening_now, len(runs)):
                        return
                    runs.append(OpenRun.open(folder))
                    closing.callback(runs[-1].close)
                    runs[-1].read_review()
                axis = Axis(*runs)
            except (PtbError, OSError) as error:
                tell(self._failed, str(error))
                return
            if tell(self._opened, tuple(runs), axis):
                closing.pop_all()

    def _opened(self, runs: tuple[OpenRun, ...], axis: Axis) -> None:
        self._runs, self._axis = runs, axis
        first, second = (_title(run, axis.lasted(side)) for side, run in enumerate(runs))
        self._lanes.begin(axis, (first, second))
        self._header.show()

    def _opening_now(self, side: int) -> None:
        self._opening = side
        self._show()

    def _failed(self, message: str) -> None:
        self.workers.cancel_group(self, "compare")
        self._busy, self._broken = False, True
        self._lanes.note = "these runs cannot be compared"
        self._lanes.refresh()
        self._page.fill([Section("why", (Item((line((message, "ink")),)),))])
        self._table.show()
        self._header.show()
        self.say(message, bad=True)

    @work(thread=True, exclusive=True, group="compare")
    def _compare(self) -> None:
        from review.compare.comparison import compare_runs
        from review.compare.sides import PARTS

        self._titles = tuple(title for title, _ in PARTS)
        try:
            for part in compare_runs(*self._folders, reader=user_name()):
                if not tell(self._add, part):
                    return
        except (PtbError, OSError) as error:
            tell(self.say, str(error), bad=True)
        tell(self._done)

    def _add(self, part: Compared) -> None:
        if self._broken:
            return
        self._parts.append(part)
        self._show()

    def _done(self) -> None:
        self._busy = False
        self._header.show()

    def _show(self) -> None:
        self._lanes.show()
        self._header.show()
        if self._parts:
            width = max(self._table.content_size.width, 20)
            first, second = (folder.name for folder in self._folders)
            self._page.fill(sections(self._parts, (first, second), width, everything=self._everything))
            self._table.show()

    def _headline(self) -> list[HeadLine]:
        names = [
            Part(f"{letter} {folder.name}", SIDE_INKS[side])
            for side, (letter, folder) in enumerate(zip("AB", self._folders, strict=True))
        ]
        first: HeadLine = ([Part("ptb", "accent"), Part("compare", "strong"), *names], [])
        axis = self._axis
        if axis is None:
            letter = "AB"[self._opening]
            left = [Part("" if self._broken else f"opening {letter} …", "soft")]
        elif axis.clocked:
            fine = axis.whole.width < FINE_BELOW
            left = [
                Part(f"T+{elapsed(axis.at, fine=fine)}", "strong"),
                Part(f"of {elapsed(axis.whole.width)} from the start of each", "soft", 2),
            ]
            if axis.span != axis.whole:
                left.append(Part(f"{brief(axis.span.width)} in view", "soft", 1))
        else:
            left = [Part("each in its own order: one has no clock", "suspicious")]
        different = sum(pair.differs for part in self._parts for pair in part.pairs)
        deeds = sum(len(part.only_first) + len(part.only_second) for part in self._parts)
        right = [
            Part(self._asking(), "accent", 1),
            Part(counted(different, "figure differs", "figures differ") if self._parts else "", "ink"),
            Part(counted(deeds, "deed of one alone", "deeds of one alone") if self._parts else "", "soft", 2),
        ]
        return [first, (left, right)]

    def _asking(self) -> str:
        """Which part is being asked for."""
        done = len(self._parts)
        return f"reading {self._titles[done]} …" if self._busy and done < len(self._titles) else ""

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def action_replay(self) -> None:
        """Replay where the selected deed began."""
        selected = self._page.selected
        if selected is None or not isinstance(selected.key, Chosen):
            self.say("nothing here that only one run did")
        elif selected.seq is None:
            self.say("no event shows when this was done")
        else:
            self.post_message(OpenReplay(self._folders[selected.key.side], selected.seq, keep=True))

    def action_replay_side(self, side: int) -> None:
        """Replay of one run at the playhead."""
        if self._axis is not None:
            self.post_message(OpenReplay(self._folders[side], self._axis.moment(side), keep=True))

    def action_everything(self) -> None:
        """All figures, or those that differ."""
        self._everything = not self._everything
        self.say("all figures" if self._everything else "only figures that differ")
        self._show()

    def action_swap(self) -> None:
        """The other way round, anew."""
        first, second = self._folders
        self.post_message(OpenCompare(second, first, instead=True))

    def on_page_view_opened(self) -> None:
        """The selected deed was clicked."""
        self.action_replay()

    def on_two_lanes_sought(self, message: TwoLanes.Sought) -> None:
        """The playhead was put somewhere."""
        self._seek(message.at)

    def _seek(self, at: int) -> None:
        if self._axis is not None:
            self._axis.seek(at)
            self._lanes.show()
            self._header.show()

    def action_step(self, steps: int) -> None:
        """Move the playhead."""
        if self._axis is not None:
            self._axis.step(steps)
            self._lanes.show()
            self._header.show()

    def action_zoom(self, notches: int) -> None:
        """Less time in the lanes, more, or all."""
        if self._axis is not None:
            self._axis.zoom(notches)
            self._lanes.show()
            self._header.show()

    def action_pan(self, halves: int) -> None:
        """Other time in the lanes."""
        if self._axis is not None:
            self._axis.pan(halves)
            self._lanes.show()
            self._header.show()

    def action_move(self, items: int) -> None:
        """Another deed."""
        self._footer.hush()
        self._page.move(items)
        self._table.show()

    def action_page(self, halves: int) -> None:
        """Half a page."""
        self._page.page(halves)
        self._table.show()

    def action_edge(self, which: int) -> None:
        """Top or end."""
        self._page.edge(which)
        self._table.show()

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._lanes, self._table, self._footer):
            part.refresh()


def _title(run: OpenRun, lasted: int | None) -> str:
    manifest: Manifest = run.manifest
    facts = manifest.facts
    who = " · ".join(filter(None, (facts.agent, facts.agent_model))) or "unknown agent"
    task = " · ".join(filter(None, (facts.benchmark, facts.base_model)))
    score = f"reported {facts.reported_score:.1%}" if facts.reported_score is not None else ""
    long = f"events over {brief(lasted)}" if lasted is not None else "no clock"
    return "   ".join(filter(None, (who, task, score, long)))
