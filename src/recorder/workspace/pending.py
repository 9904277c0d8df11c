"""Which written files wait to be read, and until when: quick for one write, patient with a file that never rests.

A file closed after writing is due at once. If it is closed again soon, it waits: half a second, or longer for
a large file, so that a log rewritten all day costs a bounded rate. The last state is always read, and
:meth:`Pending.settle` makes the present one due (somebody is about to run it).
"""

import heapq
import threading
import time
from dataclasses import dataclass
from itertools import count
from typing import Final

from recorder.workspace.beneath import Identity

_REST_S: Final = 0.5
_BYTES_PER_S: Final = 16 << 10
"""What one path may cost at most, on average, while it is rewritten."""
_MOST_RESTING: Final = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """A file was closed after writing, or was found changed."""

    path: str
    ts: int
    process_id: int | None = None
    pid: int | None = None
    identity: Identity | None = None


class Pending:
    """A bounded queue with one place for each path; for many writers and one reader."""

    def __init__(self, most: int) -> None:
        """At most ``most`` paths wait."""
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[str, Written] = {}
        self._order: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        self._rests_until: dict[str, float] = {}
        self._ticket = count()
        self._draining = False
        self.coalesced = 0
        """States of a file that a later one replaced before they were read."""
        self._refused = 0

    def __contains__(self, path: str) -> bool:
        return path in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, written: Written) -> None:
        """Let a file wait for its turn; a full queue turns it away and counts it."""
        path = written.path
        with self._changed:
            if path in self._waiting:
                self.coalesced += 1
                self._waiting[path] = written
            elif len(self._waiting) >= self._most:
                self._refused += 1
            else:
                self._waiting[path] = written
                self._schedule(path, max(time.monotonic(), self._rests_until.get(path, 0.0)))

    def take_refused(self) -> int:
        """How many files a full queue turned away since the last call."""
        with self._changed:
            refused, self._refused = self._refused, 0
        return refused

    def settle(self, path: str) -> None:
        """Read ``path`` next if it waits at all."""
        with self._changed:
            if path in self._waiting:
                self._schedule(path, 0.0)

    def drain(self) -> None:
        """From now on everything that waits is due."""
        with self._changed:
            self._draining = True
            self._changed.notify()

    def take(self, patience_s: float) -> Written | None:
        """The next file that is due, waiting ``patience_s`` for one; None when there is none."""
        until = time.monotonic() + patience_s
        with self._changed:
            while True:
                now = time.monotonic()
                due = self._next_due()
                if due is not None and (due <= now or self._draining):
                    _, _, path = heapq.heappop(self._order)
                    del self._due[path]
                    return self._waiting.pop(path)
                if self._draining or now >= until:
                    return None
                self._changed.wait(min(until, until if due is None else due) - now)

    def rest(self, path: str, size: int) -> None:
        """``path`` was read and had ``size`` bytes: leave it alone for a while."""
        now = time.monotonic()
        with self._changed:
            if len(self._rests_until) >= _MOST_RESTING:
                self._rests_until = {p: t for p, t in self._rests_until.items() if t > now}
            self._rests_until[path] = now + max(_REST_S, size / _BYTES_PER_S)

    def _schedule(self, path: str, due: float) -> None:
        self._due[path] = due
        heapq.heappush(self._order, (due, next(self._ticket), path))
        self._changed.notify()

    def _next_due(self) -> float | None:
        """When the first place is due; places that were moved since are dropped on the way."""
        while self._order:
            due, _, path = self._order[0]
            if self._due.get(path) == due:
                return due
            heapq.heappop(self._order)
        return None
