"""Texts on their way to the disk: made valid UTF-8, and interned, so that each distinct one is written once."""

import re
from dataclasses import fields, replace
from typing import Any, TypeVar

from store.manifest import Facts, SourceInfo

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
Told = TypeVar("Told", Facts, SourceInfo)

FORGET_AFTER = 1_000_000
"""Distinct texts remembered; past that the memory starts anew and a text may get a second id."""


def spelled(text: str) -> str:
    """``text`` with what no UTF-8 can hold spelled out: a byte that Python escaped as ``\\xNN``, a surrogate as ``\\uNNNN``."""
    return text if text.isascii() else _SURROGATE.sub(_spell, text)


def spelled_facts(record: Told) -> Told:
    """``record`` with every text in it :func:`spelled`: a command line holds whatever the caller's shell gave it."""
    changes: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, str):
            changes[field.name] = spelled(value)
    return replace(record, **changes)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if code in _ESCAPED_BYTES else f"\\u{code:04x}"


class Interner:
    """Gives ids to texts and hands the new ones over at each flush."""

    def __init__(self, next_id: int = 0) -> None:
        self._ids: dict[str, int] = {}
        self._next = next_id
        self._new: list[str] = []

    def id(self, text: str) -> int:
        """The id of ``text``, new if it was never seen."""
        known = self._ids.get(text)
        if known is not None:
            return known
        if len(self._ids) >= FORGET_AFTER:
            self._ids.clear()
        number = self._next
        self._ids[text] = number
        self._next += 1
        self._new.append(spelled(text))
        return number

    def take_new(self) -> tuple[int, list[str]]:
        """Texts interned since the last call: the id of the first, and all of them in order of id."""
        new, self._new = self._new, []
        return self._next - len(new), new
