"""Weights of checkpoints that are not the given base: where they lie, under their own names and wherever else their bytes are.

A name can be changed and a way can be hidden in a pipe, an archive or a database; what was written in the end is the
same bytes. So every file that ever held bytes of such weights is one of their copies, however it came to be.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from review.detector import RunView
from review.file_names import NO_DATA, WEIGHTS
from review.flows import writers
from review.sql_literals import text_list

CACHED = r"/models--([^/]+?)--([^/]+)/(snapshots|blobs)/"
"""The hub's cache; its ``snapshots`` are links to ``blobs``, which have no extension."""
_BLOB = re.compile(r"/blobs/([0-9a-f]{64})$")
"""The hub's cache calls a large file by its SHA-256."""
_LEAST_WEIGHTS = 64 << 20
"""Bytes read of a blob from which on it is weights; no tokenizer is as large."""
_LEAST_SAME = 64
"""Bytes; shorter contents are the same by chance."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that held the bytes of other weights."""

    path: str
    seq: int
    """Of the version that did."""
    process_id: int | None
    """Who wrote it; None where it was there before the run."""
    last: bool
    """Nothing else was written there later."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The weights of one other checkpoint."""

    model: str
    paths: tuple[str, ...]
    """Under its own name."""
    copies: tuple[Copied, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """The checkpoints of a run."""

    foreign: tuple[Foreign, ...]
    base: tuple[str, ...]
    """Paths of the given base's weights, under its own name."""


def weights_of(run: RunView, is_base: Callable[[str], bool], siblings: Iterable[str]) -> Weights:
    """All weights that bear a model's name; ``siblings`` are known by their folders' names, too."""
    by_model: dict[str, list[str]] = defaultdict(list)
    for path in run.texts(CACHED):
        found = re.search(CACHED, path)
        if found and path.startswith("/") and "\n" not in path:
            by_model[f"{found[1]}/{found[2]}"].append(path)
    for sibling in siblings:
        by_model[sibling] += _in_named_folders(run, sibling)
    base = [path for model, paths in by_model.items() if is_base(model) for path in paths]
    own = _hashes(run, base)
    foreign = []
    for model, paths in by_model.items():
        if not is_base(model) and (weights := _weights(run, paths)):
            foreign.append(Foreign(model, tuple(weights), _copies(run, weights, own)))
    return Weights(tuple(foreign), tuple(_weights(run, base)))


def local_weights(run: RunView) -> list[str]:
    """Weights that are in no cache of the hub; what packages bring is none."""
    return [path for path in run.texts(WEIGHTS) if "/models--" not in path and not re.search(NO_DATA, path)]


def _in_named_folders(run: RunView, model: str) -> list[str]:
    """Weights in a folder that has the whole name, or that has its last part and was there before the run."""
    organisation, _, name = map(re.escape, model.partition("/"))
    whole = run.texts(rf"(?i)/{organisation}(/|--|___|_){name}/[^/]+{WEIGHTS}")
    short = [path for path in run.texts(rf"(?i)/{name}/[^/]+{WEIGHTS}") if path not in whole]
    written = {write.path for write in writers(run, short)}
    return [path for path in (*whole, *short) if path.startswith("/") and path not in written]


def _weights(run: RunView, paths: list[str]) -> list[str]:
    """Those of these files that are weights."""
    large = run.once(_large_blobs)
    return [path for path in paths if re.search(WEIGHTS, path) or path in large]


def _large_blobs(run: RunView) -> frozenset[str]:
    """Contents of the hub's cache, which have no name, of which as much was read as only weights hold."""
    rows = run.records.rows(
        f"""
        SELECT path FROM files WHERE path IN (SELECT id FROM strings WHERE contains(value, '/blobs/'))
        GROUP BY path HAVING sum(coalesce(bytes_read, 0) + coalesce(bytes_mapped, 0)) >= {_LEAST_WEIGHTS}
        """
    )
    return frozenset(run.records.text(number) for (number,) in rows)


def _hashes(run: RunView, paths: Iterable[str]) -> set[str]:
    """SHA-256 of what stood there before the run."""
    wanted = set(paths)
    rows = run.query(
        f"SELECT path, sha256 FROM file_versions WHERE size >= {_LEAST_SAME} "
        "AND process_id IS NULL AND sha256 IS NOT NULL"
    )
    recorded = {sha256 for path, sha256 in rows if path in wanted}
    return recorded | {found[1] for path in wanted if (found := _BLOB.search(path))}


def _copies(run: RunView, weights: list[str], own: set[str]) -> tuple[Copied, ...]:
    hashes = _hashes(run, weights) - own
    if not hashes:
        return ()
    rows = run.query(
        f"""
        SELECT path, seq, process_id, seq = last FROM (
            SELECT path, seq, process_id, sha256, size, max(seq) OVER (PARTITION BY path) AS last FROM file_versions
        ) WHERE sha256 IN {text_list(hashes)} AND size >= {_LEAST_SAME} AND path NOT IN {text_list(weights)} ORDER BY seq
        """
    )
    found = {path: Copied(path, seq, process_id, bool(last)) for path, seq, process_id, last in rows}
    return tuple(found.values())
