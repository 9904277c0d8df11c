"""What is known of a value in an abstract run of a program: its text, and where it comes from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from review.commands.effects import ContentOrigin

_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of one value."""

    text: str | None = None
    """What it is, where that can be told."""
    origins: frozenset[ContentOrigin] = frozenset()
    opened: str | None = None
    """The name that it is open for writing at."""
    members: tuple["Value", ...] = ()
    """Of a short list or tuple of texts."""


NOTHING = Value()
"""A value of which nothing is known."""


def union(values: Iterable[Value]) -> Value:
    """A value made of these: it comes from all that they come from."""
    told = list(values)
    origins = frozenset(origin for value in told for origin in value.origins)
    return Value(told[0].text if len(told) == 1 else None, origins)


def element_of(value: Value) -> Value:
    """What a loop over ``value`` gives: its only member, or something of the same origin."""
    if len(value.members) == 1:
        return value.members[0]
    return Value(origins=value.origins | union(value.members).origins, members=value.members)


def split_of(value: Value, split: str) -> Value:
    """One split of datasets of the hub, written ``org/name#split``."""
    origins = (replace(o, name=f"{o.name}#{split}") if _HUB_ID.match(o.name) else o for o in value.origins)
    return Value(origins=frozenset(origins))


def text_of(value: object) -> str | None:
    """A constant as text; None where it is none."""
    match value:
        case str():
            return value
        case bytes():
            return value.decode(errors="replace")
        case _:
            return None
