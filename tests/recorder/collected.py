"""A sink that keeps what it is given, for tests of sources."""

from collections.abc import Mapping
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from store.rows import Row, Source, Stamp
from store.sink import RawColumn

R = TypeVar("R", bound=Row)


class Collected:
    """Rows in the order they came."""

    def __init__(self) -> None:
        self.rows: list[tuple[Stamp, Row]] = []
        self._lock = Lock()

    def put(self, at: Stamp, row: Row) -> int:
        with self._lock:
            self.rows.append((at, row))
            return len(self.rows) - 1

    def intern(self, text: str) -> int:
        raise NotImplementedError(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        raise NotImplementedError(table)

    def of(self, kind: type[R]) -> list[R]:
        return [row for _, row in self.rows if isinstance(row, kind)]
