"""SQL: a query over the runs at hand, its rows, and the way from a row to its moment."""

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import TextArea

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.late import tell
from ptb_tui.screens.copying import copy
from ptb_tui.screens.queries import QueriesScreen
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.prose import line
from ptb_tui.state.sql.answer import Head, Moment, Rows
from ptb_tui.state.sql.grid import PAGE_ROWS
from ptb_tui.state.sql.history import History
from ptb_tui.state.sql.moments import folder_of
from ptb_tui.state.sql.standing import headline, summary
from ptb_tui.state.sql.under_way import UnderWay
from ptb_tui.ways import OpenReplay
from ptb_tui.widgets.answer import Answer
from ptb_tui.widgets.completing import Completing
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.offers import Offers
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.sql_editor import SqlEditor
from ptb_tui.widgets.told import Told
from ptb_tui.widgets.too_small import TooSmall
from store.counting import counted
from store.errors import BadQuery, Cancelled, PtbError

if TYPE_CHECKING:
    from ptb_tui.state.sql.asking import Asking

_TICK_S = 0.1
_ROWS_ONLY = frozenset({"move", "page", "edge", "shift", "whole", "scroll", "copy"})
"""Actions whose keys are letters, or keys of the editor, while one is typing."""


def _key(name: str) -> str:
    return label_of(f"sql.{name}")


