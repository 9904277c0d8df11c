"""Every screen of the app and the keys that lead there from the queue of runs: what each of them must survive."""

from dataclasses import dataclass

from textual.pilot import Pilot

from tests.ptb_tui.screen import settle


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, as a reviewer gets to it."""

    name: str
    keys: tuple[str, ...]
    """From the queue, with one run selected."""

    async def reach(self, pilot: Pilot[None]) -> None:
        """Go there."""
        await settle(pilot)
        for key in self.keys:
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
    Place("help", ("question_mark",)),
    Place("palette", ("ctrl+p",)),
)
"""A screen that shows run text, or stands over one that does, has its line here."""
