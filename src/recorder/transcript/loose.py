"""Reads back the almost-JSON that PostTrainBench's formatters write: strings with a line break stand unquoted.

``{"a": "x\\ny", "b": 1}`` is printed as::

    {
      "a": x
    y,
      "b": 1
    }

Where such a text ends cannot always be told from its content, so keys are taken for keys only where they fit.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from recorder.transcript.decode import Json

_KEY = re.compile(r'( *)"([^"\\]{1,64})": ?')
MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known of an object's keys, so that a line inside a text that looks like a key stays text."""

    names: frozenset[str] = frozenset()
    """All that it can have; empty when they are not known."""
    closing: frozenset[str] = frozenset()
    """Those that follow every text, so that of several such lines the last is the key."""
    below: Mapping[str, "Keys"] = field(default_factory=dict)
    """Of the objects under its keys."""


ANY = Keys()


def read_object(lines: list[str], keys: Keys = ANY) -> Json | None:
    """The object printed in ``lines``, or None when it is no such thing.

    ``lines`` have lost the indentation of the whole; the first is ``{`` and the last ``}``.
    """
    if not lines or lines[0] != "{" or lines[-1] != "}":
        return {} if lines == ["{}"] else None
    return _Reader(lines).read_object(1, len(lines) - 1, 1, keys)


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def read_object(self, start: int, end: int, level: int, keys: Keys) -> Json | None:
        """The keys in ``lines[start:end]``, indented by two blanks a level."""
        starts: list[tuple[int, str, int]] = []
        for index in range(start, end):
            match = _KEY.match(self._lines[index])
            if match is None or len(match[1]) != 2 * level:
                continue
            if self._fits(match[2], index, starts, keys):
                starts = [earlier for earlier in starts if earlier[1] != match[2]]
                starts.append((index, match[2], match.end()))
        if not starts or starts[0][0] != start:
            return None
        found: Json = {}
        for position, (index, key, column) in enumerate(starts):
            last = position + 1 == len(starts)
            stop = end if last else starts[position + 1][0]
            text = [self._lines[index][column:], *self._lines[index + 1 : stop]]
            if not last:
                text[-1] = text[-1].removesuffix(",")
            found[key] = self._value(text, index, stop, level, keys.below.get(key, ANY))
        return found

    def _fits(self, key: str, index: int, starts: list[tuple[int, str, int]], keys: Keys) -> bool:
        if any(key == seen for _, seen, _ in starts) and key not in keys.closing:
            return False
        if starts and not self._lines[index - 1].endswith(","):
            return False
        return not keys.names or key in keys.names

    def _value(self, text: list[str], index: int, stop: int, level: int, keys: Keys) -> object:
        if len(text) == 1:
            try:
                return json.loads(text[0])
            except (ValueError, RecursionError):
                return text[0]
        if text[0] == "{" and text[-1] == "  " * level + "}" and level < MAX_DEPTH:
            nested = self.read_object(index + 1, stop - 1, level + 1, keys)
            if nested is not None:
                return nested
        if text[0] == "[" and text[-1] == "  " * level + "]":
            items = _items(text[1:-1])
            if items is not None:
                return items
        return "\n".join(text)


def _items(lines: list[str]) -> list[object] | None:
    """The items of a list that is strict JSON; None for one that holds unquoted text."""
    try:
        found = json.loads("[" + "\n".join(lines) + "]")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None
