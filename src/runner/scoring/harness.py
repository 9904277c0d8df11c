"""The program that evaluates: found in a checkout, held against the catalog's hashes, and copied.

Only files that the catalog names are taken from a pinned harness, because whatever else lies beside ``evaluate.py``
could take the place of a module that it imports.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.scoring.pristine import Copied, copy_files
from runner.scoring.refused import Refused
from store.catalog.entry import BaseModel, Benchmark, Evaluation, HashedFile
from store.errors import BadInput

TASK = "task"
TEMPLATES = "templates"
_IN_CHECKOUT = Path("src", "eval")
_CONTEXT = "task_context"
"""Where a checkout keeps what it lays beside ``evaluate.py`` for the agent."""
_MOST_FILES = 2000
_MOST_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """A harness where it was found."""

    folder: Path
    templates: Path | None
    """Chat templates of the benchmark."""
    files: dict[str, Path]
    """By the name it has for the harness, below :data:`TASK` and :data:`TEMPLATES`."""


@dataclass(frozen=True, slots=True)
class Harness:
    """A copy that nobody writes to."""

    copied: Copied
    pinned: bool
    """Whether the catalog says what it must be, and it is."""

    @property
    def hash(self) -> str:
        """SHA-256 over names and contents."""
        return self.copied.hash


def find_harness(folder: Path, benchmark: Benchmark, model: BaseModel | None) -> Source:
    """The files of the benchmark's harness in ``folder``: a PostTrainBench checkout, or the task's own folder.

    Raises :class:`BadInput` where it is not there.
    """
    inside = folder / _IN_CHECKOUT / "tasks" / benchmark.id
    task = inside if inside.is_dir() else folder
    if not task.is_dir():
        raise BadInput(f"{folder} is no folder; --harness takes a PostTrainBench checkout or a task's folder")
    templates = folder / _IN_CHECKOUT / TEMPLATES if inside.is_dir() else folder / TEMPLATES
    names = _pinned_names(task, benchmark) if benchmark.harness else _every_name(task)
    entry = _entry_point(benchmark.evaluation)
    if entry not in names:
        raise BadInput(f"{task} has no {entry}, which evaluates {benchmark.title}")
    files = {f"{TASK}/{name}": path for name, path in names.items()}
    if templates.is_dir() and model is not None:
        files |= {f"{TEMPLATES}/{one.file}": templates / one.file for one in _templates(model)}
    return Source(task, templates if templates.is_dir() else None, files)


def copy_harness(
    source: Source,
    benchmark: Benchmark,
    model: BaseModel | None,
    target: Path,
    went_on: Callable[[int], None] = lambda _bytes: None,
) -> Harness:
    """Copy a harness and hold the copy against the catalog; raises :class:`Refused` where it is another."""
    copied = copy_files(source.files, lambda name: _open(source.files[name]), target, went_on)
    expected = {f"{TASK}/{one.file}": one for one in benchmark.harness}
    if model is not None and source.templates is not None:
        expected |= {f"{TEMPLATES}/{one.file}": one for one in _templates(model)}
    for name, one in expected.items():
        if copied.files.get(name) != one.sha256:
            raise Refused(
                f"{source.files[name]} is not the published one: its SHA-256 is {copied.files[name][:16]}…, the"
                f" catalog's {one.sha256[:16]}… (revision {benchmark.evaluation.harness_revision or 'not noted'})"
            )
    return Harness(copied, bool(benchmark.harness))


def _entry_point(evaluation: Evaluation) -> str:
    if evaluation.inspect_task is not None:
        return evaluation.inspect_task.partition("@")[0]
    return next((word for word in evaluation.command if word.endswith(".py")), "evaluate.py")


def _pinned_names(task: Path, benchmark: Benchmark) -> dict[str, Path]:
    names: dict[str, Path] = {}
    for one in benchmark.harness:
        places = [task / one.file, task / _CONTEXT / one.file]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise BadInput(f"{task} lacks {one.file}, which the catalog says belongs to {benchmark.title}")
        names[one.file] = path
    for pattern in benchmark.task_files:
        for path in sorted(task.glob(pattern)):
            if path.suffix != ".py":
                names.setdefault(path.relative_to(task).as_posix(), path)
    return names


def _every_name(task: Path) -> dict[str, Path]:
    names: dict[str, Path] = {}
    size = 0
    for path in sorted(task.rglob("*")):
        name = path.relative_to(task).as_posix()
        if (
            path.is_symlink()
            or not path.is_file()
            or any(part.startswith((".", "__")) for part in Path(name).parts)
        ):
            continue
        names[name] = path
        size += path.stat().st_size
        if len(names) > _MOST_FILES or size > _MOST_BYTES:
            raise BadInput(f"{task} is larger than any harness: --harness takes the folder of one task")
    return names


def _templates(model: BaseModel) -> list[HashedFile]:
    return [model.chat_template] + ([model.tool_template] if model.tool_template else [])


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadInput(f"{path} is no regular file")
    return descriptor
