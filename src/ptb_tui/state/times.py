"""Times as people write and read them: ``3:41``, ``+10m``, ``14:32``, a seq.

Everything inside is nanoseconds; a run's own time (T+) counts from its first event.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.counting import noun
from store.errors import BadInput

SECOND = 1_000_000_000
FINE_BELOW = 20 * 60 * SECOND
"""Runs shorter than this show milliseconds."""
_DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_SPAN = re.compile(r"([+-]?)\s*((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)\s*)+)$", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|m|s)", re.ASCII)
_CLOCK = re.compile(r"(t\+)?\s*(\d+):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(utc|z)?$", re.ASCII)
_SEQ = re.compile(r"(?:#|seq\s*)?(\d+)$", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%$", re.ASCII)

GO_TO_HINT = "3:41 · 90s · 14:32 utc · +10m · 50% · end · #1234 (seq)"


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

    ``h:mm`` (``m:ss`` in a run shorter than an hour), ``h:mm:ss`` and ``1h30m``, ``90s``, ``500ms`` count from the
    start of the run; a time past its end, or with ``utc``, is a time of day. ``+10m``, ``-1h30m`` move from the
    playhead; ``50%`` is a part of the run; ``start`` and ``end`` are its ends; a bare number or ``#n`` is a seq.
    Raises :class:`BadInput` for what is none of these, lies outside of the run, or is a time in a run without a clock.
    """
    words = text.strip().lower()
    if match := _SEQ.match(words):
        return GoToSeq(int(match[1]))
    if start is None or end is None:
        raise BadInput(f"this run has no clock: go to an event by its number, #1234, not {text.strip()!r}")
    at = _time(words, start, end, start if now is None else now)
    if at is None:
        raise BadInput(f"not a time in this run: {text.strip()!r} (write {GO_TO_HINT})")
    if not start <= at <= end:
        raise BadInput(
            f"{text.strip()} is {'before the start' if at < start else 'past the end'} of this run, which lasted "
            f"{elapsed(end - start, fine=True)}, {utc(start)} (start) to {utc(end)} (end)"
        )
    return GoToTime(at)


def _time(words: str, start: int, end: int, now: int) -> int | None:
    """Nanoseconds since the epoch; None for what is no time."""
    if words in ("start", "end"):
        return start if words == "start" else end
    if match := _SPAN.match(words):
        span = sum(round(float(number) * _UNITS[unit]) for number, unit in _PART.findall(match[2]))
        return {"+": now + span, "-": now - span, "": start + span}[match[1]]
    if (match := _PERCENT.match(words)) and float(match[1]) <= 100:
        return start + int((end - start) * float(match[1]) / 100)
    if match := _CLOCK.match(words):
        return _clock_time(match, start, end)
    return None


def _clock_time(match: re.Match[str], start: int, end: int) -> int | None:
    first, second, third = int(match[2]), int(match[3]), int(match[4] or 0)
    if second > 59 or third > 59:
        return None
    since = (first * 3600 + second * 60 + third) * SECOND + int((match[5] or "0").ljust(9, "0"))
    in_run = start + (since // 60 if match[4] is None and end - start < 3600 * SECOND else since)
    if match[1] or (not match[6] and in_run <= end):
        return in_run
    of_day = start - start % _DAY + since
    if of_day < start and of_day + _DAY <= end:
        of_day += _DAY
    if match[6]:
        return of_day if first < 24 else None
    return of_day if first < 24 and start <= of_day <= end else in_run


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


def counted(count: int, one: str, more: str | None = None) -> str:
    """A count, short enough for a screen, with its noun: ``1 gap``, ``9.8 M gaps``."""
    return f"{many(count)} {noun(count, one, more)}"


def many(count: int) -> str:
    """A count short enough for a margin: ``412``, ``40,112``, ``9.8 M``."""
    if count < 1_000_000:
        return f"{count:,}"
    return f"{count / 1_000_000:.1f} M"
