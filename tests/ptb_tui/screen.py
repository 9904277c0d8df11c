"""What is on the screen of an app under test, as plain text."""

from pathlib import Path

from textual.geometry import Region
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.times import GoTo


def opened(folder: Path, at: GoTo | None = None) -> PtbApp:
    """The app on one run."""
    return PtbApp(run=OpenRun.open(folder), at=at)


def lines(pilot: Pilot[None]) -> list[str]:
    """Every line of the terminal as text."""
    app = pilot.app
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    assert Region(0, 0, width, height).size == app.size
    return [strip.text for strip in strips]


def text(pilot: Pilot[None]) -> str:
    """The whole terminal as text."""
    return "\n".join(lines(pilot))


def replay_of(pilot: Pilot[None]) -> ReplayScreen:
    """The screen, which is Replay."""
    screen = pilot.app.screen
    assert isinstance(screen, ReplayScreen)
    return screen


async def settle(pilot: Pilot[None]) -> None:
    """Wait until what was read beside the event loop, or put off for a moment, is painted."""
    await pilot.pause(0.05)
    quiet = 0
    for _ in range(200):
        screen = pilot.app.screen
        put_off = (
            screen._detail_due is not None
            if isinstance(screen, ReplayScreen)
            else isinstance(screen, CaseScreen) and screen._making_due is not None
        )
        busy = put_off or any(worker.is_running for worker in pilot.app.workers)
        # Twice: what was read may open a screen, which puts something off in its turn.
        quiet = 0 if busy else quiet + 1
        if quiet == 2:
            break
        await pilot.pause(0.02)
    await pilot.pause()
