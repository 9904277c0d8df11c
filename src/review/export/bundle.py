"""The whole export, written into a folder of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from review.export.cells import contamination_tables
from review.export.judge_patch import judge_patch
from review.export.sheet import is_clean, sheet
from review.export.tables import as_csv, changes
from review.reviewed import Reviewed
from store.catalog.reader import load_catalog
from store.durable import replace_file, writing
from store.errors import BadInput
from store.ids import slug

PATCH = "judge_results.patch"
CHANGES = "before_after.csv"
SHEETS = "cases"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written."""

    folder: Path
    files: tuple[Path, ...]
    changed: int
    """Cases on which the review made a difference."""
    sheets: int
    notes: tuple[str, ...]
    """What could not be exported, a line each."""


def write_bundle(runs: Sequence[Reviewed], folder: Path) -> Bundle:
    """Write tables, patch and sheets into ``folder``, which must be new or empty.

    Raises :class:`BadInput` where it holds something and :class:`StoreFailed` where the disk refuses.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} holds something already: give an empty or a new folder with --into")
    current = [run for run in runs if run.manifest.facts.superseded_by is None]
    notes = [f"{run.manifest.run_id}: superseded by a later run of its cell" for run in _superseded(runs)]
    notes += [
        f"{run.manifest.run_id}: no method, benchmark or base model, so it has no cell in a table"
        for run in current
        if not (run.manifest.facts.method and run.manifest.facts.benchmark and run.manifest.facts.base_model)
    ]
    rows = changes(current, load_catalog())
    patch = judge_patch(current)
    texts = {
        **{
            f"contamination_{_name(method)}.csv": text
            for method, text in contamination_tables(current).items()
        },
        CHANGES: as_csv(rows),
        PATCH: patch.text,
    }
    sheets = {f"{SHEETS}/{run.manifest.run_id}.md": sheet(run) for run in current if not is_clean(run)}
    written = [_write(folder / name, text) for name, text in {**texts, **sheets}.items()]
    return Bundle(
        folder,
        tuple(written),
        sum(row.changed for row in rows),
        len(sheets),
        (*notes, *patch.left_out),
    )


def _superseded(runs: Sequence[Reviewed]) -> list[Reviewed]:
    return [run for run in runs if run.manifest.facts.superseded_by is not None]


def _name(method: str) -> str:
    """A method as the benchmark names its files, where that is safe as a name; else a slug of it."""
    safe = all(char.isalnum() or char in "._-" for char in method) and not method.startswith(".")
    return method if safe else slug(method)


def _write(path: Path, text: str) -> Path:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    return path
