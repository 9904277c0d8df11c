"""Times as text for programs: ISO 8601, UTC, in microseconds; what people read is the app's business."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(ns: int | None) -> str | None:
    """``2026-04-03T17:46:39.000000Z``; None for no time, and for one that no calendar has."""
    if ns is None:
        return None
    try:
        moment = _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
