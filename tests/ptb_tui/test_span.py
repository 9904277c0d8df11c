"""Zooming and panning the lanes."""

from hypothesis import given
from hypothesis import strategies as st

from ptb_tui.state.span import NARROWEST, Span

WHOLE = Span(0, 36_000_000_000_000)


def test_zoom_keeps_the_playhead_where_it_is_on_screen() -> None:
    span = WHOLE.zoomed(1, 9_000_000_000_000, WHOLE)
    assert span.width == WHOLE.width // 2
    assert span.bucket(9_000_000_000_000, 100) == WHOLE.bucket(9_000_000_000_000, 100)


def test_zooming_out_ends_at_the_whole_run() -> None:
    assert WHOLE.zoomed(3, 5, WHOLE).zoomed(-9, 5, WHOLE) == WHOLE


def test_a_playhead_that_leaves_is_followed() -> None:
    span = Span(0, 1000)
    moved = span.showing(1500, WHOLE)
    assert moved.start < 1500 < moved.end
    assert moved.width == span.width
    assert span.showing(500, WHOLE) == span


@given(
    st.lists(
        st.tuples(st.sampled_from(("zoom", "pan", "show")), st.integers(-6, 6), st.integers(0, WHOLE.end))
    )
)
def test_whatever_is_pressed_the_span_stays_inside_the_run(steps: list[tuple[str, int, int]]) -> None:
    span = WHOLE
    for what, count, at in steps:
        if what == "zoom":
            span = span.zoomed(count or 1, at, WHOLE)
        elif what == "pan":
            span = span.panned(count, WHOLE)
        else:
            span = span.showing(at, WHOLE)
            assert span.start <= at <= span.end
        assert WHOLE.start <= span.start < span.end <= WHOLE.end
        assert span.width >= NARROWEST
