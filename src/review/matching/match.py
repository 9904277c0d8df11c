"""What matching says: which item, in which guise, how much of it, and where."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The part of an item that was found."""

    QUESTION = "question"
    CODE = "code"
    """Question and answer together, as the syntax tree of a program."""
    ANSWER = "answer"
    PASSAGE = "passage"


QUESTIONS = (Part.QUESTION, Part.CODE)
"""The parts that have an item's question in them."""


class Kind(StrEnum):
    """How the text differs from the item."""

    VERBATIM = "verbatim"
    REFORMATTED = "reformatted"
    """The same words or code in another layout, case or punctuation."""
    RENAMED = "renamed"
    """The same code with other names."""
    REWORDED = "reworded"
    """Some of the words are others, or missing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a text."""

    start: int
    """Byte offset."""
    end: int
    line: int
    """1-based, of ``start``."""


@dataclass(frozen=True, slots=True)
class Match:
    """An item in a text; ``text`` beside ``item_text`` is the matched pair."""

    item: str
    part: Part
    kind: Kind
    share: float
    """Of the part, weighed by rarity of its words or by size of its statements."""
    place: Place
    text: str
    """What stands there; run text, hostile."""
    item_text: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of a benchmark a text holds."""

    rows: int
    """Training samples that hold an item."""
    items: frozenset[str]
    repetitions: int
    """The most rows that one item has."""


def tally(matches: Iterable[Match]) -> Tally:
    """Rows, distinct items and repetitions of all ``matches`` of one text.

    Samples are lines, as in JSON lines, unless all that was found stands on one line.
    """
    by_item: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        by_item[match.item].append(match)
    copies: dict[int, Counter[str]] = defaultdict(Counter)
    for item, those in by_item.items():
        for line, count in _copies(those).items():
            copies[line][item] += count
    per_line = [counts.values() for counts in copies.values()]
    return Tally(
        rows=sum(map(sum, per_line)) if len(per_line) == 1 else sum(map(max, per_line)),
        items=frozenset(by_item),
        repetitions=max((sum(counts[item] for counts in copies.values()) for item in by_item), default=0),
    )


_AS_MUCH = 0.7
"""Of the largest share on a line, that makes another copy; an answer that repeats half of its question makes none."""


def _copies(matches: list[Match]) -> dict[int, int]:
    """Line → copies of one item that stand there, counted by its question where that was found."""
    part = min((match.part for match in matches), key=list(Part).index)
    shares: dict[int, list[float]] = defaultdict(list)
    for match in matches:
        if match.part is part:
            shares[match.place.line].append(match.share)
    return {line: sum(share >= _AS_MUCH * max(those) for share in those) for line, those in shares.items()}
