"""Whatever arrives in whatever order, and however the index is cut into blocks: the plain model agrees."""

from itertools import chain, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from store.event import LANES, Event, Kind, Lane
from store.index.gpu import METRICS
from store.index.query import Query
from store.index.timeline import Timeline
from store.rows import GpuSample
from tests.store.arrivals import SECOND, START, Arrival, Model, blocks, stretches

Parts = list[list[Arrival]]
_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

QUERIES = st.builds(
    Query,
    text=st.sampled_from(["", "", "a", "/task", "é", "☃", "A", "\n", "nowhere"]),
    ignore_case=st.booleans(),
    kinds=st.frozensets(st.sampled_from([Kind.READ, Kind.WRITE, Kind.EXEC, Kind.MESSAGE]), max_size=2),
    lane=st.sampled_from([None, None, Lane.FILES, Lane.EXEC]),
    process_id=st.sampled_from([None, None, 1, 99]),
    failed=st.sampled_from([None, None, True, False]),
)


@given(stretches())
def test_every_row_is_one_event_in_the_order_of_time_then_seq(parts: Parts) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    assert timeline.window(0, len(model.events) + 1) == list(model.events)


@given(stretches(), st.integers(-2, 80), st.integers(0, 9))
def test_a_window_anywhere_is_a_slice(parts: Parts, position: int, count: int) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    start = max(position, 0)
    assert timeline.window(position, count) == list(model.events[start : start + count])


@given(stretches())
def test_every_seq_is_found_where_it_stands(parts: Parts) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    known = {event.seq: event.position for event in model.events}
    assert {seq: timeline.position_of(seq) for seq in range(-1, 130)} == {
        seq: known.get(seq) for seq in range(-1, 130)
    }


@given(stretches(), st.integers(-5, 45))
def test_seek_goes_to_the_first_event_at_or_after_a_time(parts: Parts, tenths: int) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    for moment in (START + tenths * SECOND // 10, START + tenths * SECOND // 10 + 1):
        assert timeline.before(moment) == model.before(moment)


@given(stretches(), QUERIES, st.integers(0, 61))
def test_search_finds_what_a_look_at_every_event_finds(parts: Parts, query: Query, position: int) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    labelled = zip(model.events, model.labels, strict=True)
    hits = [event.position for event, label in labelled if _satisfies(event, label, query)]
    assert timeline.count_matches(query) == len(hits)
    assert timeline.next_match(query, position) == min((h for h in hits if h >= position), default=None)
    assert timeline.previous_match(query, position) == max((h for h in hits if h < position), default=None)


@given(stretches(), st.integers(-3, 43), st.integers(0, 30), st.integers(1, 12))
def test_zoom_counts_every_event_of_a_stretch_once(
    parts: Parts, start: int, length: int, buckets: int
) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    unit = SECOND // 10 if timeline.span else 1
    first = (START if timeline.span else 0) + start * unit
    view = timeline.zoom(first, first + length * unit, buckets)
    width = length * unit + 1
    for lane in Lane:
        counts = [0] * buckets
        for event, key in zip(model.events, model.keys, strict=True):
            where = (event.position if timeline.span is None else key) if LANES[event.kind] is lane else None
            if where is not None and first <= where < first + width:
                bounds = [first + width * i // buckets for i in range(buckets + 1)]
                counts[next(i for i in range(buckets) if bounds[i] <= where < bounds[i + 1])] += 1
        assert view.counts[lane] == counts


@given(stretches(), st.integers(1, 12))
def test_gpu_curves_are_means_and_maxima_of_what_was_observed(parts: Parts, buckets: int) -> None:
    timeline = Timeline(blocks(parts))
    samples = [
        (one.at.ts, one.row)
        for one in chain(*parts)
        if isinstance(one.row, GpuSample) and one.at.ts is not None
    ]
    start, end = START, START + 4 * SECOND
    views = {view.device: view for view in timeline.gpu(start, end, buckets)}
    assert set(views) == {row.device for _, row in samples}
    bounds = [start + (end + 1 - start) * i // buckets for i in range(buckets + 1)]
    for device, view in views.items():
        for metric in METRICS:
            curve = getattr(view, metric)
            for i in range(buckets):
                values = [
                    value
                    for ts, row in samples
                    if row.device == device and bounds[i] <= ts < bounds[i + 1]
                    if (value := getattr(row, metric)) is not None
                ]
                assert curve.max[i] == max(values, default=None)
                mean = curve.mean[i]
                assert (mean is None) == (not values)
                assert mean is None or abs(mean - sum(values) / len(values)) < 1e-6


@given(stretches(), st.integers(10, 25))
@settings(max_examples=200)
def test_idle_is_where_only_the_gpu_was_seen(parts: Parts, tenths: int) -> None:
    timeline, model = Timeline(blocks(parts)), Model.of(list(chain(*parts)))
    times = [key for key in model.keys if key is not None]
    busy = [
        key for key, e in zip(model.keys, model.events, strict=True) if key is not None and e.kind != Kind.GPU
    ]
    moments = sorted({*busy, min(times), max(times)}) if times else []
    pauses = [(a, b) for a, b in pairwise(moments) if b - a >= tenths * SECOND // 10]
    assert [(one.start, one.end) for one in timeline.idle(tenths * SECOND // 10)] == pauses


def _satisfies(event: Event, label: str, query: Query) -> bool:
    text = query.text
    if query.ignore_case:
        label, text = label.translate(_SMALL), text.translate(_SMALL)
    return (
        text in label
        and (not query.kinds or event.kind in query.kinds)
        and (query.lane is None or LANES[event.kind] is query.lane)
        and (query.process_id is None or event.process_id == query.process_id)
        and (query.failed is None or event.failed is query.failed)
    )
