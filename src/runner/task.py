"""What an agent is asked to do: a benchmark, a base model, a time limit, and which repetition this is."""

from dataclasses import dataclass

from runner.agents.agent import Agent
from store.catalog.entry import BaseModel, Benchmark
from store.manifest import Facts

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Task:
    """One cell of the benchmark's table, to be run once."""

    benchmark: Benchmark
    base: BaseModel
    hours: float
    seed: int = 1
    """Which repetition; scoring draws with it, too."""

    @property
    def limit_s(self) -> float:
        """The time limit in seconds."""
        return self.hours * _HOUR_S

    def facts(self, agent: Agent, agent_model: str | None, job: str | None) -> Facts:
        """What is known of the run before it starts, named as PostTrainBench names its results."""
        method = "_".join(
            part for part in (agent.id, agent_model, f"{self.hours:g}h", f"run{self.seed}") if part
        )
        return Facts(
            agent=agent.id,
            agent_model=agent_model,
            benchmark=self.benchmark.id,
            base_model=self.base.hub_id,
            method=method,
            case_id=f"{method}/{self.benchmark.id}_{self.base.hub_id.replace('/', '_')}",
            replicate=f"run{self.seed}",
            job=job,
            limit_s=self.limit_s,
        )
