"""The commands of the transcript that have no process yet, and when each was running."""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.joining.script import key
from recorder.joining.shells import Shell
from recorder.joining.window import Window, since
from store.rows import Command, Stamp


@dataclass(slots=True)
class Pending:
    """A command that waits for its process."""

    command_id: int
    at: Stamp
    key: str
    window: Window


class Pendings:
    """In the order in which the agent issued them."""

    def __init__(self) -> None:
        self._by_id: dict[int, Pending] = {}
        self._by_key: dict[str, list[Pending]] = {}

    def __iter__(self) -> Iterator[Pending]:
        return iter(list(self._by_id.values()))

    def add(self, at: Stamp, row: Command, arrived: int) -> Pending:
        """A command was issued; ``arrived``: when the recorder heard of it, nanoseconds."""
        pending = Pending(row.command_id, at, key(row.text), since(at, arrived))
        self._by_id[row.command_id] = pending
        self._by_key.setdefault(pending.key, []).append(pending)
        return pending

    def end(self, command_id: int, at: Stamp, arrived: int) -> None:
        """Its result came back: what starts later is something else."""
        pending = self._by_id.get(command_id)
        if pending:
            pending.window = pending.window.until(at, arrived)

    def remove(self, pending: Pending) -> None:
        """It has its process."""
        del self._by_id[pending.command_id]
        same = self._by_key[pending.key]
        same.remove(pending)
        if not same:
            del self._by_key[pending.key]

    def told(self, shell: Shell) -> Pending | None:
        """The first command that has the text and the time of ``shell``."""
        fitting = (
            pending
            for known in shell.keys
            for pending in self._by_key.get(known, ())
            if pending.window.may_hold(shell.ts)
        )
        return min(fitting, key=lambda pending: pending.command_id, default=None)
