"""Times as people write and read them: ``3:41``, ``+10m``, ``14:32``, a seq.

Everything inside is nanoseconds; a run's own time (T+) counts from its first event.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.errors import BadInput

SECOND = 1_000_000_000
_DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_OFFSET = re.compile(r"([+-])\s*((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)\s*)+)$")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|m|s)")
_CLOCK = re.compile(r"(t\+)?\s*(\d+):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(utc|z)?$", re.IGNORECASE)
_SEQ = re.compile(r"(?:#|seq\s*)(\d+)$", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%$")

GO_TO_HINT = "3:41 · 14:32 utc · +10m · 50% · #1234 (seq)"


@dataclass(frozen=True, slots=True)
class GoToTime:
    """A place in the run, by time."""

    ts: int
    """Nanoseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class GoToSeq:
    """A place in the run, by event."""

    seq: int


GoTo = GoToTime | GoToSeq


def parse_go_to(text: str, start: int | None, end: int | None, now: int | None) -> GoTo:
    """Where ``text`` points in a run that spans ``start`` to ``end`` with the playhead at ``now``.

    ``h:mm`` and ``h:mm:ss`` count from the start of the run as long as the run is that long, otherwise (or with
    ``utc``) they are a time of day; ``+10m``, ``-1h30m`` move from the playhead; ``50%`` is a part of the run;
    a bare number or ``#n`` is a seq. Raises :class:`BadInput`, also for times in a run without a clock.
    """
    words = text.strip().lower()
    if match := _SEQ.match(words):
        return GoToSeq(int(match[1]))
    if words.isdigit():
        return GoToSeq(int(words))
    if start is None or end is None:
        raise BadInput(f"this run has no clock: go to an event by its number, #1234, not {text.strip()!r}")
    if match := _OFFSET.match(words):
        span = sum(int(float(number) * _UNITS[unit]) for number, unit in _PART.findall(match[2]))
        here = start if now is None else now
        return GoToTime(here + (span if match[1] == "+" else -span))
    if match := _PERCENT.match(words):
        return GoToTime(start + int((end - start) * min(float(match[1]), 100) / 100))
    if match := _CLOCK.match(words):
        return GoToTime(_clock_time(match, start, end))
    raise BadInput(f"not a time in this run: {text.strip()!r} (write {GO_TO_HINT})")


def _clock_time(match: re.Match[str], start: int, end: int) -> int:
    hours, minutes, seconds = int(match[2]), int(match[3]), int(match[4] or 0)
    fraction = int((match[5] or "0").ljust(9, "0"))
    since = (hours * 3600 + minutes * 60 + seconds) * SECOND + fraction
    if match[1] or (not match[6] and start + since <= end):
        return start + since
    midnight = start - start % _DAY
    of_day = midnight + since
    return of_day + _DAY if of_day < start and of_day + _DAY <= end else of_day


def elapsed(ns: int, *, fine: bool = False) -> str:
    """``ns`` as ``h:mm:ss`` (two digits of hours at least), with milliseconds when ``fine``."""
    sign = "-" if ns < 0 else ""
    ms = abs(ns) // 1_000_000
    hours, rest = divmod(ms // 1000, 3600)
    text = f"{sign}{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{text}.{ms % 1000:03}" if fine else text


def brief(ns: int) -> str:
    """A duration in its two largest units: ``10h 02m``, ``3m 20s``, ``1.24 s``, ``15 ms``, ``40 µs``."""
    seconds = ns / SECOND
    if abs(ns) < 1_000_000:
        return f"{ns / 1000:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes = int(seconds) // 60
    if minutes < 60:
        return f"{minutes}m {int(seconds) % 60:02}s"
    hours = minutes // 60
    if hours < 48:
        return f"{hours}h {minutes % 60:02}m"
    return f"{hours // 24}d {hours % 24:02}h"


def utc(ns: int, *, fine: bool = False) -> str:
    """``2026-04-03 17:46:39 UTC``, with milliseconds when ``fine``."""
    moment = _moment(ns)
    if moment is None:
        return "date out of range"
    milliseconds = f".{ns // 1_000_000 % 1000:03}" if fine else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{milliseconds} UTC"


def day_and_time(ns: int) -> str:
    """``2026-04-03 17:46``."""
    moment = _moment(ns)
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "?"


def _moment(ns: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return None


def size(count: int) -> str:
    """Bytes in decimal units with two or three digits: ``412 B``, ``2.9 MB``."""
    if abs(count) < 1000:
        return f"{count} B"
    value, units = count / 1000, ["TB", "GB", "MB", "kB"]
    while abs(value) >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop()
    return f"{value:.1f} {units[-1]}" if abs(value) < 99.95 else f"{value:.0f} {units[-1]}"


def many(count: int) -> str:
    """A count short enough for a margin: ``412``, ``40,112``, ``9.8 M``."""
    if count < 1_000_000:
        return f"{count:,}"
    return f"{count / 1_000_000:.1f} M"
