"""When something in a transcript happened, and how well that is known; a time is never invented.

A row takes the best time there is: the agent's own, the moment it reached the recorder, the whole second that
PostTrainBench puts before each line. Where there is none, a row stands at the last time known before it, and
before the first such time it has an order and nothing else.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from store.rows import Gap, Quality, Source, Stamp

SECOND = 1_000_000_000
JITTER = SECOND
"""Agents that work at the same time stamp their events before they queue for the stream; a clock that is
behind by less than this did not go backwards."""

_LAST_NS = 2**63 - 1
_PREFIX = re.compile(rb"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\] ")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that the transcript tells."""

    ns: int
    """Nanoseconds since the epoch, UTC."""
    quality: Quality
    err_us: int
    """The clock's resolution in microseconds."""


def split_prefix(line: bytes) -> tuple[Moment | None, bytes]:
    """The time before a line as ``timestamp_lines.py`` of PostTrainBench writes it, and the line without it."""
    match = _PREFIX.match(line)
    if match is None:
        return None, line
    moment = parse_time(match[1].decode())
    return (moment, line[match.end() :]) if moment else (None, line)


def parse_time(value: object) -> Moment | None:
    """A time from an ISO 8601 string, ``2026-11-21 20:13:47 UTC`` or milliseconds since the epoch."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        ns = value * 1_000_000
        return Moment(ns, Quality.EXACT, 1000) if 0 < ns <= _LAST_NS else None
    if not isinstance(value, str) or not 10 < len(value) < 40:
        return None
    try:
        when = datetime.fromisoformat(value.removesuffix(" UTC"))
        since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    ns = (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000
    if not 0 < ns <= _LAST_NS:
        return None
    if "." in value:
        return Moment(ns, Quality.EXACT, 1000)
    return Moment(ns, Quality.SECOND, 1_000_000)


class Clock:
    """Gives rows their stamps in the order of the transcript and marks a clock that runs backwards."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._jump: Gap | None = None

    def stamp(self, own: Moment | None, coarse: Moment | None, arrival: int | None) -> Stamp:
        """The stamp of the next row.

        Args:
            own: the time in the event itself.
            coarse: the time before its line.
            arrival: when the line reached the recorder, nanoseconds.
        """
        if own is not None:
            return self._known(own.ns, own.quality, own.err_us)
        if arrival is not None:
            return self._known(arrival, Quality.ARRIVAL, None)
        if coarse is not None:
            return self._within_second(coarse)
        if self._last is not None:
            return Stamp(self._last, Quality.INTERPOLATED, Source.TRANSCRIPT)
        return Stamp(None, Quality.NONE, Source.TRANSCRIPT)

    def take_jump(self) -> Gap | None:
        """The gap to put before the row stamped last, if the clock went backwards there."""
        jump, self._jump = self._jump, None
        return jump

    def _within_second(self, coarse: Moment) -> Stamp:
        """A line of a known second that follows a row inside that second happened between that row and its end."""
        end = coarse.ns + SECOND
        if self._last is not None and coarse.ns < self._last < end:
            err_us = (end - self._last) // 1000
            return Stamp(self._last, Quality.INTERPOLATED, Source.TRANSCRIPT, err_us)
        return self._known(coarse.ns, coarse.quality, coarse.err_us)

    def _known(self, ns: int, quality: Quality, err_us: int | None) -> Stamp:
        behind = (self._last or 0) - ns
        if self._last is not None and behind > JITTER + (err_us or 0) * 1000:
            self._jump = Gap(
                "clock_jump",
                f"the transcript's clock goes back by {behind / SECOND:.1f} s; times are kept as told",
                start_ts=ns,
                end_ts=self._last,
            )
        if self._last is None or behind < 0 or self._jump is not None:
            self._last = ns
        return Stamp(ns, quality, Source.TRANSCRIPT, err_us)
