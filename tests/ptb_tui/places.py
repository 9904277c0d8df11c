"""Every screen of the app and the keys that lead there from the queue of runs: what each of them must survive."""

from dataclasses import dataclass

from textual.events import Paste
from textual.pilot import Pilot

from tests.ptb_tui.screen import settle


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, as a reviewer gets to it."""

    name: str
    keys: tuple[str, ...]
    """From the queue, with one run selected."""
    pasted: str = ""
    """What is pasted there."""
    then: tuple[str, ...] = ()
    """Keys after that."""

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


PLACES = (
    Place("runs", ()),
    Place("heat", ("h",)),
    Place("case", ("enter",)),
    Place("findings", ("f",)),
    Place("lineage", ("enter", "l")),
    Place("replay", ("enter", "space")),
    Place("verdict", ("enter", "v")),
    Place("score", ("s",)),
    Place("score form", ("s", "s")),
    Place("sql", ("semicolon",), "select * from transcript", ("f5", "tab", "space")),
    Place("queries", ("semicolon", "ctrl+o")),
    Place("help", ("question_mark",)),
    Place("palette", ("ctrl+p",)),
)
"""A screen that shows run text, or stands over one that does, has its line here."""
