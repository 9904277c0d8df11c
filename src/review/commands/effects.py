"""What the text of a program says about content: which names it reads, which it writes, and what goes into what."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

_MODEL = re.compile(r"\.(safetensors|bin|pt|pth|gguf|ckpt|npz)$|(^|/)final_model/?$")
_LONGEST_FIELD = 200
_MOST_FIELDS = 2000

ANYTHING = "*"
"""Stands among the texts that a program passes names over by for a condition that cannot be told."""


class How(IntEnum):
    """In which way content gets from one name into another; the lower, the more of it."""

    VALUE = 0
    """The content itself, perhaps reworded."""
    CHOICE = 1
    """It decides which of other content is taken: an index, a list of failed items."""
    COUNTS = 2
    """Only numbers about it: a length, a distribution."""


@dataclass(frozen=True, slots=True)
class ContentOrigin:
    """A part of where a value comes from."""

    name: str
    """A path, a hub id or a URL, as the program has it."""
    how: How


def _in_order(origins: Iterable[ContentOrigin]) -> list[ContentOrigin]:
    return sorted(origins, key=lambda one: (one.how, one.name))


def as_counts(origins: Iterable[ContentOrigin]) -> frozenset[ContentOrigin]:
    """Where numbers about what has these origins come from."""
    return frozenset(ContentOrigin(origin.name, How.COUNTS) for origin in origins)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Content of ``source`` is written to ``target``."""

    source: str
    target: str
    how: How


@dataclass(frozen=True, slots=True)
class Field:
    """A text that a program puts under a key."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text, or a pattern of texts, for which a program puts another."""

    old: str
    new: str


@dataclass(slots=True)
class Effects:
    """All that a program does, as far as its text tells."""

    reads: dict[str, None] = field(default_factory=dict)
    """Names in the order in which they are met."""
    writes: dict[str, None] = field(default_factory=dict)
    transfers: dict[Transfer, None] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    """Texts that stand in the program itself and are written as they are, by target."""
    models: dict[str, None] = field(default_factory=dict)
    """Names of weights, or of folders of them, that are written."""
    checkpoints: dict[str, None] = field(default_factory=dict)
    """Names that models were loaded by."""
    commands: dict[str, None] = field(default_factory=dict)
    """Shell commands that it starts."""
    whole: bool = True
    """Whether all of the program could be followed."""
    spared: dict[str, None] = field(default_factory=dict)
    """Texts by which it passes over what it meets."""
    chosen: dict[str, None] = field(default_factory=dict)
    """Texts by which it chooses files among those that it finds."""
    fields: dict[Field, None] = field(default_factory=dict)
    """Texts that it puts under a key of a dictionary, or that it gives to an attribute or a named argument."""
    replaced: dict[Replaced, None] = field(default_factory=dict)
    """Texts in the place of which it puts another in what it reads."""

    def put(self, key: str, texts: Iterable[str]) -> None:
        """It puts these texts under a key; those of a long program that come late are left out."""
        for text in texts:
            if len(text) <= _LONGEST_FIELD and len(self.fields) < _MOST_FIELDS:
                self.fields.setdefault(Field(key, text))

    def replace(self, old: str, new: str) -> None:
        """It puts one text in the place of another."""
        if max(len(old), len(new)) <= _LONGEST_FIELD and len(self.replaced) < _MOST_FIELDS:
            self.replaced.setdefault(Replaced(old, new))

    def read(self, name: str) -> None:
        """It takes in ``name``."""
        self.reads.setdefault(name)

    def load(self, *names: str) -> frozenset[ContentOrigin]:
        """It takes in these; where what it then has comes from."""
        for name in names:
            self.read(name)
        return frozenset(ContentOrigin(name, How.VALUE) for name in names)

    def hold(self, target: str, text: str) -> None:
        """It adds a text of its own to ``target``."""
        self.contents[target] = self.contents.get(target, "") + text

    def write(self, target: str, origins: frozenset[ContentOrigin] = frozenset()) -> None:
        """It writes ``target`` from what has these origins."""
        self.writes.setdefault(target)
        if _MODEL.search(target):
            self.models.setdefault(target)
        for origin in _in_order(origins):
            self.transfers.setdefault(Transfer(origin.name, target, origin.how))

    def given(self, name: str, origins: frozenset[ContentOrigin]) -> None:
        """What it takes from ``name``, its input, comes from there."""
        self.reads.pop(name, None)
        for one in [transfer for transfer in self.transfers if transfer.source == name]:
            del self.transfers[one]
            for origin in _in_order(origins):
                self.transfers.setdefault(Transfer(origin.name, one.target, max(one.how, origin.how)))

    def add(self, other: "Effects") -> None:
        """What another program, run by this one, does as well."""
        self.reads.update(other.reads)
        self.writes.update(other.writes)
        self.transfers.update(other.transfers)
        self.contents.update(other.contents)
        self.models.update(other.models)
        self.checkpoints.update(other.checkpoints)
        self.whole &= other.whole
        self.spared.update(other.spared)
        self.chosen.update(other.chosen)
        self.fields.update(other.fields)
        self.replaced.update(other.replaced)

    def placed(self, path: Callable[[str], str]) -> "Effects":
        """The same with every name as ``path`` gives it."""
        return Effects(
            {path(name): None for name in self.reads},
            {path(name): None for name in self.writes},
            {Transfer(path(t.source), path(t.target), t.how): None for t in self.transfers},
            {path(name): text for name, text in self.contents.items()},
            {path(name): None for name in self.models},
            self.checkpoints,
            self.commands,
            self.whole,
            self.spared,
            self.chosen,
            self.fields,
            self.replaced,
        )
