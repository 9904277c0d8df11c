"""Every screen of the app and the keys that lead there from the queue of runs: what each of them must survive."""

from dataclasses import dataclass

from textual.events import Paste
from textual.pilot import Pilot

from tests.ptb_tui.screen import settle


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, as a reviewer gets to it."""

    name: str
    screen: str
    """The class that stands there."""
    keys: tuple[str, ...]
    """From the queue, with one run selected."""
    pasted: str = ""
    """What is pasted there."""
    then: tuple[str, ...] = ()
    """Keys after that."""
    runs: int = 1
    """How many runs it takes."""

    async def reach(self, pilot: Pilot[None]) -> None:
        """Go there."""
        await settle(pilot)
        for key in self.keys:
            await pilot.press(key)
            await settle(pilot)
        if self.pasted:
            pilot.app.screen.post_message(Paste(self.pasted))
            await settle(pilot)
        for key in self.then:
            await pilot.press(key)
            await settle(pilot)
        assert type(pilot.app.screen).__name__ == self.screen


PLACES = (
    Place("runs", "RunsScreen", ()),
    Place("heat", "HeatScreen", ("h",)),
    Place("case", "CaseScreen", ("enter",)),
    Place("findings", "FindingsScreen", ("f",)),
    Place("lineage", "LineageScreen", ("enter", "l")),
    Place("replay", "ReplayScreen", ("enter", "space")),
    Place("verdict", "VerdictScreen", ("enter", "v")),
    Place("score", "ScoreScreen", ("s",)),
    Place("score form", "ScoreFormScreen", ("s", "s")),
    Place("sql", "SqlScreen", ("semicolon",), "select * from transcript", ("f5", "tab", "space")),
    Place("queries", "QueriesScreen", ("semicolon", "ctrl+o")),
    Place("compare", "CompareScreen", ("m", "j", "c"), runs=2),
    Place("help", "HelpScreen", ("question_mark",)),
    Place("palette", "CommandPalette", ("ctrl+p",)),
)
"""A screen that shows run text, or stands over one that does, has its line here."""
