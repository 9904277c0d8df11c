"""Where a query is written: Textual's text area, coloured by our own tokens."""

from bisect import bisect_right
from itertools import accumulate

from rich.style import Style
from rich.text import Text
from textual.widgets import TextArea

from ptb_tui.state.sql.tokens import Kind, tokens
from ptb_tui.widgets.paint import Inks
from ptb_tui.widgets.panel import inks_of
from store.plain import plain_lines

_LEAST_LINES = 3


class SqlEditor(TextArea):
    """A query under way."""

    DEFAULT_CSS = """
    SqlEditor { height: 3; border: none; padding: 0 1; background: $surface; border-left: tall $line; }
    SqlEditor:focus { border: none; border-left: tall $accent; }
    SqlEditor .text-area--cursor-line { background: $surface; }
    SqlEditor .text-area--cursor, SqlEditor:light .text-area--cursor { background: $accent; color: $background; }
    SqlEditor .text-area--placeholder { color: $soft; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder="SELECT … FROM files WHERE …",
        )
        self.cursor_blink = False
        self._views: frozenset[str] = frozenset()
        self._mistake: tuple[int, int] | None = None
        self._coloured: tuple[str, Inks] | None = None
        self._spans: list[list[tuple[int, int, Style]]] = []

    def know_views(self, names: frozenset[str]) -> None:
        """Colour these names as views."""
        self._views = names
        self.repaint()

    @property
    def at(self) -> int:
        """The cursor, as a character of the text."""
        row, column = self.cursor_location
        return sum(len(self.document.get_line(line)) + 1 for line in range(row)) + column

    @property
    def on_first_line(self) -> bool:
        """Whether there is no line above the cursor."""
        return self.cursor_at_first_line

    @property
    def on_last_line(self) -> bool:
        """Whether there is no line below the cursor."""
        return self.cursor_at_last_line

    def put(self, text: str) -> None:
        """Another text, made plain, which can be undone; the cursor at its end."""
        self.replace("\n".join(plain_lines(text)), self.document.start, self.document.end)
        self.move_cursor(self.document.end)
        self.clear_mistake()

    def complete(self, start: int, word: str) -> None:
        """Put ``word`` in place of what stands from character ``start`` to the cursor."""
        row, column = self.cursor_location
        self.replace(word, (row, column - (self.at - start)), (row, column))

    def show_mistake(self, line: int, column: int) -> None:
        """Set off the word at a place (from 1), with the cursor on it."""
        row = min(line, self.document.line_count) - 1
        place = row, min(column - 1, len(self.document.get_line(row)))
        self.move_cursor(place)
        self._mistake = place
        self.repaint()

    def clear_mistake(self) -> None:
        """Set nothing off."""
        if self._mistake is not None:
            self._mistake = None
            self.repaint()

    def fit(self, most: int) -> None:
        """As high as its text, at most so many lines."""
        self.styles.height = min(max(self.wrapped_document.height, _LEAST_LINES), max(most, _LEAST_LINES))

    def repaint(self) -> None:
        """The colours changed."""
        self._coloured = None
        self._line_cache.clear()
        self.refresh()

    def get_line(self, line_index: int) -> Text:
        """A line in colours."""
        line = super().get_line(line_index)
        palette = inks_of(self)
        if self._coloured is None or self._coloured != (self.text, palette):
            self._colour(palette)
        spans = self._spans[line_index] if line_index < len(self._spans) else []
        for start, end, style in spans:
            line.stylize(style, start, end)
        if self._mistake is not None and self._mistake[0] == line_index:
            start = min(self._mistake[1], max(len(line) - 1, 0))
            end = next((e for s, e, _ in spans if s <= start < e), start + 1)
            line.stylize(palette.violation + Style(underline=True), start, max(end, start + 1))
        return line

    def _colour(self, palette: Inks) -> None:
        self._coloured = self.text, palette
        lines = self.text.split("\n")
        begins = [0, *accumulate(len(line) + 1 for line in lines)]
        self._spans = [[] for _ in lines]
        styles = {
            Kind.COMMENT: palette.code_comment,
            Kind.STRING: palette.code_string,
            Kind.QUOTED: palette.code_string,
            Kind.NUMBER: palette.code_number,
            Kind.KEYWORD: palette.code_keyword,
            Kind.FUNCTION: palette.named("gpu"),
            Kind.SIGN: palette.soft,
        }
        for token in tokens(self.text):
            style = styles.get(token.kind, palette.ink)
            if token.kind is Kind.NAME and token.text.lower() in self._views:
                style = palette.named("files")
            row = bisect_right(begins, token.start) - 1
            while row < len(lines) and begins[row] < token.end:
                start = max(token.start - begins[row], 0)
                self._spans[row].append((start, min(token.end - begins[row], len(lines[row])), style))
                row += 1
