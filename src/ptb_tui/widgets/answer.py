"""What stands below the editor of SQL: the rows of an answer, one of them whole, or the views that can be asked."""

from textual.app import ComposeResult
from textual.containers import Container

from ptb_tui.state.page import Page, Section
from ptb_tui.state.sql.answer import Head, Row, Rows
from ptb_tui.state.sql.grid import Grid, GridColumn
from ptb_tui.widgets.grid_view import GridView
from ptb_tui.widgets.page_view import PageView

_WIDE = 110
"""Columns from which a whole row stands beside the others."""


class Answer(Container):
    """Rows, the whole of one beside or under them, or the views in their place."""

    DEFAULT_CSS = """
    Answer { height: 1fr; layout: horizontal; }
    Answer #whole { width: 42%; border-left: solid $line; display: none; }
    Answer #views { display: none; }
    Answer.-whole #whole { display: block; }
    Answer.-views #views { display: block; }
    Answer.-views #whole, Answer.-views GridView { display: none; }
    Answer.-narrow { layout: vertical; }
    Answer.-narrow #whole { width: 100%; height: 55%; border-left: none; border-top: solid $line; }
    """

    def __init__(self) -> None:
        super().__init__(classes="-views")
        self.grid = Grid()
        self._row_page, self._views_page = Page(), Page()
        self._rows = GridView(self.grid)
        self._whole = PageView(self._row_page, widget_id="whole")
        self._views = PageView(self._views_page, widget_id="views")

    def compose(self) -> ComposeResult:
        """Rows have the keys; what stands beside them is turned by keys of its own."""
        self._whole.can_focus = self._views.can_focus = False
        yield self._rows
        yield self._whole
        yield self._views

    def fit(self, width: int) -> None:
        """Arrange for a screen of so many columns."""
        self.set_class(width < _WIDE, "-narrow")

    @property
    def chosen(self) -> bool:
        """Whether the rows have the keys."""
        return self._rows.has_focus

    def choose(self) -> None:
        """Give the rows the keys."""
        self._rows.focus()

    @property
    def selected(self) -> Row | None:
        """The selected row."""
        return self.grid.selected

    @property
    def column(self) -> GridColumn | None:
        """The selected column."""
        return self.grid.columns[self.grid.column] if self.grid.columns else None

    def know_views(self, sections: list[Section]) -> None:
        """What the views are."""
        self._views_page.fill(sections)
        self._views.show()

    def clear(self) -> None:
        """No answer."""
        self.grid.clear()
        self._rows.show()

    def begin(self, head: Head, page: Rows) -> None:
        """Another answer."""
        self.grid.begin(head, page)
        self.remove_class("-views")
        self.show()

    def show(self) -> None:
        """Paint what is selected now."""
        from ptb_tui.state.sql.guide import row_sections

        self._rows.show()
        if self.has_class("-whole") and self.grid.selected is not None:
            self._row_page.fill(())
            self._row_page.fill(row_sections(self.grid.columns, self.grid.selected))
            self._whole.show()

    def turn(self, halves: int) -> None:
        """Half a page of rows, or of the views."""
        if self.has_class("-views"):
            self._views_page.page(halves)
            self._views.show()
        else:
            self.grid.page(halves)

    def scroll_whole(self, halves: int) -> None:
        """Half a page of the whole row."""
        self._row_page.scroll(halves * max(self._whole.size.height // 2, 1))
        self._whole.show()

    def switch_whole(self) -> None:
        """The whole row, or no more."""
        self.toggle_class("-whole")
        self.call_after_refresh(self.show)

    def switch_views(self) -> bool:
        """The views, or the rows; whether it is the views now."""
        self.toggle_class("-views")
        return self.has_class("-views")

    def repaint(self) -> None:
        """The theme changed."""
        for part in (self._rows, self._whole, self._views):
            part.refresh()
