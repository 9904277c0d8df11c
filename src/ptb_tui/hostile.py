"""The choke point between run text and the terminal.

Every line of every widget passes through Textual's line filters just before it is written, so a control byte
that some widget forgot to replace still never arrives. Widgets replace it earlier as well, because a replaced
character has another width; here the line is cut or filled up to the cells that it was laid out for.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from store.plain import HOSTILE, plain


class HostileText(LineFilter):
    """Replaces every character of :data:`store.plain.REPLACEMENTS` in what is about to be drawn."""

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """``segments`` with visible symbols instead of controls."""
        if not any(HOSTILE.search(segment.text) for segment in segments):
            return segments
        cells = Segment.get_line_length(segments)
        shown = [
            segment if segment.control else Segment(plain(segment.text), segment.style)
            for segment in segments
        ]
        return Segment.adjust_line_length(shown, cells)
