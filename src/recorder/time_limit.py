"""The end of what is recorded, by the clock or on demand: SIGTERM to all of it, SIGKILL to what is left after a grace."""

import signal
import time
from collections.abc import Callable, Iterable

from recorder.watchdog.tree import send

GRACE_S = 30.0
"""Between SIGTERM and SIGKILL, as PostTrainBench has it (``timeout --kill-after=30s``)."""
_AGAIN_S = 1.0
"""Between two SIGKILLs: what was being forked meanwhile gets the next one."""
_CLEARED_S = 5.0
_PAUSE_S = 0.02


class TimeLimit:
    """How long what is recorded may run; the recording asks :meth:`tick` several times a second."""

    def __init__(self, limit_s: float | None, grace_s: float = GRACE_S) -> None:
        """``limit_s``: None for as long as it likes, until :meth:`end`."""
        self._limit_s = limit_s
        self._grace_s = grace_s
        self._ends_at: float | None = None
        self._kill_at: float | None = None
        self._reason: str | None = None

    def begin(self) -> None:
        """What is recorded runs from now on."""
        if self._limit_s is not None:
            self._ends_at = time.monotonic() + self._limit_s

    def end(self, reason: str) -> None:
        """End it at the next tick; ``reason`` is kept for ``exit_status``, unless it is being ended already."""
        if self._reason is None:
            self._reason = reason
            self._ends_at = time.monotonic()

    def tick(self, members: Callable[[], Iterable[int]]) -> None:
        """Send what is due now to ``members``, pids of all that lives."""
        now = time.monotonic()
        if self._ends_at is None or now < self._ends_at:
            return
        self._reason = self._reason or "time limit"
        if self._kill_at is None:
            self._kill_at = now + self._grace_s
            _to_all(members(), signal.SIGTERM)
        elif now >= self._kill_at:
            self._kill_at = now + _AGAIN_S
            _to_all(members(), signal.SIGKILL)

    def clear(self, members: Callable[[], Iterable[int]]) -> None:
        """SIGKILL to what has outlived the command: nothing outlives a limit."""
        deadline = time.monotonic() + _CLEARED_S
        while (left := set(members())) and time.monotonic() < deadline:
            _to_all(left, signal.SIGKILL)
            time.sleep(_PAUSE_S)

    def told(self, status: str) -> str:
        """``exit_status`` with the reason for the end, where there was one: ``SIGKILL (time limit)``."""
        return f"{status} ({self._reason})" if self._reason else status


def _to_all(members: Iterable[int], number: signal.Signals) -> None:
    for pid in members:
        send(pid, number)
