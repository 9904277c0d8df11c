"""Playing a run: the playhead moved on, frame by frame, as long as the state says that it plays."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from textual.screen import Screen
from textual.timer import Timer

from ptb_tui.state.replay import Replay

_FRAME_S = 1 / 60


class Player:
    """Turns the time that goes by into ticks of the state."""

    def __init__(self, screen: Screen[Any], replay: Replay, changed: Callable[[], object]) -> None:
        """``changed`` paints what the state says then."""
        self._screen = screen
        self._replay = replay
        self._changed = changed
        self._frames: Timer | None = None
        self._last = 0.0

    def toggle(self) -> None:
        """Play or pause."""
        self._replay.toggle_play()
        self._run()

    def pause(self) -> None:
        """Stand still."""
        self._replay.playback.playing = False
        self._run()

    def _run(self) -> None:
        if not self._replay.playback.playing:
            if self._frames is not None:
                self._frames.stop()
            self._frames = None
        elif self._frames is None:
            self._last = monotonic()
            self._frames = self._screen.set_interval(_FRAME_S, self._advance)

    def _advance(self) -> None:
        now = monotonic()
        moved = self._replay.tick(now - self._last)
        self._last = now
        if moved:
            self._changed()
        if not self._replay.playback.playing:
            self._run()
            self._changed()
