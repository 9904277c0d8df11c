"""The seam between a scripted agent and the format that it speaks.

The formats are those of the CLIs' real output under ``tests/samples``.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

MODEL = "scripted"


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command that the agent issues."""

    text: str
    description: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that the agent writes with its own tool."""

    path: str
    """Absolute."""
    content: str


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of the model's answer number ``turn``."""

    turn: int
    tool: Command | NewFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    exit_code: int = 0
    output: str = ""


class Stream(Protocol):
    """Prints one session, event by event; turns count from 1."""

    def begin(self, folder: str) -> None:
        """The session starts in ``folder``."""

    def think(self, turn: int, text: str) -> None:
        """The model thinks."""

    def say(self, turn: int, text: str) -> None:
        """The model speaks."""

    def call(self, call: Call) -> None:
        """A tool call begins."""

    def result(self, call: Call, outcome: Outcome) -> None:
        """The same call has ended."""

    def end(self, turns: int, last_words: str) -> None:
        """The session ends."""


def emit(event: object) -> None:
    """One JSON line, at once."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def now_iso() -> str:
    """UTC in milliseconds."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def now_ms() -> int:
    """Unix time in milliseconds."""
    return int(datetime.now(UTC).timestamp() * 1000)
