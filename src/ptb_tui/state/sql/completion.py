"""Completion: what could stand where the cursor is, from the schema of the views and the query as far as it goes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_tui.state.sql.tokens import KEYWORDS, Kind, Token, is_inside, tokens

if TYPE_CHECKING:
    from store.sql.vocabulary import Column, Vocabulary

_WORD = re.compile(r"[^\W\d]\w*\Z")
_QUALIFIED = re.compile(r"([^\W\d]\w*)\.(\w*)\Z")
_TYPICAL = ("count", "sum", "min", "max", "avg", "median", "round", "coalesce", "lower", "regexp_matches")
"""Functions offered before the others."""
_FROM = ("from", "join")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that could stand here."""

    text: str
    kind: str
    """view, column, function, keyword, or a name that the query itself defines."""
    note: str = ""
    """The type of a column; the view it is in where the query names several."""

    @property
    def inserted(self) -> str:
        """What is typed for it."""
        return f"{self.text}(" if self.kind == "function" else self.text


@dataclass(frozen=True, slots=True)
class Completion:
    """The candidates for the word that begins at character ``start``, the likeliest first."""

    start: int
    candidates: tuple[Candidate, ...] = ()


def complete(text: str, at: int, words: "Vocabulary") -> Completion:
    """What the word before character ``at`` could become; nothing inside strings and comments."""
    before = text[:at]
    found = list(tokens(before))
    if found and is_inside(found[-1], at):
        return Completion(at)
    named = _named(list(tokens(text)), words)
    if match := _QUALIFIED.search(before):
        columns = named.get(match[1].lower(), words.views.get(match[1].lower(), ()))
        return _matching(match[2], at, (Candidate(one.name, "column", one.type) for one in columns))
    word = _WORD.search(before)
    typed = word[0] if word else ""
    previous = next((one for one in reversed(found) if one.end <= at - len(typed)), None)
    if previous is not None and previous.is_word(*_FROM):
        tables = (Candidate(name, "view") for name in words.views)
        return _matching(typed, at, (*_defined(found), *tables))
    if not typed:
        return Completion(at)
    return _matching(typed, at, _anything(named, found, words))


def _matching(typed: str, at: int, candidates: Iterable[Candidate]) -> Completion:
    """Those that begin with what was typed, then those that hold it; none where it is complete already.

    A function is not complete without its parenthesis, and many words begin like one (``ord``, ``ORDER``).
    """
    low = typed.lower()
    offered = list(dict.fromkeys(one for one in candidates if low in one.text.lower()))
    if any(one.text.lower() == low and one.kind != "function" for one in offered):
        return Completion(at - len(typed))
    ranked = sorted(offered, key=lambda one: not one.text.lower().startswith(low))
    if len(low) < 2:
        ranked = [one for one in ranked if one.text.lower().startswith(low)]
    return Completion(at - len(typed), tuple(ranked))


def _anything(
    named: Mapping[str, tuple["Column", ...]], found: list[Token], words: "Vocabulary"
) -> Iterator[Candidate]:
    views = {id(columns): columns for columns in named.values()} or {
        id(columns): columns for columns in words.views.values()
    }
    columns = {column.name: column for view in views.values() for column in view}
    held = Counter(column.name for view in views.values() for column in view)
    for name in sorted(columns, key=lambda one: (-held[one], len(one))):
        yield Candidate(name, "column", columns[name].type)
    yield from _defined(found)
    yield from (Candidate(name, "function") for name in _TYPICAL if name in words.functions)
    yield from (Candidate(name.upper(), "keyword") for name in sorted(KEYWORDS))
    yield from (Candidate(name, "view") for name in words.views)
    yield from (Candidate(name, "function") for name in words.functions if name not in _TYPICAL)


def _named(found: list[Token], words: "Vocabulary") -> dict[str, tuple["Column", ...]]:
    """The views of the query by the names it calls them: their own, or an alias."""
    named: dict[str, tuple[Column, ...]] = {}
    for place, token in enumerate(found):
        columns = words.views.get(token.text.lower())
        if columns is None or place == 0 or not _is_table(found, place):
            continue
        alias = next((one for one in found[place + 1 : place + 3] if not one.is_word("as")), None)
        is_alias = alias is not None and alias.kind is Kind.NAME
        named[(alias.text if is_alias and alias else token.text).lower()] = columns
    return named


def _is_table(found: list[Token], place: int) -> bool:
    """Whether it stands where a table does: after FROM or JOIN, or after a comma in such a list."""
    for token in reversed(found[:place]):
        if token.is_word(*_FROM):
            return True
        if token.kind is Kind.KEYWORD and not token.is_word("as"):
            return False
        if token.kind is Kind.SIGN and token.text != ",":
            return False
    return False


def _defined(found: list[Token]) -> Iterator[Candidate]:
    """Names of the WITH tables so far."""
    for name, word, sign in zip(found, found[1:], found[2:], strict=False):
        if name.kind is Kind.NAME and word.is_word("as") and sign.text == "(":
            yield Candidate(name.text, "with")
