"""What stands between the witnesses and the store: secrets come out of argv, and rows are counted by table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from recorder.redact import Redactor
from store.rows import TABLES, Exec, ProcessStart, Row, Source, Stamp
from store.sink import RawColumn, Sink


class Tally:
    """A sink that hands on to another."""

    def __init__(self, sink: Sink, redactor: Redactor) -> None:
        self._sink = sink
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._argv = lru_cache(maxsize=4096)(lambda argv: redactor.redact(argv).text)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by recorded table; tables without rows are left out."""
        with self._lock:
            return dict(self._counts)

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row, without secrets in its argv."""
        if isinstance(row, Exec | ProcessStart) and row.argv is not None:
            row = replace(row, argv=self._argv(row.argv))
        with self._lock:
            self._counts[TABLES[type(row)]] += 1
        return self._sink.put(at, row)

    def intern(self, text: str) -> int:
        """As the sink behind it."""
        return self._sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows at once; their strings are what was interned."""
        with self._lock:
            self._counts[TABLES[table]] += len(ts)
        self._sink.put_columns(table, source, ts, columns)
