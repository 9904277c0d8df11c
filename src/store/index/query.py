"""What a reviewer looks for among events."""

from dataclasses import dataclass

from store.event import LANES, Kind, Lane
from store.index.block import KINDS


@dataclass(frozen=True, slots=True)
class Query:
    """What an event must satisfy, all of it; a query without conditions is satisfied by every event."""

    text: str = ""
    """Stands in the label: the whole path, argv, message or command, not only the part that is shown."""
    ignore_case: bool = False
    """Folds ASCII letters of ``text``."""
    kinds: frozenset[Kind] = frozenset()
    """One of these kinds; empty for any."""
    lane: Lane | None = None
    process_id: int | None = None
    failed: bool | None = None

    @property
    def codes(self) -> frozenset[int]:
        """Codes of the kinds that satisfy ``kinds`` and ``lane``."""
        return frozenset(
            code
            for code, kind in enumerate(KINDS)
            if (not self.kinds or kind in self.kinds) and (self.lane is None or LANES[kind] is self.lane)
        )
