"""One thing that a machine can or cannot do for a recording, and what a person wants to know of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What trying it showed."""

    WORKS = "works"
    FAILS = "does not work"
    UNKNOWN = "unknown"


class Area(StrEnum):
    """What it is for."""

    CAPTURE = "capture"
    SANDBOX = "sandbox"
    SCORING = "scoring"
    AGENTS = "agents"
    STORAGE = "storage"


MEASURED_ON: Final = "measured on Debian 12, kernel 6.18, 2 cores"
"""Where the costs come from; they are CPU time against the same work unrecorded, ±15 %."""


@dataclass(frozen=True, slots=True)
class Capability:
    """One rung of the ladder, or one tool."""

    area: Area
    name: str
    state: State
    why: str
    """What was tried and seen."""
    cost: str | None = None
    """What using it costs the run."""
    blind: str | None = None
    """What it cannot see, or does not give."""
    fix: str | None = None
    """The one line that makes it work."""
