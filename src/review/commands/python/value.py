"""What is known of a value in an abstract run of a program: its text, and where it comes from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from review.commands.effects import ContentOrigin, How
from review.commands.settings import told_by

_MOST_ROUNDS = 8
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
    fields: tuple[tuple[str, "Value"], ...] = ()
    """Of a dictionary, as far as its keys are constants."""
    store: str | None = None
    """The name of the database or archive that it is a handle of."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that it may be."""
        if self.text is not None:
            return (self.text,)
        return tuple(one.text for one in self.members if one.text is not None)

    @property
    def told_name(self) -> str | None:
        """The name of what it names, where it has that from a settings file; None elsewhere."""
        names = frozenset(origin.name for origin in self.origins if origin.how is How.VALUE)
        return told_by(names) if self.text is None else None

    def field(self, name: str) -> "Value | None":
        """What a dictionary, or each of several, has under a key; None where that is not known."""
        known = [value for key, value in self.fields if key == name]
        known += [found for one in self.members if (found := one.field(name)) is not None]
        if len(known) > 1:
            return Value(origins=union(known).origins, members=tuple(known))
        return known[0] if known else None


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


def rounds_of(value: Value) -> tuple[Value, ...]:
    """What a loop gives round by round, where that is a few known values; nothing elsewhere."""
    known = all(one.text is not None or one.members or one.fields for one in value.members)
    return value.members if known and 1 < len(value.members) <= _MOST_ROUNDS else ()


def split_of(value: Value, split: str) -> Value:
    """One split of datasets of the hub, written ``org/name#split``; all of them as ``#*``."""
    names = ((origin, origin.name.removesuffix("#*")) for origin in value.origins)
    origins = (replace(o, name=f"{name}#{split}") if _HUB_ID.match(name) else o for o, name in names)
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
