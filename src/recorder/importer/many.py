"""Many results folders at once: each on its own, so that one that is broken stops no other."""

import contextlib
import os
import queue
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from recorder.importer.one import STAGING, Outcome
from recorder.importer.results import Results
from recorder.importer.supersede import mark_superseded
from recorder.importer.worker import Worker, import_one
from store.durable import writing
from store.locks import is_live

_UNLOCKED_S = 60.0
_FEW = 4
"""So many folders are read faster here than a second process starts."""


def import_all(found: Sequence[Results], into: Path, workers: int | None = None) -> Iterator[Outcome]:
    """Import every results folder, as each is done; then tell which runs of a cell a later job supersedes.

    Raises :class:`store.errors.StoreFailed` when ``into`` cannot be written at all.
    """
    with writing(into):
        into.mkdir(parents=True, exist_ok=True)
    _sweep(into / STAGING)
    workers = min(workers or os.cpu_count() or 1, len(found))
    outcomes = _here(found, into) if len(found) < _FEW or workers < 2 else _pooled(found, into, workers)
    cases: set[str] = set()
    for outcome in outcomes:
        if outcome.case_id is not None:
            cases.add(outcome.case_id)
        yield outcome
    _sweep(into / STAGING)
    mark_superseded(into, cases)


def _sweep(staging: Path) -> None:
    """Delete what imports that were killed left behind; a folder just made may not be locked by its writer yet."""
    with contextlib.suppress(OSError):
        for left in list(staging.iterdir()):
            if not is_live(left) and left.stat().st_mtime < time.time() - _UNLOCKED_S:
                shutil.rmtree(left, ignore_errors=True)
        staging.rmdir()


def _here(found: Iterable[Results], into: Path) -> Iterator[Outcome]:
    for results in found:
        yield import_one(results, into)


def _pooled(found: Sequence[Results], into: Path, workers: int) -> Iterator[Outcome]:
    """One thread a worker waits for its answers; a worker that dies takes only its own folder along."""
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    everyone = [Worker(into) for _ in range(workers)]
    for worker in everyone:
        idle.put(worker)

    def ask(results: Results) -> Outcome:
        worker = idle.get()
        try:
            return worker.ask(results)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(workers, thread_name_prefix="ptb-import") as threads:
        try:
            for done in as_completed([threads.submit(ask, results) for results in found]):
                yield done.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in everyone:
                worker.stop()
