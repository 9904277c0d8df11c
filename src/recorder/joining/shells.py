"""The shells that the recorded processes became, and which of them may still turn out to be a command."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from recorder.joining.script import keys

MAX_UNCLAIMED = 4096
"""Shells that are remembered without a command; beyond it those deepest inside other shells are let go."""


@dataclass(slots=True)
class Shell:
    """A process that was a shell at least once."""

    process_id: int
    parent_id: int | None
    ts: int
    """Of its first exec as a shell."""
    within: int | None
    """The nearest shell around it."""
    depth: int
    """How many shells are around it."""
    argv: str
    """Of its first exec as a shell."""
    keys: set[str] = field(default_factory=set)
    """Of the commands that it may be, by :func:`recorder.joining.script.keys`."""


@dataclass(frozen=True, slots=True)
class _Place:
    parent_id: int | None
    within: int | None


class Shells:
    """Follows processes from start to exit; shells inside a claimed one belong to its command."""

    def __init__(self) -> None:
        self.root: int | None = None
        """The first process."""
        self._places: dict[int, _Place] = {}
        self._unclaimed: dict[int, Shell] = {}
        self._claimed: set[int] = set()

    def __iter__(self) -> Iterator[Shell]:
        """The shells that no command has claimed, the outermost first, then the oldest."""
        return iter(sorted(self._unclaimed.values(), key=lambda shell: (shell.depth, shell.ts)))

    def start(self, process_id: int, parent_id: int | None) -> None:
        """A process began."""
        if self.root is None:
            self.root = process_id
        place = self._places.get(parent_id) if parent_id is not None else None
        within = place.within if place else None
        if parent_id in self._unclaimed or parent_id in self._claimed:
            within = parent_id
        self._places[process_id] = _Place(parent_id, within)

    def end(self, process_id: int) -> None:
        """A process ended; what it was stays known."""
        self._places.pop(process_id, None)

    def is_own(self, process_id: int) -> bool:
        """Whether a live process is the first one or was started by it."""
        place = self._places.get(process_id)
        return self.root is not None and (process_id == self.root or (place and place.parent_id) == self.root)

    def is_inside(self, inner: Shell, outer: Shell) -> bool:
        """Whether ``inner`` runs inside ``outer``; neither is claimed."""
        within = inner.within
        while within is not None and within != outer.process_id:
            around = self._unclaimed.get(within)
            within = around.within if around else None
        return within is not None

    def add(self, process_id: int, ts: int, argv: str, script: str) -> Shell | None:
        """A process became a shell; None where it belongs to a command that is known already."""
        shell = self._unclaimed.get(process_id)
        if shell is None:
            place = self._places.get(process_id, _Place(None, None))
            if process_id in self._claimed or self._is_served(place.within):
                return None
            around = self._unclaimed.get(place.within) if place.within is not None else None
            depth = around.depth + 1 if around else 0
            shell = Shell(process_id, place.parent_id, ts, place.within, depth, argv)
            self._unclaimed[process_id] = shell
            if len(self._unclaimed) > MAX_UNCLAIMED:
                self._let_go()
        shell.keys |= keys(script)
        return shell

    def claim(self, shell: Shell) -> None:
        """A shell is a command's: what runs inside it is the command's too."""
        self._claimed.add(shell.process_id)
        inside = [one for one in self._unclaimed.values() if self._is_served(one.within)]
        for one in [shell, *inside]:
            self._unclaimed.pop(one.process_id, None)

    def _is_served(self, process_id: int | None) -> bool:
        while process_id is not None:
            if process_id in self._claimed:
                return True
            shell = self._unclaimed.get(process_id)
            process_id = shell.within if shell else None
        return False

    def _let_go(self) -> None:
        """Forget half, so that this is rare."""
        kept = sorted(self._unclaimed.values(), key=lambda shell: (shell.depth, -shell.ts))
        self._unclaimed = {shell.process_id: shell for shell in kept[: MAX_UNCLAIMED // 2]}
