"""The benchmark's own files as an agent gets them: what evaluates, read-only; what it may change; and the prompt.

Two kinds of folder are understood: a checkout of PostTrainBench, where a task's files lie in ``src/eval``, and a plain
folder that holds a task's files under the names that the agent sees.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from runner.task import Task
from store.errors import BadInput

_EVAL = Path("src", "eval")
_TASK_FILES = ("evaluate.py", "evaluation_code")
"""Of a task in a checkout; ``src/run_task.sh`` copies them, the templates and ``task_context`` into the task folder."""
_PROMPT = "prompt.txt"


@dataclass(frozen=True, slots=True)
class Harness:
    """What comes with a task."""

    fixed: tuple[tuple[str, Path], ...] = ()
    """Names in the task folder, and what stands there read-only."""
    loose: tuple[Path, ...] = ()
    """Files and folders that are copied into the task folder."""
    prompt: Path | None = None
    """The benchmark's own prompt; None for the one that ships with ptb."""


def find_harness(folder: Path | None, task: Task) -> Harness:
    """The files of ``task`` in ``folder``; none without one.

    Raises :class:`BadInput` where the folder holds nothing that evaluates the task.
    """
    if folder is None:
        return Harness()
    if not (folder / _EVAL).is_dir():
        evaluation = task.benchmark.evaluation
        program = evaluation.inspect_task.partition("@")[0] if evaluation.inspect_task else "evaluate.py"
        if not (folder / program).is_file():
            raise BadInput(f"{folder} holds no {program} and is no checkout of PostTrainBench; see --harness")
        own = [path for path in sorted(folder.iterdir()) if path.name != _PROMPT]
        prompt = folder / _PROMPT
        return Harness(tuple((path.name, path) for path in own), prompt=prompt if prompt.is_file() else None)
    place = folder / _EVAL / "tasks" / task.benchmark.id
    if not (place / "evaluate.py").is_file():
        raise BadInput(f"{place} holds no evaluate.py: this checkout does not know {task.benchmark.id}")
    there = [place / name for name in _TASK_FILES] + [folder / _EVAL / "templates"]
    context = place / "task_context"
    prompt = folder / _EVAL / "general" / _PROMPT
    return Harness(
        tuple((path.name, path) for path in there if path.exists()),
        tuple(sorted(context.iterdir())) if context.is_dir() else (),
        prompt if prompt.is_file() else None,
    )


def make_prompt(harness: Harness, task: Task) -> str:
    """What the agent is told; the benchmark's own words where the harness has them."""
    try:
        text = (
            harness.prompt.read_text()
            if harness.prompt
            else files("runner").joinpath(_PROMPT).read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{harness.prompt} cannot be read: {error}") from error
    for place, value in (
        ("{model}", task.base.hub_id),
        ("{benchmark}", task.benchmark.prompt_name),
        ("{num_hours}", f"{task.hours:g}"),
        ("{datetime}", f"{datetime.now(UTC):%a %b %e %H:%M:%S UTC %Y}"),
    ):
        text = text.replace(place, value)
    return text
