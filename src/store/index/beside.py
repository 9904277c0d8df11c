"""What a block keeps of gaps and GPU samples beside their events: stretches not seen, and sums and maxima to draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.index.arrays import put
from store.index.columns import ColumnWriter, Fact
from store.index.gpu import FANOUT, METRICS, MISSING
from store.index.tables import Ints, Tables, floats, ints
from store.index.vocabulary import Ids, Vocabulary
from store.schema import NULL

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Gaps:
    seq: Ints
    start: Ints
    end: Ints
    lost: Ints
    source: Ids
    cause: Ids


@dataclass(frozen=True, slots=True)
class _Samples:
    ts: Ints
    device: Ints
    memory_total: Floats
    metrics: tuple[Floats, ...]


class Beside:
    """Collects them portion by portion."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._gaps: list[_Gaps] = []
        self._samples: list[_Samples] = []

    def read(self, portion: Tables) -> None:
        """Take in what ``portion`` has."""
        rows = portion.table("gaps", ["seq", "ts", "start_ts", "end_ts", "lost", "source", "cause"])
        ts, start, end = ints(rows, "ts"), ints(rows, "start_ts"), ints(rows, "end_ts")
        start = np.where(start != NULL, start, np.where(ts != NULL, ts, end))
        end = np.where(end != NULL, end, start)
        source, cause = self._vocabulary.ids(rows, "source"), self._vocabulary.ids(rows, "cause")
        self._gaps.append(_Gaps(ints(rows, "seq"), start, end, ints(rows, "lost"), source, cause))
        rows = portion.table("gpu", ["ts", "device", "mem_total_mb", *METRICS])
        metrics = tuple(floats(rows, metric) for metric in METRICS)
        self._samples.append(
            _Samples(ints(rows, "ts"), ints(rows, "device"), floats(rows, "mem_total_mb"), metrics)
        )

    def write(self, writer: ColumnWriter) -> dict[str, Fact]:
        """Write the columns of both; what belongs into the footer."""
        return {**self._write_gaps(writer), **self._write_samples(writer)}

    def _write_gaps(self, writer: ColumnWriter) -> dict[str, Fact]:
        gaps = self._gaps
        put(writer, "gap.seq", np.concatenate([one.seq for one in gaps]))
        put(writer, "gap.start", np.concatenate([one.start for one in gaps]))
        put(writer, "gap.end", np.concatenate([one.end for one in gaps]))
        put(writer, "gap.lost", np.concatenate([one.lost for one in gaps]))
        source, cause = (
            np.concatenate([one.source for one in gaps]),
            np.concatenate([one.cause for one in gaps]),
        )
        symbols, words = np.unique(np.concatenate([source, cause]), return_inverse=True)
        put(writer, "gap.source", words[: len(source)].astype(np.int32))
        put(writer, "gap.cause", words[len(source) :].astype(np.int32))
        return {"words": [self._vocabulary.text_of(symbol) for symbol in symbols.tolist()]}

    def _write_samples(self, writer: ColumnWriter) -> dict[str, Fact]:
        ts = np.concatenate([one.ts for one in self._samples])
        device = np.concatenate([one.device for one in self._samples])
        total = np.concatenate([one.memory_total for one in self._samples])
        order = np.argsort(ts, kind="stable")
        order = order[ts[order] != NULL]
        devices = np.unique(device[order]).tolist()
        for index, number in enumerate(devices):
            mine = order[device[order] == number]
            put(writer, f"gpu.{index}.time", ts[mine])
            for i, metric in enumerate(METRICS):
                values = np.concatenate([one.metrics[i] for one in self._samples])
                _curve(writer, f"gpu.{index}.{metric}", values[mine])
        finite = [total[(device == number) & np.isfinite(total)] for number in devices]
        return {"gpu": devices, "gpu_memory": [float(seen.max()) if len(seen) else None for seen in finite]}


def _curve(writer: ColumnWriter, name: str, values: Floats) -> None:
    """Prefix sums of a metric and the levels of its maxima."""
    seen = np.isfinite(values)
    nothing = np.zeros(1)
    put(writer, f"{name}.sum", np.concatenate([nothing, np.cumsum(np.where(seen, values, 0.0))]))
    put(writer, f"{name}.seen", np.concatenate([nothing, np.cumsum(seen)]).astype(np.int32))
    level = np.where(seen, values, MISSING)
    levels = [level]
    while len(level) > FANOUT:
        padded = np.full(-(-len(level) // FANOUT) * FANOUT, MISSING)
        padded[: len(level)] = level
        level = padded.reshape(-1, FANOUT).max(axis=1)
        levels.append(level)
    put(writer, f"{name}.max", np.concatenate(levels))
