"""Numpy arrays as columns of a file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.index.columns import ColumnWriter

_CODE_OF = {"u1": "B", "i4": "i", "i8": "q", "f8": "d"}


def put(writer: ColumnWriter, name: str, values: NDArray[Any]) -> None:
    """Write a whole column."""
    writer.add(name, _CODE_OF[values.dtype.str[1:]], data(values))


def data(values: NDArray[Any]) -> memoryview:
    """The values one after the other."""
    return np.ascontiguousarray(values).data
