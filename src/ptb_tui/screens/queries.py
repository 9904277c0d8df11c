"""The queries at hand: saved ones, those that come with ptb, and what was asked before."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings, label_of
from ptb_tui.late import tell
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part
from ptb_tui.state.page import Page
from ptb_tui.state.sql.guide import query_sections
from ptb_tui.state.sql.history import History
from ptb_tui.state.sql.saved import own, shipped
from ptb_tui.widgets.footer import Footer
from ptb_tui.widgets.header import Header
from ptb_tui.widgets.page_view import PageView
from ptb_tui.widgets.too_small import TooSmall


class QueriesScreen(Screen[str | None]):
    """Dismissed with the query that was taken."""

    SCOPE: ClassVar = Scope.QUERIES
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    QueriesScreen { background: $background; }
    """

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._texts: dict[object, str] = {}
        self._page = Page()
        self._header = Header(self._headline)
        self._list = PageView(self._page)
        self._footer = Footer(Scope.QUERIES)
        self._too_small = TooSmall(40, 6)

    def compose(self) -> ComposeResult:
        """Header, the list, key hints."""
        yield self._header
        yield self._footer
        yield self._too_small
        yield self._list

    def on_mount(self) -> None:
        """Read the folders beside the event loop."""
        self._list.focus()
        self._header.show()
        self._read()

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._too_small.fit(event.size)

    @work(thread=True)
    def _read(self) -> None:
        sections, texts = query_sections(own(), shipped(), self._history)

        def show() -> None:
            self._texts = texts
            self._page.fill(sections)
            self._header.show()
            self._list.show()

        tell(show)

    def _headline(self) -> list[HeadLine]:
        first = [Part("ptb", "accent"), Part("queries", "strong"), Part(f"{len(self._texts)}", "soft")]
        hint = f"{label_of('queries.take')} puts one into the editor; {label_of('sql.save')} there keeps one here"
        return [(first, []), ([Part(hint, "soft")], [])]

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show one message in the footer."""
        self._footer.say(message, bad=bad)

    def action_take(self) -> None:
        """The selected query, for the editor."""
        selected = self._page.selected
        if selected is not None:
            self.dismiss(self._texts[selected.key])

    def on_page_view_opened(self) -> None:
        """The selected query was clicked."""
        self.action_take()

    def action_move(self, items: int) -> None:
        """Another query."""
        self._page.move(items)
        self._list.show()

    def action_page(self, halves: int) -> None:
        """Half a page."""
        self._page.page(halves)
        self._list.show()

    def action_edge(self, which: int) -> None:
        """First or last query."""
        self._page.edge(which)
        self._list.show()

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._header, self._list, self._footer):
            part.refresh()
