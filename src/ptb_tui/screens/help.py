"""Every key that works here, read from the registry."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from ptb_tui.actions.action import Group, Scope
from ptb_tui.actions.registry import actions_in, keys_label
from ptb_tui.settings import Settings
from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.wording import WORDS
from ptb_tui.widgets.paint import Inks
from ptb_tui.widgets.panel import inks_of
from ptb_tui.widgets.too_small import TooSmall
from store.event import LANES, Lane
from store.plain import plain


class HelpScreen(ModalScreen[None]):
    """The keys of one scope and those that work everywhere, by group, and what the symbols mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "dismiss", "close", show=False, id="everywhere.back"),
        Binding("question_mark", "dismiss", "close", show=False, id="everywhere.help"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("ctrl+d,pagedown,space", "page(1)", "page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "page up", show=False),
        Binding("g,home", "edge(0)", "first", show=False),
        Binding("G,end", "edge(-1)", "last", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 96; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
        background: $surface; border: round $line; border-title-color: $accent;
    }
    HelpScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, scope: Scope, settings: Settings) -> None:
        super().__init__()
        self._scope = scope
        self._settings = settings
        self._box = VerticalScroll()
        self._too_small = TooSmall(40, 8)

    def compose(self) -> ComposeResult:
        """One table; nothing in it comes from a run."""
        with self._box as box:
            box.border_title = f"{self._scope.value} · keys"
            box.border_subtitle = "esc closes"
            keys = Static(help_table(self._scope, inks_of(self)), markup=False)
            settings = Static(_settings(self._settings, inks_of(self)), markup=False)
            yield from (settings, keys) if self._settings.faults else (keys, settings)
        yield self._too_small

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._too_small.fit(event.size)

    def action_scroll(self, lines: int) -> None:
        """A line on or back."""
        self._box.scroll_relative(y=lines, animate=False)

    def action_page(self, halves: int) -> None:
        """Half a page on or back."""
        self.action_scroll(halves * max(self._box.size.height // 2, 1))

    def action_edge(self, which: int) -> None:
        """To the top or the end."""
        if which == 0:
            self._box.scroll_home(animate=False)
        else:
            self._box.scroll_end(animate=False)


def _settings(settings: Settings, palette: Inks) -> Text:
    """Where keys and theme are chosen, and what of that was left out."""
    lines = [
        Text("Settings", palette.accent),
        Text(f"keys and theme: {plain(str(settings.file))}", palette.soft),
    ]
    lines += [Text(f"! {fault}", palette.suspicious) for fault in settings.faults]
    return Text("\n").join([*lines, Text()])


def help_table(scope: Scope, palette: Inks) -> Table:
    """Keys and what happens, under the headings of the registry."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1)
    listed = [*actions_in(scope), *actions_in(Scope.EVERYWHERE)]
    for group in Group:
        actions = [action for action in listed if action.group is group]
        if actions:
            table.add_row("", Text(group.value, palette.accent))
        for action in actions:
            table.add_row(Text(keys_label(action), palette.strong), Text(action.help, palette.soft))
        if actions:
            table.add_row()
    if scope is Scope.REPLAY:
        _add_symbols(table, palette)
    return table


def _add_symbols(table: Table, palette: Inks) -> None:
    """What stands at the beginning of a row, in the colours of the lanes."""
    table.add_row("", Text("Symbols", palette.accent))
    for severity, symbol in SYMBOLS.items():
        table.add_row(Text(symbol, palette.severity(severity)), Text(severity.value, palette.soft))
    table.add_row(Text("●", palette.accent), Text("marked by a reviewer", palette.soft))
    table.add_row(Text("✗", palette.tried), Text("tried, did not happen", palette.soft))
    for lane in Lane:
        kinds = [kind for kind in WORDS if LANES[kind] is lane]
        words = "   ".join(f"{WORDS[kind][0]} {WORDS[kind][1]}" for kind in kinds)
        table.add_row(Text(lane.value, palette.lanes[lane]), Text(words, palette.lanes[lane]))
