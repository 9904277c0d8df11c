"""JSON as ptb prints and stores it: one compact line, orjson's types, nothing in it that can steer a terminal.

JSON lets C1 controls, DEL, bidirectional controls and line separators stand raw inside strings, and a reader of
``ptb … --json`` looks at it in a terminal as often as a program does; so those are written as ``\\uXXXX``, which
every parser turns back into the same text.
"""

import json
import re
from dataclasses import asdict, is_dataclass
from pathlib import PurePath
from typing import Any

import orjson

from store.plain import HOSTILE

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


def dumps(value: object) -> bytes:
    """``value`` as one line of JSON without its line end.

    Takes what orjson takes (dataclasses, enums and datetimes too; NaN becomes null), paths, sets as sorted
    arrays, bytes as text with ``\\xNN`` where they are no UTF-8, and integers of any size.
    """
    try:
        raw = orjson.dumps(value, default=_plain_type, option=_OPTIONS)
    except TypeError:
        # orjson refuses integers over 64 bits and lone surrogates; the slow writer takes both.
        return json.dumps(value, default=_slow_type, separators=(",", ":")).encode("ascii")
    text = raw.decode()
    if text.isascii() and "\x7f" not in text:
        return raw
    # What orjson leaves raw can only stand inside a string, so that escaping keeps the document's meaning.
    return HOSTILE.sub(_escaped, text).encode()


def _escaped(match: re.Match[str]) -> str:
    """A character as JSON writes it: one ``\\uXXXX``, or the two of a surrogate pair."""
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def loads(raw: bytes | str) -> Any:
    """The value of a JSON document; raises :class:`ValueError` for anything else."""
    return orjson.loads(raw)


def _plain_type(value: object) -> object:
    match value:
        case PurePath():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode(errors="backslashreplace")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _slow_type(value: object) -> object:
    try:
        return json.loads(orjson.dumps(value, default=_plain_type, option=_OPTIONS))
    except orjson.JSONEncodeError:
        return asdict(value) if is_dataclass(value) and not isinstance(value, type) else _plain_type(value)
