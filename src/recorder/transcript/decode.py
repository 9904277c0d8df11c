"""One line of a stream as JSON, whatever is wrong with it, and typed looks into what came out."""

import json

import orjson

from store.strings import spelled

Json = dict[str, object]
"""A JSON object as decoded; nothing about its values is known."""

_INT64 = range(-(2**63), 2**63)


def decode_object(data: bytes) -> Json | None:
    """The JSON object in ``data``, or None when it is no JSON or not an object.

    Invalid UTF-8 and lone surrogates inside strings become ``\\xNN`` and ``\\uNNNN``; of duplicate keys the last wins.
    """
    if data.lstrip()[:1] != b"{":
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            value = _clean(json.loads(data.decode("utf-8", "surrogateescape")))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def encode(value: object) -> str:
    """``value`` as compact JSON."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def string(value: Json, *keys: str) -> str | None:
    """The first of ``keys`` that holds a string."""
    return next((found for key in keys if isinstance(found := value.get(key), str)), None)


def integer(value: Json, key: str) -> int | None:
    """An integer that a 64-bit column can hold."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found in _INT64 else None


def number(value: Json, key: str) -> float | None:
    """A number as float."""
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        return float(found)
    except OverflowError:
        return None


def child(value: Json, key: str) -> Json:
    """The object under ``key``; empty when there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def children(value: Json, key: str) -> list[Json]:
    """The objects in the list under ``key``."""
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _clean(value: object) -> object:
    if isinstance(value, str):
        return spelled(value)
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
