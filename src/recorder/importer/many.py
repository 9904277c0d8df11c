"""Many results folders at once: each on its own, so that one that is broken stops no other."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from recorder.importer.one import STAGING, Fate, Outcome, import_results
from recorder.importer.results import Results
from recorder.importer.supersede import mark_superseded
from store.durable import writing
from store.errors import PtbError

_FEW = 3
"""So many folders are read faster here than a second process starts."""


def import_all(found: Sequence[Results], into: Path, workers: int | None = None) -> Iterator[Outcome]:
    """Import every results folder, as each is done; then tell which runs of a cell a later job supersedes.

    Raises :class:`store.errors.StoreFailed` when ``into`` cannot be written at all.
    """
    with writing(into):
        into.mkdir(parents=True, exist_ok=True)
    workers = min(workers or os.cpu_count() or 1, len(found))
    outcomes = _here(found, into) if len(found) < _FEW or workers < 2 else _pooled(found, into, workers)
    cases: set[str] = set()
    for outcome in outcomes:
        if outcome.case_id is not None:
            cases.add(outcome.case_id)
        yield outcome
    with contextlib.suppress(OSError):  # another import may be using it
        (into / STAGING).rmdir()
    mark_superseded(into, cases)


def _here(found: Iterable[Results], into: Path) -> Iterator[Outcome]:
    for results in found:
        yield _one(results, into)


def _pooled(found: Sequence[Results], into: Path, workers: int) -> Iterator[Outcome]:
    """Processes are started afresh: the caller's threads and locks do not go along."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures: dict[Future[Outcome], Results] = {
            pool.submit(_one, results, into): results for results in found
        }
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield _failed(
                    futures[future], "the process that imported it, or another, was killed; import it again"
                )


def _one(results: Results, into: Path) -> Outcome:
    """Import one folder; whatever is wrong with it is told in the outcome."""
    try:
        return import_results(results, into)
    except PtbError as error:
        return _failed(results, str(error))
    except OSError as error:
        return _failed(results, f"{error.filename or results.folder}: {error.strerror or error}")


def _failed(results: Results, reason: str) -> Outcome:
    return Outcome(str(results.folder), Fate.FAILED, reason=reason)
