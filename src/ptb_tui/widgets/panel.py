"""What all painted widgets share: the palette of the theme in use."""

from textual.widget import Widget

from ptb_tui.theme import DARK, PALETTES, Palette
from ptb_tui.widgets.paint import Inks, inks


def palette_of(widget: Widget) -> Palette:
    """The palette of the theme in use."""
    return PALETTES.get(widget.app.theme, DARK)


def inks_of(widget: Widget) -> Inks:
    """The styles of the theme in use."""
    return inks(palette_of(widget))
