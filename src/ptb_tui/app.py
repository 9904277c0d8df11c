"""The terminal app: themes, the choke point for hostile text, and the way between screens."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textual import work
from textual.app import App, SystemCommand
from textual.events import Event, Key
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import actions_in, bindings, keys_label, label_of, use_keys
from ptb_tui.colourless import Colourless
from ptb_tui.hostile import HostileText
from ptb_tui.late import tell
from ptb_tui.leaving import Readers
from ptb_tui.settings import read_settings
from ptb_tui.state.hints import Hints
from ptb_tui.state.last_theme import remember_theme, remembered_theme
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.queue import Judgement, Queue, RunLine
from ptb_tui.state.sql.under_way import UnderWay
from ptb_tui.state.times import GoTo, GoToSeq, GoToTime
from ptb_tui.theme import DARK, PALETTES
from ptb_tui.ways import (
    NextCase,
    OpenCase,
    OpenCompare,
    OpenFindings,
    OpenLineage,
    OpenReplay,
    OpenScore,
    OpenSql,
)
from ptb_tui.widgets.footer import Footer
from store.errors import PtbError, StoreFailed
from store.library import RunEntry, entry_of, list_runs
from store.manifest import State
from store.plain import plain

_FAULTS_S = 15.0
"""How long faults in the settings stay in view."""
_HINT_S = 20.0
"""How long a hint does, unless a key is pressed."""
_WAY = "way"
"""The workers that lead to another screen: the last one that was asked, until somebody goes elsewhere."""


class PtbApp(App[None]):
    """One run, or the queue of runs."""

    BINDINGS = bindings(Scope.EVERYWHERE)
    TITLE = "ptb"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = ""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        case: RunEntry | None = None,
        run: OpenRun | None = None,
        at: GoTo | None = None,
    ) -> None:
        """Shows ``run`` in Replay with the playhead at ``at``, or a ``case``, or the runs in ``folder``."""
        super().__init__()
        self._filter = HostileText()
        self.failure: Exception | None = None
        """What ended the app, if it did not end by itself; whoever ran it tells."""
        self._folder = folder
        self._case = case
        self._run = run
        self.queue = Queue()
        """The runs at hand; empty until the screen of runs, or the way to the next case, needs them."""
        self._at = at
        self._query = UnderWay()
        for palette in PALETTES.values():
            self.register_theme(palette.theme())
        self.hints: Hints | None = None
        """What to tell who sees a screen for the first time; None tells nothing."""
        self._hinting = False
        self.settings = read_settings()
        remembered = remembered_theme()
        self.theme = self.settings.theme or (remembered if remembered in PALETTES else None) or DARK.name
        use_keys(self.settings.keys)

    def on_load(self) -> None:
        """The reviewer's keys take the place of the screens' own; what is read in threads holds nobody up."""
        asyncio.get_running_loop().set_default_executor(Readers())
        self.set_keymap({name: ",".join(keys) for name, keys in self.settings.keys.items()})

    def on_mount(self) -> None:
        """Tell what of the settings was left out; know when another screen comes into view."""
        self.screen_change_signal.subscribe(self, self._went, immediate=True)
        if faults := self.settings.faults:
            more = (
                f"\nand {len(faults) - 1} more: {label_of('everywhere.help')} lists them"
                if len(faults) > 1
                else ""
            )
            self.notify(
                faults[0] + more, title="settings", severity="warning", timeout=_FAULTS_S, markup=False
            )

    def _went(self, _to: Screen[Any]) -> None:
        if self.workers.cancel_group(self, _WAY) and len(self.screen_stack) > 1:
            _say_on(self.screen_stack[-2], "")

    def get_default_screen(self) -> Screen[None]:
        """Replay of one run, a case, or the queue."""
        if self._run is not None:
            from ptb_tui.screens.replay import ReplayScreen

            return ReplayScreen(self._run, self._at)
        if self._case is not None:
            from ptb_tui.screens.case import CaseScreen

            return CaseScreen(self._case)
        from ptb_tui.screens.runs import RunsScreen

        assert self._folder is not None
        return RunsScreen(self._folder, self.queue)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, then the one that no control byte of a run passes."""
        inherited = super().get_line_filters()
        # No colour here is an ANSI one, and looking at each for nothing is a tenth of the time of a repaint.
        kept = [one for one in inherited if not isinstance(one, (ANSIToTruecolor, Monochrome))]
        return [*kept, *([Colourless()] if self.no_color else []), self._filter]

    def _handle_exception(self, error: Exception) -> None:
        """End, and leave the telling to the command line: Textual's own traceback would print run text raw."""
        super()._handle_exception(error)
        self.failure = error
        self._exit_renderables.clear()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy ``text`` without controls: pasted into a shell they would act."""
        super().copy_to_clipboard(plain(text))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every action that works on this screen."""
        scope = scope_of(screen)
        for action in (*actions_in(scope), *actions_in(Scope.EVERYWHERE)):
            if "{key}" in action.call:
                continue
            call = action.call
            owner = self if action.scope is Scope.EVERYWHERE else screen
            yield SystemCommand(
                f"{action.title} ({keys_label(action)})",
                action.help,
                lambda call=call, owner=owner: self.run_action(call, owner),
            )

        for palette in PALETTES.values():
            words = palette.name.removeprefix("ptb-")
            yield SystemCommand(
                f"theme: {words}",
                f"Paint everything in the {words} theme.",
                partial(self.choose_theme, palette.name),
            )

    def watch_theme(self) -> None:
        """Painted widgets keep their lines: paint them anew."""
        for screen in self.screen_stack if self.is_running else ():
            repaint = getattr(screen, "repaint", None)
            if repaint is not None:
                repaint()

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer of the screen in view."""
        _say_on(self.screen, message, bad=bad)

    def on_footer_appeared(self, message: Footer.Appeared) -> None:
        """Tell what there is to do on a screen that this user never saw."""
        words = self.hints.first(message.scope) if self.hints is not None else None
        if words is not None:
            self._hinting = True
            self.notify(words, title=f"first time in {message.scope.value}", timeout=_HINT_S, markup=False)

    async def on_event(self, event: Event) -> None:
        """A hint goes with the next key: whoever presses one wants to see what it does."""
        if self._hinting and isinstance(event, Key):
            self._hinting = False
            self.clear_notifications()
        await super().on_event(event)

    async def on_footer_chosen(self, message: Footer.Chosen) -> None:
        """A key hint was clicked: do as its key does."""
        action = message.action
        await self.run_action(action.call, self if action.scope is Scope.EVERYWHERE else self.screen)

    def on_open_replay(self, message: OpenReplay) -> None:
        """To an event of a run: back to the Replay that the reviewer came from, where there is one."""
        from ptb_tui.screens.replay import ReplayScreen

        below = self.screen_stack[-2] if len(self.screen_stack) > 1 else None
        if (
            isinstance(below, ReplayScreen)
            and below.run.folder == message.folder
            and message.seq is not None
            and not message.keep
        ):
            self.pop_screen()
            below.come_from(message.finding_id)
            below.go_to(GoToSeq(message.seq))
            return
        self.say("opening …")
        self._open_replay(message)

    @work(thread=True, exclusive=True, group=_WAY)
    def _open_replay(self, message: OpenReplay) -> None:
        seq, ts = message.seq, message.ts
        try:
            run = OpenRun.open(message.folder)
        except PtbError as error:
            tell(self.say, str(error), bad=True)
            return
        at: GoTo | None = None
        if seq is not None and run.cursor.position_of(seq) is not None:
            at = GoToSeq(seq)
        elif ts is not None and run.cursor.clocked:
            at = GoToTime(ts)
        if not tell(self._show_replay, run, at, message.finding_id):
            run.close()

    def _show_replay(self, run: OpenRun, at: GoTo | None, finding_id: str | None) -> None:
        from ptb_tui.screens.replay import ReplayScreen

        self.say("")
        screen = ReplayScreen(run, at)
        screen.come_from(finding_id)
        self.push_screen(screen)

    def on_open_case(self, message: OpenCase) -> None:
        """To the case of a run: back to it, where the reviewer came from there."""
        from ptb_tui.screens.case import CaseScreen

        for screen in self.screen_stack:
            if isinstance(screen, CaseScreen) and screen.entry.folder == message.folder:
                while self.screen is not screen:
                    self.pop_screen()
                return
        entry = entry_of(message.folder)
        if entry.manifest is None:
            self.say(
                entry.error or f"the run is gone: {label_of('runs.reload')} reads the folder again", bad=True
            )
        elif entry.manifest.state is State.RECORDING:
            self.on_open_replay(OpenReplay(message.folder))
        else:
            self.say("")
            self.push_screen(CaseScreen(entry))

    def on_open_findings(self, message: OpenFindings) -> None:
        """To the findings of a run, or of all."""
        from ptb_tui.screens.findings import FindingsScreen

        if message.folder is not None:
            self.push_screen(FindingsScreen([message.folder]))
        else:
            self.push_screen(FindingsScreen([line.folder for line in self.queue.shown]))

    def on_open_lineage(self, message: OpenLineage) -> None:
        """To the way of a finding."""
        from ptb_tui.screens.lineage import LineageScreen

        self.push_screen(LineageScreen(message.folder, message.finding_id, message.seq))

    def on_open_score(self, message: OpenScore) -> None:
        """To the scoring of a run."""
        from ptb_tui.screens.score import ScoreScreen

        entry = entry_of(message.folder)
        if entry.manifest is None:
            self.say(entry.error or "the run is gone", bad=True)
        else:
            self.push_screen(ScoreScreen(entry))

    def on_open_compare(self, message: OpenCompare) -> None:
        """To two runs side by side."""
        from ptb_tui.screens.compare import CompareScreen

        if message.second is None:
            self._find_second(message.first)
        elif message.instead:
            self.switch_screen(CompareScreen(message.first, message.second))
        else:
            self.say("")
            self.push_screen(CompareScreen(message.first, message.second))

    @work(thread=True, exclusive=True, group=_WAY)
    def _find_second(self, first: Path) -> None:
        from ptb_tui.state.queue import run_line

        queue = self.queue
        try:
            if not queue.total:
                queue = Queue()
                queue.fill([run_line(entry) for entry in list_runs(first.parent)])
        except PtbError as error:
            tell(self.say, str(error), bad=True)
            return
        second = queue.beside(first)
        if second is None:
            hint = f"no other run of this task: mark one in Runs with {label_of('runs.mark')}"
            tell(self.say, hint)
        else:
            tell(self.on_open_compare, OpenCompare(first, second))

    def on_open_sql(self, message: OpenSql) -> None:
        """To SQL; what was written there last stands there again."""
        from ptb_tui.screens.sql import SqlScreen

        self.say("")
        self.push_screen(SqlScreen(message.folders, self._query))

    def on_next_case(self, message: NextCase) -> None:
        """On to the next case."""
        self._next_case(message.folder)

    @work(thread=True, exclusive=True, group=_WAY)
    def _next_case(self, folder: Path) -> None:
        from ptb_tui.state.queue import judgements, run_line

        try:
            known = self.queue.total
            entries = [entry_of(folder)] if known else list_runs(folder.parent)
            lines = [] if known else [run_line(entry) for entry in entries]
            tell(self._to_next_case, folder, lines, judgements(entries))
        except PtbError as error:
            tell(self.say, str(error), bad=True)

    def _to_next_case(self, folder: Path, lines: list[RunLine], found: dict[Path, Judgement]) -> None:
        from ptb_tui.screens.case import CaseScreen

        if lines:
            self.queue.fill(lines)
        self.queue.judge(found)
        self.queue.select_folder(folder)
        current = self.screen
        if not isinstance(current, CaseScreen):
            return
        if not self.queue.next_undecided() or self.queue.selected is None:
            current.say(
                "still reading what was decided …" if self.queue.unread else "every case here is decided"
            )
            return
        entry = entry_of(self.queue.selected.folder)
        if entry.manifest is None:
            current.say(entry.error or "the next run cannot be read", bad=True)
        else:
            current.turn_to(entry)

    def action_help(self) -> None:
        """Show every key that works here."""
        from ptb_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(scope_of(self.screen), self.settings))

    def action_next_theme(self) -> None:
        """Dark, light, high contrast."""
        names = list(PALETTES)
        self.choose_theme(
            names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        )

    def choose_theme(self, name: str) -> None:
        """Paint everything in this theme, now and after the next start."""
        self.theme = name
        try:
            remember_theme(name)
        except StoreFailed as failure:
            self.say(f"the theme holds until ptb is left: {failure}", bad=True)

    async def action_back(self) -> None:
        """To the screen before, unless the screen has something to stop or close first; from the first one, out."""
        give_up = getattr(self.screen, "give_up", None)
        if give_up is not None and give_up():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit()


def _say_on(screen: Screen[Any], message: str, *, bad: bool = False) -> None:
    say = getattr(screen, "say", None)
    if say is not None:
        say(message, bad=bad)


def scope_of(screen: Screen[Any]) -> Scope:
    """The scope whose actions work on a screen."""
    scope = getattr(screen, "SCOPE", Scope.EVERYWHERE)
    assert isinstance(scope, Scope)
    return scope
