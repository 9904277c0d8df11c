"""A plan's file, and the runs that it stands for."""

import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.agents.agent import COMMAND, load_agents
from store.catalog.reader import find_entry, load_catalog, unknown_keys
from store.decode import decode
from store.errors import BadInput

_OWN = ("--agent", "--agent-model", "--benchmark", "--base-model", "--seed", "--hours", "--job", "--json")
"""Options that the plan itself says."""
_OTHERS = ("--plan", "--submit", "-o", "--output")


@dataclass(frozen=True, slots=True)
class PlannedAgent:
    """A column of the matrix."""

    agent: str
    agent_model: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A row of the matrix."""

    benchmark: str
    base_model: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan's file says."""

    agents: tuple[PlannedAgent, ...]
    tasks: tuple[PlannedTask, ...]
    seeds: tuple[int, ...] = (1,)
    hours: float = 10.0
    options: tuple[str, ...] = ()
    """Of every ``ptb run``."""
    scheduler: tuple[str, ...] = ()
    """Lines for every job: ``--gres=gpu:1`` for Slurm, ``request_gpus = 1`` for HTCondor."""
    spare_hours: float = 10.0
    """What a job may take besides the agent's time: building, comparing, scoring."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a plan."""

    agent: PlannedAgent
    task: PlannedTask
    seed: int
    hours: float
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people and for the scheduler."""
        parts = (self.agent.agent, self.agent.agent_model, self.task.benchmark, self.task.base_model)
        return "-".join(["ptb", *(part.replace("/", "_") for part in parts if part), str(self.seed)])

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of ``ptb run``."""
        model = ("--agent-model", self.agent.agent_model) if self.agent.agent_model else ()
        return (
            *("--agent", self.agent.agent, *model),
            *("--benchmark", self.task.benchmark, "--base-model", self.task.base_model),
            *("--seed", str(self.seed), "--hours", f"{self.hours:g}"),
            *self.options,
        )


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file; raises :class:`BadInput` naming file, key and reason."""
    try:
        raw = tomllib.loads(path.read_text())
        plan = decode(Plan, raw, path.name)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} is no TOML: {error}") from error
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    problems = [f"{key} is no key of a plan" for key in unknown_keys(Plan, raw)]
    problems += _problems(plan)
    if problems:
        raise BadInput(f"{path}: {problems[0]}")
    return plan


def expand(plan: Plan) -> list[PlannedRun]:
    """Every agent on every task with every seed; seeds last, so that a first result of each cell comes early."""
    cells = itertools.product(plan.seeds, plan.tasks, plan.agents)
    return [PlannedRun(agent, task, seed, plan.hours, plan.options) for seed, task, agent in cells]


def _problems(plan: Plan) -> Iterator[str]:
    """Found before the first run, not ten hours into the plan."""
    for name, values in (("agents", plan.agents), ("tasks", plan.tasks), ("seeds", plan.seeds)):
        if not values:
            yield f"{name} is empty"
        elif len(set(values)) < len(values):
            yield f"{name} says the same twice"
    if plan.hours <= 0:
        yield "hours is not above 0"
    for word in plan.options:
        if word.partition("=")[0] in (*_OWN, *_OTHERS):
            yield f"options has {word}, which the plan says itself"
    known, catalog = load_agents(), load_catalog()
    for one in plan.agents:
        agent = find_entry(known, one.agent, "agent")
        if agent.id == COMMAND:
            yield "agent command has a command line of its own: add a file for it, and name that"
        elif one.agent_model is None and any("{model}" in word for word in agent.command):
            yield f"agent {agent.id} needs an agent_model"
    for task in plan.tasks:
        catalog.benchmark(task.benchmark)
        catalog.model(task.base_model)
