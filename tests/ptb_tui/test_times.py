"""What people write for a time, and what they read."""

import pytest

from ptb_tui.state.times import GoToSeq, GoToTime, brief, elapsed, parse_go_to, size, utc
from store.errors import BadInput
from tests.ptb_tui.story import SECOND, START

END = START + 10 * 3600 * SECOND
NOW = START + 3600 * SECOND


def seconds(text: str) -> float:
    place = parse_go_to(text, START, END, NOW)
    assert isinstance(place, GoToTime)
    return (place.ts - START) / SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3:41", 3 * 3600 + 41 * 60),
        ("0:00:07", 7),
        ("0:00:07.250", 7.25),
        ("T+3:41", 3 * 3600 + 41 * 60),
        ("14:32", 32 * 60),
        ("14:32 utc", 32 * 60),
        ("23:59z", 9 * 3600 + 59 * 60),
        ("+10m", 4200),
        ("-1h", 0),
        ("+1h30m", 9000),
        ("+250ms", 3600.25),
        ("50%", 5 * 3600),
        ("  +5s ", 3605),
        ("90s", 90),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("start", 0),
        ("end", 36000),
    ],
)
def test_times_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


def test_a_time_of_day_after_midnight_is_in_the_next_day() -> None:
    late = START + 9 * 3600 * SECOND
    place = parse_go_to("01:30 utc", late, late + 5 * 3600 * SECOND, None)
    assert place == GoToTime(START + (11 * 3600 + 1800) * SECOND)


@pytest.mark.parametrize("text", ["#1234", "1234", "seq 1234"])
def test_an_event_by_its_number(text: str) -> None:
    assert parse_go_to(text, None, None, None) == GoToSeq(1234)


@pytest.mark.parametrize(
    "text", ["", "soon", "3:4", "12:99:1", "++5s", "\x1b[31m", "25:99", "25:00 utc", "101%", "٣:٤١"]
)
def test_what_is_no_time_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_go_to(text, START, END, NOW)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["10:00:01", "13:00", "+9h1s", "-2h", "T+11:00", "02:00 utc"])
def test_a_time_outside_of_the_run_is_refused_with_its_ends(text: str) -> None:
    with pytest.raises(BadInput, match=r"10:00:00\.000, 2026-04-03 14:00:00 UTC \(start\)"):
        parse_go_to(text, START, END, NOW)


@pytest.mark.parametrize(("text", "since"), [("0:30", 30), ("1:05", 65), ("0:00:07", 7), ("14:01 utc", 60)])
def test_two_numbers_are_minutes_and_seconds_in_a_short_run(text: str, since: int) -> None:
    assert parse_go_to(text, START, START + 90 * SECOND, None) == GoToTime(START + since * SECOND)


def test_a_run_without_a_clock_takes_events_only() -> None:
    with pytest.raises(BadInput, match="no clock"):
        parse_go_to("3:41", None, None, None)


def test_what_people_read() -> None:
    assert elapsed(13_267 * SECOND) == "03:41:07"
    assert elapsed(-1_500_000_000, fine=True) == "-00:00:01.500"
    assert brief(36_120 * SECOND) == "10h 02m"
    assert [brief(int(s * SECOND)) for s in (0.00004, 0.015, 1.24, 59, 200)] == [
        "40 µs",
        "15 ms",
        "1.24 s",
        "59.0 s",
        "3m 20s",
    ]
    assert [size(n) for n in (412, 2_900_000, 99_960, 999_999, 81_559 * 10**6)] == [
        "412 B",
        "2.9 MB",
        "100 kB",
        "1.0 MB",
        "81.6 GB",
    ]
    assert utc(START) == "2026-04-03 14:00:00 UTC"
    assert utc(1 << 62) == "2116-02-20 23:53:38 UTC"
