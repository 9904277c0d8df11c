"""The app without colours, for ``NO_COLOR`` (no-color.org): what they say is said by symbols, words, bold and reverse."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from ptb_tui.theme import PALETTES

_SET_OFF = frozenset(
    colour for palette in PALETTES.values() for colour in (palette.cursor, palette.match, palette.accent)
)
"""Backgrounds that mean something: the selected row, a search hit, the place where one types."""


class Colourless(LineFilter):
    """Takes every colour out of what is about to be drawn; what a background set off is reversed instead."""

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """``segments`` in the terminal's own two colours."""
        return [
            Segment(one.text, _bare(one.style), one.control) if one.style is not None else one
            for one in segments
        ]


def _bare(style: Style) -> Style:
    ground = style.bgcolor
    set_off = ground is not None and ground.triplet is not None and ground.triplet.hex in _SET_OFF
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=set_off or style.reverse,
        link=style.link,
    )
