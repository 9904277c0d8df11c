"""Which benchmark items stand verbatim in a text: word 13-grams over decoded strings.

Escapes hide words (``\\n`` glues two of them), so JSON and Python string literals are decoded before anything is
compared. An n-gram that several items share (a rubric's stock phrase, a prompt's frame) proves nothing and is
not used. Items without one of their own are counted as not comparable.
"""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from store.jsonio import loads

GRAM = 13
"""Words in a row; on 5,002 unrelated functions this length gave no false match, 8 gave 16."""

_LONGEST_SOURCE = 1 << 20
"""Characters; what is longer is data, and a syntax tree takes a hundred times its text."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Match:
    """How much of a benchmark a text holds."""

    rows: int
    """Lines of the text (training samples of a JSONL file) that hold an item."""
    items: frozenset[int]
    """Indices of the items found."""
    repetitions: int
    """The most rows that one item has."""


class Reference:
    """The items of an eval file, ready to compare with."""

    def __init__(self, grams: dict[str, int], items: int, comparable: int) -> None:
        self._grams = grams
        # Two words tell nearly always that the thirteen are not there, for a quarter of the price.
        self._beginnings = {tuple(gram.split(" ", 2)[:2]) for gram in grams}
        self.items = items
        """Items in the file."""
        self.comparable = comparable
        """Those with at least one n-gram of their own."""

    @classmethod
    def from_text(cls, text: str) -> "Reference":
        """One item a line (JSON lines, CSV, plain text), or one an element of a JSON array."""
        owners: dict[str, int] = {}
        shared: set[str] = set()
        rows = list(_rows(text))
        for index, strings in enumerate(rows):
            for gram in {gram for string in strings for gram in _grams(string)}:
                if owners.setdefault(gram, index) != index:
                    shared.add(gram)
        grams = {gram: index for gram, index in owners.items() if gram not in shared}
        return cls(grams, len(rows), len(set(grams.values())))

    def find_in(self, text: str) -> Match:
        """The items that stand in ``text``, which may be JSON lines, JSON, Python source or prose."""
        rows: Counter[int] = Counter()
        matching_rows = 0
        for strings in _rows(text):
            found = {item for string in strings for item in self._items_in(string)}
            rows.update(found)
            matching_rows += bool(found)
        return Match(matching_rows, frozenset(rows), max(rows.values(), default=0))

    def _items_in(self, text: str) -> Iterator[int]:
        words = _WORD.findall(text.lower())
        for start, pair in enumerate(pairwise(words)):
            if pair in self._beginnings:
                item = self._grams.get(" ".join(words[start : start + GRAM]))
                if item is not None:
                    yield item


def _rows(text: str) -> Iterator[list[str]]:
    """The decoded strings of each row of ``text``."""
    whole = _json(text)
    if isinstance(whole, list):
        yield from ([*_strings(item)] for item in whole)
        return
    if whole is not None:
        yield [*_strings(whole)]
        return
    lines = [line for line in text.splitlines() if line.strip()]
    # A line of JSON is Python too, so that JSON lines come first.
    if lines and _json(lines[0]) is None and (literals := _python_literals(text)) is not None:
        yield from ([literal] for literal in literals)
    else:
        for line in lines:
            value = _json(line)
            yield [line] if value is None else [*_strings(value)]


def _json(text: str) -> object | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: object = loads(text)
    except ValueError:
        return None
    return value


def _python_literals(text: str) -> list[str] | None:
    """The string literals of Python source, docstrings too; None when ``text`` is none."""
    if len(text) > _LONGEST_SOURCE:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _strings(value: object) -> Iterator[str]:
    """Every string in a JSON value, without the keys."""
    waiting: list[object] = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict() as members:
                waiting.extend(members.values())
            case list() as elements:
                waiting.extend(elements)


def _grams(text: str) -> Iterable[str]:
    words = _WORD.findall(text.lower())
    return (" ".join(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))
