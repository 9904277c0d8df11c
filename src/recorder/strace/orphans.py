"""Records of threads whose creation has not returned yet.

strace prints what a new thread does before it prints that the call which made it returned, so whose child it is
becomes known late. Until then its records wait, and so do those of everything that it creates itself.
"""

from recorder.strace.stream import Call, Ended, Superseded

PATIENCE_NS = 5_000_000_000
"""How long records wait, in trace time."""

Held = Call | Ended | Superseded


class Orphans:
    """What waits, by the thread whose creation is awaited."""

    def __init__(self) -> None:
        self._records: dict[int, list[Held]] = {}
        self._behind: dict[int, int] = {}
        """Thread made by an orphan → that orphan: their records wait together, in order."""

    def __bool__(self) -> bool:
        return bool(self._records)

    def __contains__(self, tid: int) -> bool:
        return tid in self._records or tid in self._behind

    def hold(self, record: Held, made: int | None) -> None:
        """Let a record of an unknown thread wait; ``made`` is the thread that it created, if it did."""
        first = self._behind.get(record.tid, record.tid)
        waiting = self._records.setdefault(first, [])
        waiting.append(record)
        if made is not None and made != first:
            waiting += self._records.pop(made, [])
            self._behind = {tid: first if old == made else old for tid, old in self._behind.items()}
            if not _over(made, waiting):
                self._behind[made] = first
        if isinstance(record, Ended):
            self._behind.pop(record.tid, None)

    def release(self, tid: int) -> list[Held]:
        """The records that waited for ``tid``, in the order in which they came."""
        self._behind = {one: first for one, first in self._behind.items() if first != tid}
        return self._records.pop(tid, [])

    def waiting(self) -> list[int]:
        """The threads whose creation is awaited."""
        return list(self._records)

    def overdue(self, now: int) -> list[int]:
        """Those among them that have waited for too long."""
        return [tid for tid, records in self._records.items() if now - records[0].ts > PATIENCE_NS]


def _over(tid: int, records: list[Held]) -> bool:
    """Whether the last word on a thread is its end."""
    last = next((record for record in reversed(records) if record.tid == tid), None)
    return isinstance(last, Ended)
