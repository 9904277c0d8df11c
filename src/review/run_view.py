"""Opening a run for detectors and lineage: one snapshot, SQL over it, and its interned text."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from review.detector import RunView
from store.errors import BadInput, Damaged
from store.schema import ROW_TYPES
from store.snapshot import Snapshot
from store.sql.query import Query, open_query
from store.sql.stored import Stored

_PARTS = min(os.cpu_count() or 1, 8)
_TABLES = {"processes": "process_starts"}
"""Views that are not called as what they show."""


@contextmanager
def open_run_view(folder: Path) -> Iterator[RunView]:
    """The run in ``folder``, to be asked inside the block.

    Raises :class:`PtbError` when the folder is no readable run.
    """
    with (
        open_query([folder]) as query,
        Snapshot.open(folder) as snapshot,
        Stored(snapshot, ["files"]) as stored,
    ):
        if query.unread:
            raise Damaged(query.unread[0].reason)
        views = cache(partial(_rows, query))
        texts = cache(partial(_texts, snapshot))
        yield RunView(folder, snapshot.manifest, views, partial(_count, snapshot), texts, stored)


def _count(snapshot: Snapshot, view: str) -> int:
    table = _TABLES.get(view, view)
    if table not in ROW_TYPES:
        raise BadInput(f"{view!r} has no row for each row of one recorded table: ask by a query")
    return snapshot.rows(table)


def _texts(snapshot: Snapshot, pattern: str) -> list[str]:
    texts = snapshot.strings()
    # One compiled kernel per part, side by side: Arrow lets other threads run while it matches.
    size = -(-len(texts) // _PARTS) or 1
    parts = [texts.slice(start, size) for start in range(0, len(texts), size)]
    with ThreadPoolExecutor(_PARTS) as side_by_side:
        found = side_by_side.map(lambda part: part.filter(pc.match_substring_regex(part, pattern)), parts)
        return [text for part in found for text in part.to_pylist()]


def _rows(query: Query, sql: str) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in query.run(sql).table().columns]
    return list(zip(*columns, strict=True))
