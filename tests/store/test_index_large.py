"""What only many rows bring out: levels of maxima, the ticks, postings and the passes of numpy."""

import random
from array import array
from itertools import pairwise

import numpy as np
import pytest

from store.event import Kind
from store.index import search
from store.index.gpu import FANOUT, MISSING, highest
from store.index.query import Query
from store.index.timeline import Timeline
from store.rows import FileAccess, GpuSample, Message, Quality, Row, Source, Stamp
from tests.store.arrivals import START, Arrival, Model, blocks

QUERIES = [
    Query(text="path 1"),
    Query(text="path"),
    Query(text="nowhere"),
    Query(text="PATH 77", ignore_case=True),
    Query(kinds=frozenset({Kind.MESSAGE})),
    Query(failed=True),
    Query(failed=True, kinds=frozenset({Kind.READ})),
    Query(process_id=3),
    Query(text="path 1", process_id=3),
    Query(text="path", kinds=frozenset({Kind.OPEN}), failed=False),
]


@pytest.fixture(scope="module")
def recorded() -> list[Arrival]:
    rng = random.Random(5)
    rows: list[Row] = [
        FileAccess(
            rng.randrange(9),
            1,
            "open",
            f"/path {rng.randrange(400)}",
            bytes_read=rng.choice([None, 7]),
            error=rng.choice([None] * 40 + ["EPERM"]),
        )
        for _ in range(3000)
    ]
    rows += [Message("assistant", "message", f"on path {n}") for n in range(3)]
    rows += [GpuSample(0, float(rng.randrange(101)), None, None, 400.0) for _ in range(900)]
    rng.shuffle(rows)
    return [
        Arrival(seq, Stamp(START + int(rng.triangular(0, 10**12, 0)), Quality.EXACT, Source.KERNEL), row)
        for seq, row in enumerate(rows)
    ]


@pytest.mark.parametrize("limit", ["as shipped", "postings", "numpy"])
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_every_way_of_searching_agrees(
    recorded: list[Arrival], query: Query, parts: int, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit != "as shipped":
        monkeypatch.setattr(search, "_PROBED", 2)
        monkeypatch.setattr(search, "_FEW_LABELS", 10_000 if limit == "postings" else 0)
        monkeypatch.setattr(search, "_FEW_EVENTS", 10_000 if limit == "postings" else 0)
    model = Model.of(recorded)
    cuts = [len(recorded) * i // parts for i in range(parts + 1)]
    timeline = Timeline(blocks([recorded[a:b] for a, b in pairwise(cuts)]))
    hits = [
        event.position
        for event in model.events
        if (query.text.lower() if query.ignore_case else query.text) in event.label
        and (not query.kinds or event.kind in query.kinds)
        and query.failed in (None, event.failed)
        and query.process_id in (None, event.process_id)
    ]
    assert timeline.count_matches(query) == len(hits)
    for position in range(0, len(recorded) + 200, 97):
        assert timeline.next_match(query, position) == min((h for h in hits if h >= position), default=None)
        assert timeline.previous_match(query, position) == max(
            (h for h in hits if h < position), default=None
        )


def test_seeking_hits_every_time_exactly(recorded: list[Arrival]) -> None:
    timeline, model = Timeline(blocks([recorded])), Model.of(recorded)
    times = np.array([key for key in model.keys if key is not None])
    for key in times[::7].tolist():
        for moment in (key - 1, key, key + 1):
            assert timeline.before(moment) == int(np.searchsorted(times, moment))


def test_tallies_of_all_buckets_add_up_at_every_zoom(recorded: list[Arrival]) -> None:
    timeline = Timeline(blocks([recorded[:2000], recorded[2000:]]))
    span = timeline.span
    assert span is not None
    for buckets in (1, 7, 200, 5000):
        counts = timeline.zoom(*span, buckets).counts
        assert sum(map(sum, counts.values())) == len(recorded)


@pytest.mark.parametrize("count", [1, FANOUT, FANOUT**2 + 1, 5000])
def test_the_highest_of_any_stretch(count: int) -> None:
    rng = random.Random(count)
    values = [rng.choice([MISSING, rng.random()]) for _ in range(count)]
    levels, level = list(values), values
    while len(level) > FANOUT:
        level = [max(level[i : i + FANOUT]) for i in range(0, len(level), FANOUT)]
        levels += level
    view = memoryview(array("d", levels)).cast("B").cast("d")
    for _ in range(300):
        first = rng.randrange(count)
        last = rng.randrange(first, count) + 1
        assert highest(view, count, first, last) == max(values[first:last])


def test_times_at_the_ends_of_64_bits_do_not_overflow() -> None:
    ends = [-(1 << 63) + 1, 0, (1 << 63) - 1]
    arrived = [
        Arrival(seq, Stamp(ts, Quality.EXACT, Source.KERNEL), FileAccess(1, 1, "open", "/a"))
        for seq, ts in enumerate(ends)
    ]
    timeline = Timeline(blocks([arrived]))
    assert [event.ts for event in timeline.window(0, 3)] == ends
    assert [timeline.before(ts) for ts in ends] == [0, 1, 2]
    assert sum(timeline.zoom(ends[0], ends[2], 10).counts[next(iter(timeline.zoom(0, 1, 1).counts))]) == 0
    assert len(timeline.idle(10**9)) == 2
