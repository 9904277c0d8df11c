"""The replay clock: how far the playhead moves while real time passes.

Speed can change at any moment; stretches in which nothing happens are skipped and counted, never hidden.
"""

from dataclasses import dataclass

from ptb_tui.state.times import SECOND

SPEEDS = (1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000)
"""Run seconds per real second."""

IDLE_AT_LEAST = 5 * SECOND
"""A shorter wait is part of the rhythm of a run and is played through."""
IDLE_REAL_S = 1.5
"""A wait that passes faster than this on screen is played through."""
LEAD_IN_S = 0.4
"""What is left of a skipped wait, in seconds on screen, so that the jump can be seen."""
ROWS_PER_SECOND = 2.0
"""At 1×, events a second in a run without a clock."""


@dataclass(slots=True)
class Playback:
    """Play state; times are nanoseconds, or positions where the run has no clock."""

    playing: bool = False
    fold_idle: bool = True
    folded: int = 0
    """Nanoseconds skipped since play last began at the place where it is."""
    _notch: int = 0

    @property
    def speed(self) -> int:
        """Run seconds per real second."""
        return SPEEDS[self._notch]

    def faster(self, notches: int) -> None:
        """Up (or down, when negative) so many notches of :data:`SPEEDS`; 0 goes back to 1×."""
        self._notch = min(max(self._notch + notches, 0), len(SPEEDS) - 1) if notches else 0

    def advance(self, now: int, real_s: float, idle_until: int | None) -> int:
        """Where the playhead is ``real_s`` seconds on.

        ``idle_until`` is when the stretch around ``now`` ends in which nothing but samples happens; None when
        ``now`` is not in one.
        """
        target = now + int(real_s * self.speed * SECOND)
        lead_in = int(LEAD_IN_S * self.speed * SECOND)
        if not self.fold_idle or idle_until is None:
            return target
        wait = idle_until - now
        if wait <= max(IDLE_AT_LEAST, int(IDLE_REAL_S * self.speed * SECOND)):
            return target
        self.folded += wait - lead_in
        return idle_until - lead_in
