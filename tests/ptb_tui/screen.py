"""What is on the screen of an app under test, as plain text."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.times import GoTo

_SETTLED_S = 60.0
_PATIENCE_S = 60.0
"""On a machine that does much else; a test that passes waits for neither."""


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


def due(screen: Screen[object]) -> str:
    """What a screen has put off for a moment; empty for nothing."""
    if isinstance(screen, ReplayScreen) and screen._detail_due is not None:
        return "the detail of an event"
    if isinstance(screen, CaseScreen) and screen._making_due is not None:
        return "how the model was made"
    return ""


async def settle(pilot: Pilot[None]) -> None:
    """Wait until what was read beside the event loop, or put off for a moment, is painted."""
    await pilot.pause(0.05)
    end = monotonic() + _SETTLED_S
    quiet = 0
    # Twice: what was read may open a screen, which puts something off in its turn.
    while quiet < 2:
        busy = [worker.name for worker in pilot.app.workers if worker.is_running]
        put_off = due(pilot.app.screen)
        assert monotonic() < end, f"never settled: {busy or put_off}\n{text(pilot)}"
        quiet = 0 if busy or put_off else quiet + 1
        await pilot.pause(0.02)
    await pilot.pause()


async def until(pilot: Pilot[None], seen: Callable[[], bool]) -> str:
    """Wait for something that takes its time; what is on the screen then."""
    end = monotonic() + _PATIENCE_S
    while not seen():
        assert monotonic() < end, f"never seen; the screen is:\n{text(pilot)}"
        await pilot.pause(0.02)
    return text(pilot)
