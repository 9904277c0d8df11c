"""What the program inside (:mod:`runner.scoring.inside.drive`) is told, as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from store.catalog.entry import Evaluation


class Engine(StrEnum):
    """What generates the answers."""

    VLLM = "vllm"
    TRANSFORMERS = "transformers"


class Protocol(StrEnum):
    """How a harness is run."""

    INSPECT = "inspect"
    """An inspect-ai task."""
    COMMAND = "command"
    """A program such as PostTrainBench's ``evaluate.py``."""


def protocol_of(evaluation: Evaluation) -> Protocol:
    """How the catalog says that a benchmark is evaluated."""
    return Protocol.COMMAND if evaluation.inspect_task is None else Protocol.INSPECT


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn; None leaves it to the harness."""

    seed: int | None = 0
    temperature: float | None = None
    top_p: float | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Folders, by the names that they have inside."""

    driver: str
    model: str
    harness: str
    templates: str
    out: str
    """Writable; comes back."""
    work: str
    """Writable; thrown away."""


@dataclass(frozen=True, slots=True)
class Judge:
    """How the judge is reached from a container without a network."""

    port: int
    """On loopback, where the judge's name leads."""
    socket: str


@dataclass(frozen=True, slots=True)
class Spec:
    """One attempt, by the names of things inside."""

    protocol: Protocol
    engine: Engine
    model: str
    harness: str
    out: str
    work: str
    task: str | None
    argv: tuple[str, ...]
    limit: int | None
    token_limit: int
    seed: int | None
    temperature: float | None
    top_p: float | None
    connections: int
    """Answers drawn at once."""
    judge: Judge | None
    engine_args: Mapping[str, str | int | float | bool]
