"""Finds the results folders under a path and tells which of their files are what."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder.importer.files import portions, size_of, walk
from recorder.importer.names import Cell, Method, known_benchmarks, read_cell, read_method
from recorder.transcript import Scaffold, Transcript
from store.errors import BadInput
from store.ids import imported_run_id
from store.manifest import MANIFEST

TRACES = ("solve_out.txt", "solve_parsed.txt", "trace.txt")
"""The agent's words, best first: the stream itself, then its prose."""
RECORDS = ("prompt.txt", "time_taken.txt", "metrics.json", "output.log", "error.log", "judgement.log")
"""Other files of the harness that are kept as they are."""
MONITOR = "system_monitor.log"
TASK = "task"
FINAL_MODEL = "final_model"
JUDGEMENT = re.compile(
    r"(?:contamination_judgement|disallowed_model_judgement|judge_result|judgement_\w{1,80}|judge_output\w{0,80})"
    r"\.(?:txt|json)"
)
MAX_ENTRIES = 20_000
"""Files of one folder that count for the id of the run."""
_DEPTH = 4
_SHOWN_BYTES = 16 << 20
"""Within which a transcript shows whose it is."""
_HASHED_BYTES = 64 << 20
"""Of a file under ``task/``, the beginning that counts for the id of the run."""


@dataclass(frozen=True, slots=True)
class Results:
    """One folder to import, and what its name says."""

    folder: Path
    method: Method
    cell: Cell | None
    traces: tuple[str, ...]
    """Names of traces that are there, best first."""

    @property
    def case_id(self) -> str:
        """The same for all jobs of one cell."""
        return f"{self.method.name}/{self.cell.name if self.cell else self.folder.name}"

    def run_id(self) -> str:
        """The id that this content gives; raises :class:`OSError` when a trace cannot be read."""
        name = f"{self.method.agent or self.method.name}-{self.folder.name}"
        return imported_run_id(name, _content_hash(self))


def find_results(path: Path) -> list[Results]:
    """The results folders at and under ``path``, by name; a trace file stands for itself.

    Raises :class:`BadInput` where there is none.
    """
    if path.is_file():
        if not _is_transcript(path):
            raise BadInput(
                f"{path} is no transcript of {', '.join(Scaffold)}; give a trace or a results folder"
            )
        return [results_in(path.parent.resolve(), (path.name,))]
    if not path.is_dir():
        wrong = "is neither a file nor a folder" if path.exists() else "does not exist"
        raise BadInput(f"{path} {wrong}: give a results folder, a folder of them, or a trace")
    if (path / MANIFEST).exists():
        raise BadInput(f"{path} is a run of ptb already; open it with `ptb open {path}`")
    found = list(_search(path.resolve(), _DEPTH))
    if not found:
        raise BadInput(f"{path} holds no results: no folder with {', '.join(TRACES)} or metrics.json in it")
    return found


def _is_transcript(path: Path) -> bool:
    """Whether the beginning of the file shows a scaffold or a formatter."""
    transcript = Transcript()
    for data in portions(path, _SHOWN_BYTES):
        for _ in transcript.feed(data):
            if transcript.summary.form is not None:
                return True
    return transcript.summary.form is not None


def _search(folder: Path, depth: int) -> Iterator[Results]:
    traces = tuple(name for name in TRACES if size_of(folder / name) is not None)
    cell = read_cell(folder.name)
    named = cell is not None and cell.benchmark in known_benchmarks()
    if traces or size_of(folder / "metrics.json") is not None or named:
        yield results_in(folder, traces)
        return
    if depth == 0:
        return
    for below in sorted(folder.iterdir()):
        if below.is_dir() and not below.is_symlink() and not below.name.startswith("."):
            yield from _search(below, depth - 1)


def results_in(folder: Path, traces: tuple[str, ...]) -> Results:
    """The results in ``folder``, read by its name; ``traces`` are the files with the agent's words, best first."""
    return Results(folder, read_method(folder.parent.name), read_cell(folder.name), traces)


def _content_hash(results: Results) -> str:
    """SHA-256 over names, sizes and contents of what is imported; of weights only names and sizes."""
    digest = hashlib.sha256()
    names = [*results.traces, *RECORDS, MONITOR, *judgement_files(results.folder)]
    for name in names:
        path = results.folder / name
        if size_of(path) is not None:
            _add_file(digest, name, path, None)
    for entry in walk(results.folder / TASK, MAX_ENTRIES):
        digest.update(f"\0{TASK}/{entry.relative}\0{entry.size}\0".encode())
        if entry.refused is None:
            _add_file(digest, entry.relative, entry.path, _HASHED_BYTES)
    for entry in walk(results.folder / FINAL_MODEL, MAX_ENTRIES):
        digest.update(f"\0{FINAL_MODEL}/{entry.relative}\0{entry.size}\0".encode())
    return digest.hexdigest()


def judgement_files(folder: Path) -> list[str]:
    """Names of the files of judges, in order."""
    try:
        names: Iterable[str] = [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
    return sorted(name for name in names if JUDGEMENT.fullmatch(name) and size_of(folder / name) is not None)


def _add_file(digest: "hashlib._Hash", name: str, path: Path, limit: int | None) -> None:
    digest.update(f"\0{name}\0".encode())
    try:
        for data in portions(path, limit):
            digest.update(data)
    except OSError:
        digest.update(b"\0unreadable\0")
