"""The time in which a command's process must have started, with what the clocks leave open at both ends."""

from dataclasses import dataclass

from store.rows import Quality, Stamp

LAG_NS = 1_000_000_000
"""How much later than it happened a line may reach the recorder: a busy agent writes before it flushes."""
_NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """Nanoseconds since the epoch; nothing is asserted between ``earliest`` and ``sure_from``, nor at the end."""

    earliest: int
    sure_from: int
    sure_to: int = _NEVER
    latest: int = _NEVER

    def may_hold(self, ts: int) -> bool:
        """Whether a start at ``ts`` is possible."""
        return self.earliest <= ts <= self.latest

    def surely_holds(self, ts: int) -> bool:
        """Whether a start at ``ts`` was inside, whatever the error of the clocks."""
        return self.sure_from <= ts <= self.sure_to

    def until(self, at: Stamp, arrived: int) -> "Window":
        """The window of a command whose result is stamped ``at`` and came to the recorder at ``arrived``."""
        if at.ts is None or at.quality is Quality.ARRIVAL:
            end = arrived if at.ts is None else at.ts
            return Window(self.earliest, self.sure_from, end - LAG_NS, end)
        err = _err_ns(at)
        return Window(self.earliest, self.sure_from, at.ts - err, max(at.ts + err, arrived))


def since(at: Stamp, arrived: int) -> Window:
    """The window, still open, of a command that is stamped ``at`` and came to the recorder at ``arrived``."""
    if at.ts is None or at.quality is Quality.ARRIVAL:
        start = arrived if at.ts is None else at.ts
        return Window(start - LAG_NS, start)
    err = _err_ns(at)
    if at.ts - err > arrived:  # the teller's clock is ahead of ours
        return Window(arrived - LAG_NS, _NEVER)
    return Window(at.ts - err, at.ts + err)


def _err_ns(at: Stamp) -> int:
    return (at.err_us or 0) * 1000
