"""Replay: one run over time. Keys become calls on the state, the state is painted."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.screens.copying import copy
from ptb_tui.screens.deciding import Deciding, Selected
from ptb_tui.screens.judging import ask_verdict
from ptb_tui.screens.marking import Marking
from ptb_tui.screens.playing import Player
from ptb_tui.state.flags import Flag
from ptb_tui.state.headline import headline
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.replay import Replay
from ptb_tui.state.times import GO_TO_HINT, GoTo, counted, parse_go_to
from ptb_tui.ways import OpenCase, OpenLineage, OpenScore, OpenSql
from ptb_tui.widgets.detail import DetailPane
from ptb_tui.widgets.event_log import EventLog
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.lanes import Lanes
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.too_small import TooSmall
from store.errors import PtbError
from store.findings import Severity

_WIDE = 100
"""Columns from which log and detail stand side by side."""
_LANES_HEIGHT = ((16, 5), (24, 7), (30, 9), (46, 12))
"""``(from this height of the screen, lines of the timeline)``; the last that applies."""
_POLL_S = 0.2
_DETAIL_DELAY_S = 0.1
"""The detail waits until keys come to rest for so long."""
_DETAIL_PLAYING_S = 0.5
"""The time between two details while playing."""


class ReplayScreen(Screen[None]):
    """One open run."""

    SCOPE = Scope.REPLAY
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    ReplayScreen { background: $background; }
    ReplayScreen DetailPane { width: 40%; }
    ReplayScreen.-narrow #body { layout: vertical; }
    ReplayScreen.-narrow DetailPane { width: 100%; height: 50%; border-top: solid $line; }
    """

    def __init__(self, run: OpenRun, at: GoTo | None = None) -> None:
        """``at`` is where the playhead stands first."""
        super().__init__()
        self.run = run
        self.replay = Replay(run.cursor)
        if at is not None:
            self.replay.go_to(at)
        elif run.live:
            self.replay.follow()
        self._player = Player(self, self.replay, self._changed)
        self._marking = Marking(self, run, self.replay, self._marks_changed)
        self._last_search = ""
        self._detail_due: Timer | None = None
        self._detail_chosen = False
        """Somebody said whether the detail is to be shown; until then the width decides."""
        self._header = Header(lambda: headline(self.run, self.replay))
        self._lanes = Lanes(self.replay)
        self._log = EventLog(self.replay, self._marking.has, run.manifest.facts.root)
        self._detail = DetailPane(run, self.replay)
        self._footer = Footer(Scope.REPLAY)
        self._too_small = TooSmall(50, 12)
        self._came_from: str | None = None
        self._deciding = Deciding(self, self._selected, self._read_review)

    def compose(self) -> ComposeResult:
        """Header, timeline, log and detail, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self._lanes
        with Horizontal(id="body"):
            yield self._log
            yield self._detail

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Show the run; everything that can wait comes after the first paint."""
        self._log.focus()
        self._header.show()
        self.call_after_refresh(self._read_review)
        self._polling = self.set_interval(_POLL_S, self._poll, pause=not self.run.live)

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        width, height = event.size
        self._too_small.fit(event.size)
        self.set_class(width < _WIDE, "-narrow")
        if not self._detail_chosen:
            self._show_pane(shown=width >= _WIDE)
        self._lanes.styles.height = max(
            (lines for least, lines in _LANES_HEIGHT if height >= least), default=3
        )

    def on_unmount(self) -> None:
        """The run is not looked at any more."""
        self.run.close()

    def _read_review(self) -> None:
        try:
            self.run.read_review()
        except (PtbError, OSError) as error:
            self.say(f"flags and marks cannot be read: {error}", bad=True)
            return
        self.replay.set_flags(self.run.flags)
        self._marking.read()

    def _poll(self) -> None:
        """Take in what was recorded since; the last time is when the recording has ended."""
        try:
            grown = self.replay.poll()
            if not self.run.live:
                self.run.reread()
                self._polling.stop()
        except PtbError as error:
            self._polling.stop()
            self.say(f"not following any more: {error}", bad=True)
            return
        if grown or not self.run.live:
            self._changed()

    def _marks_changed(self) -> None:
        self._log.forget()
        self._changed()

    def _changed(self) -> None:
        """Paint what the state says now; the detail a moment later, so that it holds up no key."""
        self._footer.hush()
        self._header.show()
        self._lanes.show()
        self._log.show()
        if not self._detail.display:
            return
        playing = self.replay.playback.playing
        if self._detail_due is not None:
            if playing:
                return
            self._detail_due.stop()
        self._detail_due = self.set_timer(
            _DETAIL_PLAYING_S if playing else _DETAIL_DELAY_S, self._show_detail
        )

    def _show_detail(self) -> None:
        self._detail_due = None
        self._detail.show()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    # Playing

    def action_play(self) -> None:
        """Play or pause."""
        self._player.toggle()
        self._changed()

    def action_speed(self, notches: int) -> None:
        """Change the speed, also while playing."""
        self.replay.playback.faster(notches)
        self._changed()

    def action_fold_idle(self) -> None:
        """Skip idle stretches, or play them through."""
        playback = self.replay.playback
        playback.fold_idle = not playback.fold_idle
        self._changed()
        self.say(
            "idle stretches are skipped while playing"
            if playback.fold_idle
            else "idle stretches are played through"
        )

    def action_follow(self) -> None:
        """To the end of the run; a live one is followed from there."""
        self.replay.follow()
        self._changed()
        if not self.run.live:
            self.replay.following = False
            self.say("this run is complete: there is nothing to follow")

    # Moving

    def action_step(self, events: int) -> None:
        """One event on or back; stops playing."""
        self._player.pause()
        self.replay.step(events)
        self._changed()

    def action_move(self, rows: int) -> None:
        """One row on or back."""
        self._player.pause()
        self.replay.move(rows)
        self._changed()

    def action_page(self, halves: int) -> None:
        """Half a screen on or back."""
        self._player.pause()
        self.replay.page(halves)
        self._changed()

    def action_edge(self, which: int) -> None:
        """First or last event."""
        self._player.pause()
        self.replay.edge(which)
        self._changed()

    def action_nudge(self, seconds: int) -> None:
        """Seconds on or back; goes on playing from there."""
        self.replay.nudge(seconds)
        self._changed()

    def action_leap(self, tenths: int) -> None:
        """Tenths of the run on or back; goes on playing from there."""
        self.replay.leap(tenths)
        self._changed()

    def action_tenth(self, tenths: int) -> None:
        """To so many tenths of the run."""
        self.replay.tenth(tenths)
        self._changed()

    def action_zoom(self, notches: int) -> None:
        """Zoom the lanes."""
        self.replay.zoom(notches)
        self._changed()

    def action_pan(self, halves: int) -> None:
        """Move the zoomed span."""
        self.replay.pan(halves)
        self._changed()

    async def action_go_to(self) -> None:
        """Ask for a time or an event."""
        await Prompt.ask(self, "go to", self._go_to, hint=GO_TO_HINT)

    def come_from(self, finding_id: str | None) -> None:
        """On an event that is evidence of several findings, mean this one."""
        self._came_from = finding_id

    def go_to(self, place: GoTo) -> None:
        """Put the playhead there; says so where the run has no such place."""
        self._player.pause()
        try:
            self.replay.go_to(place)
        except PtbError as error:
            self.say(str(error), bad=True)
            return
        self._changed()

    def _go_to(self, text: str | None) -> None:
        if not text:
            return
        replay = self.replay
        start, end = (replay.whole.start, replay.whole.end) if replay.clocked else (None, None)
        try:
            place = parse_go_to(text, start, end, replay.now)
        except PtbError as error:
            self.say(str(error), bad=True)
            return
        self.go_to(place)

    # Finding

    def action_flag(self, direction: int, severity: str | None = None) -> None:
        """To the next or previous flag."""
        self._player.pause()
        found = self.replay.flag(direction, Severity(severity) if severity else None)
        self._changed()
        if not found:
            self.say(f"no {severity or 'flag'} {'after' if direction > 0 else 'before'} this")

    async def action_search(self) -> None:
        """Ask what to look for; recalls the last search."""
        hint = "text in paths, commands, messages"
        await Prompt.ask(self, "/", self._search, value=self._last_search, hint=hint)

    def _search(self, text: str | None) -> None:
        if text is None:
            return
        self._last_search = text
        self._player.pause()
        found = self.replay.search(text)
        self._log.forget()
        self._changed()
        if text:
            self.say(
                counted(self.replay.matches(), "match", "matches") if found else f"nothing matches {text}",
                bad=not found,
            )

    async def action_match(self, direction: int) -> None:
        """To the next or previous match."""
        if self.replay.query is None:
            await self.action_search()
            return
        self._player.pause()
        before = self.replay.position
        found = self.replay.match(direction)
        self._changed()
        if not found:
            self.say(f"nothing matches {self.replay.query.text}", bad=True)
        elif (self.replay.position - before) * direction < 0:
            self.say("search went around the end of the run")

    def action_lanes(self) -> None:
        """Show other lanes in the log."""
        self.replay.next_lanes()
        self._changed()

    # Reviewing

    def action_mark(self) -> None:
        """Bookmark the selected event."""
        try:
            self._marking.keep("")
        except PtbError as error:
            self.say(str(error), bad=True)

    async def action_comment(self) -> None:
        """Ask for a comment on the selected event."""
        self._player.pause()
        await Prompt.ask(self, "comment", self._comment, hint="kept beside the run, with your name")

    def _comment(self, text: str | None) -> None:
        if text:
            self._marking.keep(text)

    def action_unmark(self) -> None:
        """Take back what was put on the selected event."""
        self._marking.take_back()

    def action_accept(self) -> None:
        """The gravest finding here is right."""
        self._deciding.accept()

    def action_reopen(self) -> None:
        """Take the last word on the finding here back, or on the one that was decided on last."""
        self._deciding.take_back()

    async def action_reject(self) -> None:
        """Ask why the finding here is wrong."""
        await self._deciding.ask_why_wrong(self)

    def _selected(self) -> Selected | None:
        flag = self._flag_here()
        return Selected(flag.finding_id, flag.rule, flag.state, self.run.review) if flag else None

    def _flag_here(self) -> Flag | None:
        event = self.replay.event()
        flag = self.replay.flags.worst(event.seq, self._came_from) if event else None
        if flag is None:
            self.say(f"no flag on this event: {label_of('replay.next_flag')} goes to the next one")
        return flag

    def action_lineage(self) -> None:
        """Walk the lineage of the gravest finding here."""
        flag = self._flag_here()
        if flag is not None:
            self._player.pause()
            self.post_message(OpenLineage(self.run.folder, flag.finding_id, flag.seq))

    def action_score(self) -> None:
        """The scoring of this run."""
        self._player.pause()
        self.post_message(OpenScore(self.run.folder))

    def action_case(self) -> None:
        """The case of this run."""
        self._player.pause()
        if self.run.live:
            self.say("a run has its case once it is recorded")
        else:
            self.post_message(OpenCase(self.run.folder))

    def action_sql(self) -> None:
        """SQL over what is shown here."""
        self.post_message(OpenSql([self.run.folder]))

    def action_verdict(self) -> None:
        """Open the form."""
        self._player.pause()
        try:
            reviewed = self.run.read_review()
        except (PtbError, OSError) as error:
            self.say(f"what lies beside the run cannot be read: {error}", bad=True)
            return
        ask_verdict(self, self, reviewed, self._read_review)

    def action_copy(self) -> None:
        """Copy a citation of the selected event."""
        event = self.replay.event()
        if event is None:
            return
        cited = self.run.citation(event, self.replay.whole.start)
        self.say(copy(self, f"a citation of event #{event.seq}", cited))

    # Viewing

    def action_fold(self) -> None:
        """Unfold or fold rows."""
        self.replay.toggle_fold()
        self._changed()

    def action_detail(self) -> None:
        """Show or hide the detail pane; from then on its size does not."""
        self._detail_chosen = True
        self._show_pane(shown=not self._detail.display)

    def _show_pane(self, *, shown: bool) -> None:
        if shown and not self._detail.display:
            self._detail.show()
        self._detail.display = shown

    def action_scroll_detail(self, halves: int) -> None:
        """Scroll the detail."""
        self._detail.scroll_by(halves)

    def on_event_log_picked(self, message: EventLog.Picked) -> None:
        """A row was clicked."""
        self._player.pause()
        self.replay.select(message.position)
        self._changed()

    def on_event_log_scrolled(self) -> None:
        """The wheel looked elsewhere: a live run is not followed any more."""
        self.replay.following = False
        self._header.show()

    def on_lanes_sought(self, message: Lanes.Sought) -> None:
        """The timeline was clicked or dragged."""
        self.replay.seek(message.at)
        self._changed()

    def repaint(self) -> None:
        """The theme changed: paint everything anew."""
        self._log.forget()
        self._header.refresh()
        self._lanes.refresh()
        self._detail.repaint()
        self._footer.refresh()
