"""What to run and in what."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from recorder.recording import Outcome
from runner.agents.agent import Agent
from runner.agents.keys import Keys
from runner.final_model import Handed
from runner.harness import Harness
from runner.task import Task

HOME = "/home/ben"
TASK = f"{HOME}/task"
"""As PostTrainBench's own containers have it (``src/run_task.sh``)."""


class Policy(StrEnum):
    """What an agent may reach over the network."""

    OPEN = "open"
    """Everything: the benchmark's rule."""
    ALLOWLIST = "allowlist"
    """Named hosts, through a proxy on its loopback."""
    NONE = "none"
    """Nothing but its own loopback."""


@dataclass(frozen=True, slots=True)
class Network:
    """A policy and its exceptions."""

    policy: Policy = Policy.OPEN
    hosts: tuple[str, ...] = ()
    """For ``allowlist``, besides those of the agent."""
    forwards: tuple[int, ...] = ()
    """Ports of the host's loopback that answer on the sandbox's loopback, too: a model served beside it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use."""

    cpus: float | None = None
    memory_gib: float | None = None
    pids: int = 4096
    disk_gib: float = 200.0
    """Of its home folder and /tmp together; what is not used takes no room on the host."""
    model_gib: float = 60.0
    """Of ``final_model``, which lies on a volume of its own."""
    shm_gib: float = 16.0
    """Of /dev/shm, which data loaders use; counts as memory."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host that the sandbox may read."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run of an agent."""

    run_id: str
    folder: Path
    """Of the run."""
    task: Task
    agent: Agent
    agent_model: str | None
    argv: tuple[str, ...]
    keys: Keys
    environment: dict[str, str]
    """What the agent is given besides its keys."""
    harness: Harness = field(default_factory=Harness)
    model_cache: Path | None = None
    """A Hugging Face cache, which is never changed."""
    job: str | None = None
    """Of a scheduler."""
    limits: Limits = field(default_factory=Limits)
    network: Network = field(default_factory=Network)
    gpus: tuple[str, ...] = ()
    """Device ids, as NVIDIA's container runtime names them: indices or UUIDs."""
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of it."""

    outcome: Outcome
    handed: Handed | None
