"""What the folder names of PostTrainBench say: ``{method}/{benchmark}_{org}_{model}_{job}``.

The method is ``{agent}_{agent's model}_{hours}h``, then ``_{n}gpu`` and an experiment's name where there is one;
``/``, ``:``, ``[`` and ``]`` in names were made ``_`` (``src/run_task.sh``), so the parts are told apart by the
names that are known.
"""

import re
from dataclasses import dataclass
from functools import cache

from store.catalog.reader import load_catalog

AGENTS = (
    *("claude", "claude_non_api", "claude_non_api_max"),
    *(
        "codex",
        "codex_non_api",
        "codex_non_api_high",
        "codex_non_api_high_reprompt",
        "codex_non_api_reprompt",
    ),
    *("codex_non_api_xhigh", "codex_non_api_xhigh_reprompt", "codexhigh", "codexlow"),
    *("gemini", "glm5", "opencode", "qwen3max"),
)
"""The folders of ``agents``."""

_METHOD = re.compile(r"(?P<front>.+)_(?P<hours>\d{1,4})h(?:_(?P<gpus>\d{1,3})gpu)?(?P<rest>(?:_.*)?)")
_REPLICATE = re.compile(r"_(run\d{1,4})\Z")
_JOB = re.compile(r"(?P<front>.+)_(?P<job>\d{1,18})")
_MADE_SAFE = str.maketrans("/:[]", "____")


@dataclass(frozen=True, slots=True)
class Cell:
    """One task and the job that ran it."""

    benchmark: str
    base_model: str
    """As the hub names it, with its organisation."""
    job: str
    name: str
    """The folder's name without the job."""


@dataclass(frozen=True, slots=True)
class Method:
    """An agent in one setting."""

    name: str
    agent: str | None = None
    """The folder of PostTrainBench's ``agents``."""
    agent_model: str | None = None
    limit_s: float | None = None
    replicate: str | None = None


@cache
def known_benchmarks() -> tuple[str, ...]:
    """The benchmarks of the catalog, those that a user added among them; as the folders of ``src/eval/tasks``."""
    return tuple(load_catalog().benchmarks)


@cache
def known_base_models() -> tuple[str, ...]:
    """Hub ids of the catalog's base models."""
    return tuple(model.hub_id for model in load_catalog().models.values())


def read_cell(name: str) -> Cell | None:
    """The parts of a results folder's name; None when it is no such name."""
    match = _JOB.fullmatch(name)
    if match is None:
        return None
    front, job = match["front"], match["job"]
    benchmark = _longest([known for known in known_benchmarks() if front.startswith(known + "_")])
    # A benchmark that is not known ends at the first "_", as in PostTrainBench's own scripts.
    benchmark = benchmark or front.partition("_")[0]
    model = front[len(benchmark) + 1 :]
    if not model:
        return None
    known = {base.translate(_MADE_SAFE): base for base in known_base_models()}
    return Cell(benchmark, known.get(model) or model.replace("_", "/", 1), job, front)


def read_method(name: str) -> Method:
    """The parts of a method's name, as far as they are known."""
    match = _METHOD.fullmatch(name)
    if match is None:
        return Method(name)
    front = match["front"]
    agent = _longest([known for known in AGENTS if front.startswith(known + "_")])
    replicate = _REPLICATE.search(match["rest"])
    return Method(
        name,
        agent,
        front[len(agent) + 1 :] if agent else front,
        int(match["hours"]) * 3600.0,
        replicate[1] if replicate else None,
    )


def _longest(names: list[str]) -> str | None:
    return max(names, key=len, default=None)
