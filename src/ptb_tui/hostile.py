"""The choke point between run text and the terminal.

Every line of every widget passes through Textual's line filters just before it is written, so a control byte
that some widget forgot to replace still never arrives. Widgets replace it earlier as well, because a replaced
character has a width and a raw one breaks the layout.
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
        return [
            segment if segment.control else Segment(plain(segment.text), segment.style)
            for segment in segments
        ]
