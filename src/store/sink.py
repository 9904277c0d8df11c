"""The seam between the recorder's sources and the store: whatever accepts rows."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from store.rows import Row, Source, Stamp

RawColumn = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_]


class Sink(Protocol):
    """Accepts rows from any thread; gives each its ``seq`` in the order of arrival."""

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row and return its ``seq``."""
        ...

    def intern(self, text: str) -> int:
        """The id of ``text`` in the run's strings, for :meth:`put_columns`."""
        ...

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once, with exact times.

        ``columns`` holds equally long arrays by field name: symbols as ids from :meth:`intern`, missing values
        as :data:`store.schema.NULL`; fields left out are stored as not observed.
        """
        ...
