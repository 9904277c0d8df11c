"""Findings on the time axis: which events are evidence of what, and which flag comes next."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from store.findings import FindingState, Severity

SYMBOLS: dict[Severity, str] = {Severity.VIOLATION: "▲", Severity.SUSPICIOUS: "△", Severity.NOTE: "◇"}
_PLURALS = {Severity.VIOLATION: "violations", Severity.SUSPICIOUS: "suspicious", Severity.NOTE: "notes"}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def tally(severity: Severity, count: int) -> str:
    """``▲ 2 violations``."""
    return f"{SYMBOLS[severity]} {count} {severity.value if count == 1 else _PLURALS[severity]}"


@dataclass(frozen=True, slots=True)
class Flag:
    """One event that is evidence of a finding."""

    seq: int
    position: int
    finding_id: str
    state: FindingState
    severity: Severity
    rule: str
    title: str
    explanation: str
    reach: str | None
    lineage: tuple[str, ...] = ()
    """From the source to the last thing reached, as names."""
    others: tuple[tuple[int, str, str], ...] = ()
    """Seq, kind and text of all evidence of the finding, this event included."""


class Flags:
    """All flags of a run in the order of the run."""

    def __init__(self, flags: Sequence[Flag] = ()) -> None:
        self.all: list[Flag] = sorted(flags, key=lambda flag: (flag.position, _RANK[flag.severity]))
        self._positions = [flag.position for flag in self.all]
        self._worst: dict[int, Flag] = {}
        for flag in self.all:
            self._worst.setdefault(flag.seq, flag)
        self.seqs = frozenset(self._worst)
        """Every seq that is evidence."""

    def __len__(self) -> int:
        return len(self.all)

    def of(self, seq: int) -> list[Flag]:
        """The flags on one event, the gravest first."""
        return [flag for flag in self.all if flag.seq == seq] if seq in self.seqs else []

    def worst(self, seq: int, finding_id: str | None = None) -> Flag | None:
        """The gravest flag on one event, or the one of the finding that is meant where it has one here."""
        meant = (flag for flag in self.of(seq) if flag.finding_id == finding_id)
        return next(meant, self._worst.get(seq))

    def next(self, position: int, direction: int, severity: Severity | None = None) -> Flag | None:
        """The nearest flag strictly after (1) or before (-1) a position, of one severity or of any."""
        if direction > 0:
            candidates: Sequence[Flag] = self.all[bisect_right(self._positions, position) :]
        else:
            candidates = self.all[: bisect_left(self._positions, position)][::-1]
        return next((flag for flag in candidates if severity in (None, flag.severity)), None)

    def counts(self) -> dict[tuple[str, str], Severity]:
        """Distinct findings: ``(rule, title)`` → severity."""
        return {(flag.rule, flag.title): flag.severity for flag in reversed(self.all)}
