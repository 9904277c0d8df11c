"""What stands in a screen's place while the window is too small for it."""

from textual.geometry import Size
from textual.widgets import Static

from ptb_tui.actions.registry import label_of


class TooSmall(Static):
    """Says how much room its screen needs; shown alone while there is less."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; content-align: center middle; }
    Screen.-too-small > * { display: none; }
    Screen.-too-small > TooSmall { display: block; }
    """

    def __init__(self, width: int, height: int) -> None:
        """The columns and lines below which nothing useful fits."""
        super().__init__(
            f"ptb needs {width} × {height} characters here\nmake the window larger, or {label_of('everywhere.back')} to leave",
            markup=False,
        )
        self._least = Size(width, height)

    def fit(self, size: Size) -> None:
        """Show itself or its screen's widgets, whichever fits ``size``."""
        self.screen.set_class(
            size.width < self._least.width or size.height < self._least.height, "-too-small"
        )
