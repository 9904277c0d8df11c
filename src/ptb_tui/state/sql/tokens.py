"""A query cut into tokens: what the editor colours and completion looks back at.

Written here and not left to a lexer of Pygments, because those know other dialects, and take names of columns
(``text``, ``match``) for keywords.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_WORDS = (
    "all and anti any as asc asof between by case cast cross desc describe distinct else end except exclude exists"
    " false filter first from full glob group having ilike in inner intersect interval is isnull join last lateral"
    " left like limit natural not notnull null nulls offset on or order outer over partition qualify range recursive"
    " replace right rows sample select semi show similar summarize tables then true try_cast unbounded preceding"
    " following current row union unpivot pivot using values when where window with"
)
KEYWORDS = frozenset(_WORDS.split())
"""Words with a meaning of their own in what a query may be, lower-case."""

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<string>'(?:[^']|'')*(?:'|\Z))"
    r'|(?P<quoted>"(?:[^"]|"")*(?:"|\Z))'
    r"|(?P<number>\d\w*(?:\.\d+)?(?:(?<=[eE])[+-]?\d+)?)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<sign>[^\s\w])",
    re.DOTALL,
)


class Kind(StrEnum):
    """What a token is."""

    COMMENT = "comment"
    STRING = "string"
    QUOTED = "quoted"
    NUMBER = "number"
    KEYWORD = "keyword"
    FUNCTION = "function"
    NAME = "name"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query, characters ``start`` to ``end`` of it."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The character behind it."""
        return self.start + len(self.text)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords."""
        return self.kind is Kind.KEYWORD and self.text.lower() in words


def tokens(text: str) -> Iterator[Token]:
    """The tokens of ``text``; what is opened and not closed reaches to its end."""
    for found in _TOKEN.finditer(text):
        name = found.lastgroup or ""
        if name == "word":
            kind = Kind.NAME
            if found[0].lower() in KEYWORDS:
                kind = Kind.KEYWORD
            elif text[found.end() : found.end() + 1] == "(":
                kind = Kind.FUNCTION
        else:
            kind = Kind(name)
        yield Token(kind, found[0], found.start())


def is_inside(token: Token, at: int) -> bool:
    """Whether a cursor at ``at`` stands in a comment, string or quoted name."""
    closed = {
        Kind.STRING: len(token.text) > 1 and token.text.endswith("'"),
        Kind.QUOTED: len(token.text) > 1 and token.text.endswith('"'),
        Kind.COMMENT: token.text.endswith("*/"),
    }
    if token.kind not in closed:
        return False
    return token.start < at < token.end or (at == token.end and not closed[token.kind])