class SqlScreen(Screen[None]):
    """An editor above, rows below."""

    SCOPE: ClassVar = Scope.SQL
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    SqlScreen { background: $background; layers: base above; }
    """

    def __init__(self, folders: Sequence[Path], under_way: UnderWay) -> None:
        """Asks the runs in ``folders``; goes on with what was ``under_way``."""
        super().__init__()
        self._under_way = under_way
        self._folders = tuple(folders)
        self._history = History()
        self._asking: Asking | None = None
        """The query whose rows are shown or awaited."""
        self._export: Asking | None = None
        self._since = 0.0
        self._busy = ""
        """What is under way; empty while nothing is."""
        self._reading = False
        self._clock: Timer | None = None
        self._header = Header(self._headline)
        self.editor = SqlEditor(under_way.text)
        self._told = Told(4)
        self._answer = Answer()
        self._offers = Offers()
        self._completing = Completing(self.editor, self._offers)
        self._footer = Footer(Scope.SQL)
        self._too_small = TooSmall(50, 12)

    def compose(self) -> ComposeResult:
        """Header, editor, how it stands, rows, key hints; offers over all of it."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self.editor
        yield self._told
        yield self._answer
        yield self._offers

    def on_mount(self) -> None:
        """Ready to type; names and history come after the first paint."""
        self.editor.focus()
        self.editor.move_cursor(self.editor.document.end)
        self._header.show()
        self._tell("reading the names of views and columns …")
        self._prepare()

    def on_resize(self, event: Resize) -> None:
        """Arrange for the size at hand."""
        self._too_small.fit(event.size)
        self._answer.fit(event.size.width)
        self._completing.stop()
        self.call_after_refresh(self._fit)

    def on_unmount(self) -> None:
        """Nothing is computed for nobody; what still is may take a moment to notice."""
        for asking in (self._asking, self._export):
            if asking is not None:
                asking.stop()
                Thread(target=asking.close).start()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters; in the editor they are the editor's."""
        if self.query_children(Prompt) or (action in _ROWS_ONLY and not self._answer.chosen):
            return False
        return super().check_action(action, parameters)

    @work(thread=True, group="prepare")
    def _prepare(self) -> None:
        from ptb_tui.state.sql.guide import view_sections
        from store.sql.vocabulary import vocabulary

        words = vocabulary()
        self._history.read()

        def ready() -> None:
            self._completing.know(words)
            self._answer.know_views(view_sections(words))
            if self._asking is None:
                self._tell(
                    f"what a query can read; {_key('run')} runs it, {_key('queries')} has queries to begin with"
                )

        tell(ready)

    def _headline(self) -> list[HeadLine]:
        return headline(self._folders, self._answer.grid, self._busy)

    def _tell(self, message: str, ink: str = "soft") -> None:
        self._told.tell([line((message, ink))])

    def _fit(self) -> None:
        self.editor.fit(max(self.size.height // 3, 3))

    # The editor.

    def on_text_area_changed(self) -> None:
        """Something was typed."""
        self._under_way.text = self.editor.text
        self._fit()
        self.editor.clear_mistake()
        self._completing.typed(self.size)

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor went elsewhere: what was offered does not belong there."""
        self._completing.moved(event.selection.end)

    def _put(self, text: str) -> None:
        with self.editor.prevent(TextArea.Changed, TextArea.SelectionChanged):
            self.editor.put(text)
        self._under_way.text = text
        self._completing.stop()
        self._fit()

    def action_tab(self) -> None:
        """Take what is offered, else to the other half."""
        if self._completing.take():
            self._under_way.text = self.editor.text
            self._fit()
        elif self.editor.has_focus and self._answer.grid.columns:
            self._answer.choose()
        else:
            self.editor.focus()

    def action_up(self) -> None:
        """One line, row, offer or query back."""
        if self._answer.chosen:
            self.action_move(-1)
        elif self._completing.offering:
            self._completing.move(-1)
        elif not self.editor.on_first_line:
            self.editor.action_cursor_up()
        elif (older := self._history.older(self.editor.text)) is not None:
            self._put(older)
            self.editor.move_cursor((0, 0))
        else:
            self.say("no query was asked before")

    def action_down(self) -> None:
        """One line, row, offer or query on."""
        if self._answer.chosen:
            self.action_move(1)
        elif self._completing.offering:
            self._completing.move(1)
        elif not self.editor.on_last_line:
            self.editor.action_cursor_down()
        elif (newer := self._history.newer()) is not None:
            self._put(newer)

    def action_enter(self) -> None:
        """A new line, or run; in the rows, to the moment of one."""
        if self._answer.chosen:
            self._to_moment()
        elif self.editor.has_focus:
            if self.editor.text.rstrip().endswith(";") and self.editor.on_last_line:
                self.action_run()
            else:
                self.editor.insert("\n")

    def action_queries(self) -> None:
        """Choose a query."""
        self.app.push_screen(QueriesScreen(self._history), self._take)

    def _take(self, text: str | None) -> None:
        if text is not None:
            self._put(text)
            self.editor.focus()

    async def action_save(self) -> None:
        """Ask for a name to keep the query under."""
        if self.editor.text.strip():
            await Prompt.ask(self, "keep as", self._save, hint="a name, as of a file")
        else:
            self.say("there is no query to keep")

    def _save(self, name: str | None) -> None:
        from ptb_tui.state.sql.saved import save

        self.editor.focus()
        if not name:
            return
        try:
            path = save(name, self.editor.text)
        except PtbError as error:
            self.say(str(error), bad=True)
        else:
            self.say(f"kept as {path}")

    # The query.

    def action_run(self) -> None:
        """Ask the query."""
        from ptb_tui.state.sql.asking import Asking

        sql = self.editor.text.strip().rstrip(";")
        self._completing.stop()
        if not sql:
            self.say(f"write a query first; {_key('queries')} has some to begin with")
            return
        before, self._asking = self._asking, Asking(self._folders, self.editor.text)
        if before is not None:
            before.stop()
        self._footer.hush()
        self._answer.clear()
        self._begin("running")
        try:
            self._history.add(self.editor.text.strip())
        except PtbError as error:
            self.say(f"not kept in the history: {error}", bad=True)
        self._ask(self._asking, before)

    @work(thread=True, group="ask")
    def _ask(self, asking: "Asking", before: "Asking | None") -> None:
        if before is not None:
            before.close()
        try:
            head, page = asking.ask(), asking.read(PAGE_ROWS)
        except PtbError as error:
            tell(self._failed, asking, error)
        else:
            tell(self._answered, asking, head, page)

    def _answered(self, asking: "Asking", head: Head, page: Rows) -> None:
        if asking is not self._asking:
            return
        took = self._end()
        self._answer.begin(head, page)
        if self._answer.grid.rows:
            self._answer.choose()
        self._summary(took)
        self._moved()

    def _summary(self, took: float | None = None) -> None:
        notes = self._asking.notes() if self._asking is not None else ()
        self._told.tell(summary(self._answer.grid, notes, took))

    def _failed(self, asking: "Asking", error: PtbError) -> None:
        if asking is not self._asking:
            return
        self._end()
        if isinstance(error, Cancelled):
            self._tell("stopped; the query stands as it was")
            return
        self._told.tell([line(("! ", "violation"), (str(error), "ink"))])
        self.editor.focus()
        if isinstance(error, BadQuery):
            with self.editor.prevent(TextArea.SelectionChanged):
                self.editor.show_mistake(error.line, error.column)

    def _begin(self, what: str) -> None:
        self._since, self._busy = monotonic(), what
        if self._clock is None:
            self._clock = self.set_interval(_TICK_S, self._tick)
        self._tick()

    def _tick(self) -> None:
        if self._busy:
            what = self._busy.split(" ")[0]
            self._busy = f"{what} {monotonic() - self._since:.1f} s · esc stops"
            self._header.show()

    def _end(self) -> float:
        """Nothing is under way any more; the seconds that it took."""
        self._busy = ""
        if self._clock is not None:
            self._clock.stop()
            self._clock = None
        self._header.show()
        return monotonic() - self._since

    def give_up(self) -> bool:
        """Escape: no more offers, or stop what is under way, or back to the editor; False where there is nothing of that."""
        if self._completing.offering:
            self._completing.stop()
        elif self._busy:
            for asking in (self._asking, self._export):
                if asking is not None:
                    asking.stop()
            self._busy = self._busy.replace("esc stops", "stopping")
            self._header.show()
        else:
            return False
        return True

    # The rows.

    def _moved(self) -> None:
        self._answer.show()
        self._header.show()
        if self._answer.grid.wanting and not self._reading and self._asking is not None:
            self._reading = True
            self._more(self._asking)

    @work(thread=True, group="more")
    def _more(self, asking: "Asking") -> None:
        try:
            page = asking.read(PAGE_ROWS)
        except PtbError as error:
            tell(self._no_more, asking, error)
        else:
            tell(self._add, asking, page)

    def _add(self, asking: "Asking", page: Rows) -> None:
        self._reading = False
        if asking is self._asking:
            self._answer.grid.add(page)
            self._summary()
            self._moved()

    def _no_more(self, asking: "Asking", error: PtbError) -> None:
        self._reading = False
        if asking is self._asking:
            self._asking = None
            self.say(f"no more rows: {error}", bad=True)

    def on_grid_view_moved(self) -> None:
        """By the mouse."""
        self._moved()

    def on_grid_view_opened(self) -> None:
        """The selected row was clicked."""
        self._to_moment()

    def action_move(self, rows: int) -> None:
        """Another row."""
        self._answer.grid.move(rows)
        self._moved()

    def action_page(self, halves: int) -> None:
        """Half a page."""
        self._answer.grid.page(halves)
        self._moved()

    def action_turn(self, halves: int) -> None:
        """Half a page of whatever stands below the editor."""
        self._answer.turn(halves)
        self._moved()

    def action_edge(self, which: int) -> None:
        """First or last row."""
        self._answer.grid.edge(which)
        self._moved()

    def action_shift(self, columns: int) -> None:
        """Another column."""
        self._answer.grid.shift(columns)
        self._moved()

    def action_whole(self) -> None:
        """The whole row, or no more."""
        self._answer.switch_whole()

    def action_scroll(self, halves: int) -> None:
        """Scroll the whole row."""
        self._answer.scroll_whole(halves)

    def action_views(self) -> None:
        """The views, or the rows."""
        if self._answer.switch_views():
            self.editor.focus()

    def action_copy(self) -> None:
        """Copy the selected value."""
        selected, column = self._answer.selected, self._answer.column
        if selected is None or column is None:
            return
        value = selected.cells[self._answer.grid.column]
        if value is None:
            self.say("NULL: nothing to copy")
        else:
            self.say(copy(self, column.name, value))

    def _to_moment(self) -> None:
        selected = self._answer.grid.selected
        if selected is None:
            return
        if selected.moment is None:
            self.say("this row is of no moment: select seq or ts to go there", bad=True)
        elif len(self._folders) > 1 and selected.moment.run_id is None:
            self.say("this row names no run: select run_id to go there", bad=True)
        else:
            self._go(selected.moment)

    @work(thread=True, exclusive=True, group="go")
    def _go(self, moment: Moment) -> None:
        folder = folder_of(moment, self._folders)
        if folder is None:
            tell(self.say, f"run {moment.run_id} is not there any more", bad=True)
            return
        tell(self._replay, OpenReplay(folder, moment.seq, ts=moment.ts, keep=True))

    def _replay(self, moment: OpenReplay) -> None:
        if self.is_active:
            self.post_message(moment)

    async def action_export(self) -> None:
        """Ask where to write every row."""
        if self._answer.grid.columns and self._asking is not None:
            await Prompt.ask(self, "write to", self._write, value="answer.csv", hint=".csv .json .parquet")
        else:
            self.say("ask first: the rows of an answer are what is written")

    def _write(self, name: str | None) -> None:
        from ptb_tui.state.sql.asking import Asking, form_of

        self._answer.choose()
        if not name or self._asking is None:
            return
        path = Path(name).expanduser()
        try:
            form_of(path)
        except PtbError as error:
            self.say(str(error), bad=True)
            return
        self._export = Asking(self._folders, self._asking.sql)
        self._begin("writing")
        self._write_all(self._export, path)

    @work(thread=True, group="export")
    def _write_all(self, export: "Asking", path: Path) -> None:
        try:
            export.export(path)
            message, bad = f"wrote all rows to {path}, {counted(path.stat().st_size, 'byte')}", False
        except Cancelled:
            message, bad = "stopped; no file was written", False
        except (PtbError, OSError) as error:
            message, bad = str(error), True
        export.close()
        tell(self._written, message, bad=bad)

    def _written(self, message: str, *, bad: bool) -> None:
        self._export = None
        self._end()
        self.say(message, bad=bad)

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def repaint(self) -> None:
        """The theme changed."""
        self.editor.repaint()
        for part in (self._header, self._told, self._footer):
            part.refresh()
        self._answer.repaint()
