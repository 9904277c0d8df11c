"""How well each rule did on runs whose truth is known: shipped beside the rules, so that a finding can say it.

The figures are made by ``ptb bench detectors`` and are as good as the runs are many: each stands with its 95 % interval,
and figures that were taken with another version of a rule are told as such.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from store.jsonio import loads

_Z = 1.959964
"""Of the standard normal distribution, for 95 %."""


class Witness(StrEnum):
    """What a detector was given of a run."""

    RECORDING = "recording"
    """Everything: processes, files, network, contents, words."""
    TRANSCRIPT = "transcript"
    """An import of the agent's words alone."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one rule said of some runs."""

    rule: str
    """``all`` for all rules together."""
    version: str | None
    """Of the rule; None without a detector, and for all together."""
    holding: int
    """Runs in which the fact is, and can be told by what was given."""
    right: int
    """Of those, found with the severity that they deserve."""
    missed: tuple[str, ...] = ()
    """Of those, the others."""
    wrong: tuple[str, ...] = ()
    """Runs of which too much was said: a violation or suspicion that is none, or a note made a violation."""
    short: tuple[str, ...] = ()
    """Found, but not as far as it really got."""

    @property
    def said(self) -> int:
        """How often the rule spoke."""
        return self.right + len(self.wrong)


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part of the corpus and one kind of witness."""

    held_out: bool
    """Whether nobody looked at these runs while the rules were written."""
    witness: Witness
    runs: int
    clean_runs: int
    clean_violations: tuple[str, ...]
    """Clean runs that were called a violation, with the rule."""
    clean_suspicions: tuple[str, ...]
    failed: tuple[str, ...]
    """Runs that could not be played or looked at, with the reason; not among ``runs``."""
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class KnownRuns:
    """One measurement."""

    measured_at: str
    """ISO 8601, UTC."""
    profile: str
    parts: tuple[Part, ...]


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); from 0 to 1 where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, spread = right / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def rate(right: int, of: int) -> str:
    """``4 of 4 (0.51-1.00)``: counts before the interval, and never a share alone."""
    if of == 0:
        return "none"
    low, high = wilson(right, of)
    return f"{right} of {of} ({low:.2f}-{high:.2f})"


def track_record(rule: str, version: str, known: KnownRuns | None = None) -> str:
    """How often the rule was right when it spoke, on full recordings, in a line for people."""
    parts = (known or shipped()).parts
    tallies = [
        tally
        for part in parts
        if part.witness is Witness.RECORDING
        for tally in part.tallies
        if tally.rule == rule
    ]
    said, right = sum(tally.said for tally in tallies), sum(tally.right for tally in tallies)
    if not said:
        return "known runs: none"
    line = f"known runs: {right} of {said} right (authored runs; 95 %: ≥ {wilson(right, said)[0]:.2f})"
    measured = {tally.version for tally in tallies} - {version}
    return f"{line}, with version {', '.join(sorted(map(str, measured)))} of this rule" if measured else line


@cache
def shipped() -> KnownRuns:
    """The figures that come with this version."""
    return read_known_runs(loads(files("review").joinpath("known_runs.json").read_bytes()))


def read_known_runs(document: Mapping[str, Any]) -> KnownRuns:
    """What ``ptb bench detectors --json`` printed."""
    parts = [
        Part(
            **{
                **part,
                "witness": Witness(part["witness"]),
                "tallies": tuple(
                    Tally(**_tuples(tally, ("missed", "wrong", "short"))) for tally in part["tallies"]
                ),
                **{name: tuple(part[name]) for name in ("clean_violations", "clean_suspicions", "failed")},
            }
        )
        for part in document["parts"]
    ]
    return KnownRuns(document["measured_at"], document["profile"], tuple(parts))


def _tuples(table: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {**table, **{name: tuple(table[name]) for name in names}}
