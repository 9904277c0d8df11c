"""What somebody asks a scoring for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.scoring.judge import OPENAI
from runner.scoring.spec import Engine, Sampling
from store.scores import Isolation

LONGEST_ATTEMPT_S = 28_800.0
"""PostTrainBench's own limit: run_task.sh."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that is not said takes the benchmark's, or the machine's, own."""

    engine: Engine | None = None
    """None: vLLM on a GPU, transformers on a processor."""
    limit: int | None = None
    """Items; None for all."""
    sampling: Sampling = field(default_factory=Sampling)
    token_limits: tuple[int, ...] = ()
    """Instead of the catalog's."""
    tries: int | None = None
    """Of each token limit, instead of the catalog's."""
    harness: Path | None = None
    model: Path | None = None
    """Instead of what the run left."""
    benchmark: str | None = None
    """Instead of the run's own."""
    isolation: Isolation = Isolation.CONTAINER
    image: str | None = None
    python: Path | None = None
    device: str | None = None
    longest_s: float = LONGEST_ATTEMPT_S
    """Of one attempt."""
    connections: int = 1
    """Answers drawn at once; with 1, the same seed draws the same answers."""
    engine_args: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    hub_cache: Path | None = None
    """A Hugging Face home whose ``hub`` and ``datasets`` hold the harness's data; shown read-only."""
    judge: str = OPENAI
    """``HOST:PORT`` of the model that grades, for a benchmark that has one."""
    job_id: str | None = None
