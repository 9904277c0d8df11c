"""Giving memory back to the system: what a batch or a seal needed for a moment stays with the allocators otherwise.

A recorder runs for hours, and glibc keeps what many threads freed in many sizes; measured by ``benchmarks soak``.
"""

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa


def give_back() -> None:
    """Return what is free and unused; takes some milliseconds."""
    pa.default_memory_pool().release_unused()
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], object] | None:
    """``malloc_trim(3)``, which glibc alone has."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows takes no None
        return None
