"""An index that is built of a run in portions: the same to a reader, and no dearer in memory for a longer run."""

import tracemalloc
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.cursor import Cursor
from store.event import Event
from store.index import spill
from store.index.build import build
from store.index.cache import cache_folder
from store.index.query import Query
from store.index.timeline import Timeline
from store.schema import arrow_schema
from store.snapshot import in_fields
from tests.store.arrivals import Arrival, Model, blocks, stretches
from tests.store.recorded import START, put_sample, seal, writer


@given(stretches(), st.integers(1, 5))
def test_whatever_arrives_portions_change_nothing_that_a_reader_sees(
    parts: list[list[Arrival]], portions: int
) -> None:
    model = Model.of(list(chain(*parts)))
    timeline = Timeline(blocks(parts, portions))
    assert timeline.window(0, len(model.events)) == list(model.events)
    whole = Timeline(blocks(parts))
    assert timeline.span == whole.span
    assert timeline.idle(10**9) == whole.idle(10**9)
    assert timeline.gaps(START, 1 << 62) == whole.gaps(START, 1 << 62)
    first, last = whole.span or (0, len(model.events))
    assert timeline.zoom(first, last, 7) == whole.zoom(first, last, 7)
    assert timeline.gpu(first, last, 7) == whole.gpu(first, last, 7)
    assert {seq: timeline.position_of(seq) for seq in range(130)} == {
        seq: whole.position_of(seq) for seq in range(130)
    }


@pytest.mark.parametrize("events", [1, 3, 64])
def test_a_sealed_run_read_row_group_by_row_group(
    tmp_path: Path, events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.parquet.ROW_GROUP", 32)
    with writer(tmp_path / "run") as run:
        for _ in range(3):
            put_sample(run, 90)
            seal(run)
        run.close(ended_at=START, exit_status="0")
    seen = _read(tmp_path / "run")
    for path in cache_folder().glob("*.columns"):
        path.unlink()
    monkeypatch.setattr("store.index.portion.PORTION_ROWS", 40)
    monkeypatch.setattr(spill, "_BUFFERED", events)
    monkeypatch.setattr(spill, "_LEAST", events)
    monkeypatch.setattr("store.index.build._POSTED", events)
    monkeypatch.setattr("store.index.vocabulary._WRITTEN", events)
    monkeypatch.setattr("store.index.build._LABELS_READ", events)
    assert _read(tmp_path / "run") == seen


def _read(folder: Path) -> tuple[list[Event], list[int]]:
    with Cursor.open(folder) as cursor:
        counts = [cursor.count_matches(Query(text)) for text in ("file3", "step 1", "☃", "nothing")]
        return cursor.window(0, len(cursor)), counts


def test_memory_does_not_grow_with_the_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "_BUFFERED", 8000)
    monkeypatch.setattr(spill, "_LEAST", 10)
    monkeypatch.setattr("store.index.build._POSTED", 1000)
    monkeypatch.setattr("store.index.build._LABELS_READ", 1000)
    monkeypatch.setattr("store.index.summary._TICKS", 100)
    few, many = (_peak(tmp_path / str(portions), portions) for portions in (10, 60))
    assert many < 1.2 * few


def _peak(folder: Path, portions: int) -> int:
    """Bytes that numpy and Python held at most while so many portions of 2,000 accesses were indexed."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    tables = [_Accesses(number, rng) for number in range(portions)]
    words = pa.array([*(f"/path {n}" for n in range(50)), "open"], pa.large_string())
    with _file(folder / "index") as out, _file(folder / "scratch") as scratch:
        tracemalloc.start()
        try:
            build(words, tables, out, scratch)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


class _Accesses:
    """2,000 accesses at random times."""

    def __init__(self, number: int, rng: np.random.Generator) -> None:
        schema = arrow_schema("files")
        columns = {name: pa.nulls(2000, schema.field(name).type) for name in schema.names}
        columns["seq"] = pa.array(range(2000 * number, 2000 * number + 2000))
        columns["ts"] = pa.array(rng.integers(START, START + 10**12, 2000))
        columns["path"] = pa.array(rng.integers(0, 50, 2000), pa.int32())
        columns["op"] = pa.array([50] * 2000, pa.int32())
        self._rows = in_fields("files", pa.table(columns, schema=schema))

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        if name == "files":
            return self._rows.select(columns)
        return in_fields(name, arrow_schema(name).empty_table(), columns)


def _file(path: Path) -> BinaryIO:
    return path.open("w+b")
