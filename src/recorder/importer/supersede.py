"""Of several jobs of one cell the one with the highest number counts; the others name it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from store.chain import Chain
from store.library import RunEntry, list_runs
from store.locks import lock_for_writing
from store.manifest import Facts
from store.run_files import RunFiles


def mark_superseded(runs: Path, cases: Collection[str]) -> None:
    """Make the runs of ``cases`` say which run supersedes them.

    Nothing recorded changes: ``superseded_by`` is no part of what a run's chain pins.
    """
    cells: dict[str, list[tuple[int, RunEntry]]] = defaultdict(list)
    for entry in list_runs(runs):
        facts = entry.manifest.facts if entry.manifest else Facts()
        if facts.case_id in cases and facts.job is not None and facts.job.isdecimal():
            cells[facts.case_id or ""].append((int(facts.job), entry))
    for entries in cells.values():
        _, newest = max(entries, key=lambda pair: (pair[0], pair[1].run_id))
        for _, entry in entries:
            _say(entry, None if entry is newest else newest.run_id)


def _say(entry: RunEntry, superseded_by: str | None) -> None:
    manifest = entry.manifest
    if manifest is None or manifest.facts.superseded_by == superseded_by:
        return
    lock = lock_for_writing(entry.folder)
    try:
        files = RunFiles(entry.folder, manifest, Chain(entry.folder))
        files.update(facts=replace(manifest.facts, superseded_by=superseded_by))
    finally:
        lock.release()
