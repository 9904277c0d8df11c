"""Words offered at the cursor of an editor, and taken."""

from typing import TYPE_CHECKING

from textual.geometry import Offset, Size
from textual.widgets import TextArea

from ptb_tui.widgets.offers import Offers
from ptb_tui.widgets.sql_editor import SqlEditor

if TYPE_CHECKING:
    from store.sql.vocabulary import Vocabulary


class Completing:
    """Watches what is typed in ``editor`` and fills ``offers``."""

    def __init__(self, editor: SqlEditor, offers: Offers) -> None:
        self._editor = editor
        self._offers = offers
        self._words: Vocabulary | None = None
        self._at: tuple[int, int] | None = None
        """Where the cursor stood when words were offered."""
        self._start = 0

    def know(self, words: "Vocabulary") -> None:
        """From now on these words can be offered."""
        self._words = words
        self._editor.know_views(frozenset(words.views))

    @property
    def offering(self) -> bool:
        """Whether there is a word to take."""
        return self._offers.selected is not None

    def typed(self, screen: Size) -> None:
        """Offer what the word before the cursor could become."""
        from ptb_tui.state.sql.completion import complete

        self.stop()
        self._at = self._editor.cursor_location
        if self._words is None or not self._editor.has_focus:
            return
        found = complete(self._editor.text, self._editor.at, self._words)
        self._start = found.start
        cursor = self._editor.cursor_screen_offset
        typed = self._editor.at - found.start
        self._offers.offer(found.candidates, Offset(cursor.x - typed - 1, cursor.y), screen)

    def moved(self, at: tuple[int, int]) -> None:
        """The cursor went elsewhere: what was offered does not belong there."""
        if at != self._at:
            self.stop()

    def move(self, words: int) -> None:
        """Select another word."""
        self._offers.move(words)

    def take(self) -> bool:
        """Put the selected word into the text; False where none is offered."""
        chosen = self._offers.selected
        if chosen is None:
            return False
        with self._editor.prevent(TextArea.Changed, TextArea.SelectionChanged):
            self._editor.complete(self._start, chosen.inserted)
        self.stop()
        return True

    def stop(self) -> None:
        """Offer nothing."""
        self._offers.hide()
