"""The order of events: by the time of a row, or by where it arrived if its witness has no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from store.index.block import NEVER
from store.index.tables import Ints
from store.index.vocabulary import Ids
from store.schema import NULL

_LAST = (1 << 63) - 1
assert NEVER == NULL, "a missing time sorts first"


@dataclass(frozen=True, slots=True)
class Clocks:
    """The last known times of a stretch of rows, for the rows without a clock that come after it."""

    by_source: Mapping[str, int] = field(default_factory=dict)
    any: int | None = None


def by_seq(seq: Ints) -> NDArray[np.intp]:
    """The permutation that sorts by ``seq``; linear where the numbers are dense."""
    first, last = int(seq.min(initial=_LAST)), int(seq.max(initial=-1))
    if last - first + 1 != len(seq):
        return np.argsort(seq, kind="stable")
    order = np.empty(len(seq), np.intp)
    order[seq - first] = np.arange(len(seq))
    return order


def order_keys(ts: Ints, source: Ids, names: Mapping[int, str], earlier: Clocks) -> tuple[Ints, Clocks]:
    """Order keys of rows given by ascending ``seq``, and the clocks after them.

    A row without a time takes the last known one of its source, else the last known of any source, else
    :data:`NEVER`. Only earlier rows count, so that a key never changes when more rows arrive.
    """
    clocked = ts != NULL
    keys = ts
    if not clocked.all():
        keys = np.where(clocked, ts, _carried(ts, clocked, earlier.any))
        for symbol in np.unique(source[~clocked]).tolist():
            here = np.flatnonzero(source == symbol)
            carried = _carried(ts[here], clocked[here], earlier.by_source.get(names.get(symbol, "")))
            known = carried != NEVER
            keys[here[known]] = carried[known]
    return keys, _after(ts, source, clocked, names, earlier)


def _carried(ts: Ints, clocked: NDArray[np.bool_], before: int | None) -> Ints:
    """For each row the last time at or before it."""
    last = np.maximum.accumulate(np.where(clocked, np.arange(len(ts)), -1))
    return np.where(last >= 0, ts[last], NEVER if before is None else before)


def _after(
    ts: Ints, source: Ids, clocked: NDArray[np.bool_], names: Mapping[int, str], earlier: Clocks
) -> Clocks:
    by_source, last = dict(earlier.by_source), earlier.any
    if not len(ts):
        return earlier
    backwards = slice(None, None, -1)
    for symbol, name in names.items():
        found = (source[backwards] == symbol) & clocked[backwards]
        at = int(found.argmax())
        if found[at]:
            by_source[name] = int(ts[len(ts) - 1 - at])
    at = int(clocked[backwards].argmax())
    if clocked[backwards][at]:
        last = int(ts[len(ts) - 1 - at])
    return Clocks(by_source, last)
