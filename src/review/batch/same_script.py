"""The same content in several runs: a script that one run was convicted for stands in six others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from review.sql_literals import text_list
from store.sql.query import open_query

_SMALLEST = 200
"""Bytes; below that, files are alike by chance: a ``requirements.txt`` of one line, an empty ``__init__.py``."""


@dataclass(frozen=True, slots=True)
class Place:
    """One version of a file in one run."""

    run_id: str
    seq: int
    path: str


@dataclass(frozen=True, slots=True)
class Shared:
    """One content, and where else it stands."""

    sha256: str
    size: int
    here: Place
    elsewhere: tuple[Place, ...]
    """The first version in each other run, by run id."""


def same_scripts(folder: Path, others: Sequence[Path], *, smallest: int = _SMALLEST) -> list[Shared]:
    """Contents of the run in ``folder`` that runs in ``others`` wrote too, those in most runs first.

    Compared by the hash of the original bytes, so redaction changes nothing; files below ``smallest`` bytes are left out,
    and, where writers were recorded, those that no process wrote: what every run of a task is given.
    """
    own: dict[str, tuple[int, Place]] = {}
    with open_query([folder]) as query:
        rows = query.run(
            "SELECT run_id, sha256, size, min_by(path, seq) AS path, min(seq) AS seq FROM file_versions "
            f"WHERE sha256 IS NOT NULL AND size >= {int(smallest)} AND (process_id IS NOT NULL OR "
            "NOT EXISTS (SELECT 1 FROM file_versions w WHERE w.process_id IS NOT NULL)) "
            "GROUP BY run_id, sha256, size"
        ).table()
        for row in rows.to_pylist():
            own[row["sha256"]] = row["size"], Place(row["run_id"], row["seq"], row["path"])
    found: dict[str, list[Place]] = defaultdict(list)
    if own and others:
        with open_query(list(others)) as query:
            rows = query.run(
                "SELECT run_id, sha256, min_by(path, seq) AS path, min(seq) AS seq FROM file_versions "
                f"WHERE sha256 IN {text_list(own)} GROUP BY run_id, sha256 ORDER BY run_id, sha256"
            ).table()
            for row in rows.to_pylist():
                found[row["sha256"]].append(Place(row["run_id"], row["seq"], row["path"]))
    shared = [Shared(sha, own[sha][0], own[sha][1], tuple(places)) for sha, places in found.items()]
    return sorted(shared, key=lambda one: (-len(one.elsewhere), one.here.path, one.sha256))
