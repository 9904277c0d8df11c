"""Opening a run for detectors and lineage: one snapshot, SQL over it, and its interned text."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from review.detector import RunView
from store.errors import Damaged
from store.snapshot import Snapshot
from store.sql.query import Query, open_query
from store.sql.stored import Stored


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
        yield RunView(folder, snapshot.manifest, views, partial(_texts, snapshot), stored)


def _texts(snapshot: Snapshot, pattern: str) -> list[str]:
    texts = snapshot.strings()
    matching: list[str] = texts.filter(pc.match_substring_regex(texts, pattern)).to_pylist()
    return matching


def _rows(query: Query, sql: str) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in query.run(sql).table().columns]
    return list(zip(*columns, strict=True))
