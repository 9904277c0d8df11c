"""Source text coloured by token: commands and files. Imported late, Pygments is not needed for the first paint."""

from collections.abc import Iterable

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.shell import BashLexer
from pygments.token import Comment, Keyword, Literal, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

from ptb_tui.state.prose import MOST_LINES, Line, Piece, clipped, left_out
from store.plain import plain_lines

_INKS: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "code_comment"),
    (String, "code_string"),
    (Number, "code_number"),
    (Literal, "code_number"),
    (Keyword, "code_keyword"),
    (Name.Builtin, "code_keyword"),
    (Name.Decorator, "code_keyword"),
)


def shell(text: str) -> list[Line]:
    """A shell command."""
    return _coloured(text, BashLexer(stripnl=False, ensurenl=False))


def source(text: str, path: str) -> list[Line] | None:
    """The text of a file, by its name; None where the name tells no language."""
    try:
        lexer = get_lexer_for_filename(path.rsplit("/", 1)[-1], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return _coloured(text, lexer)


def _coloured(text: str, lexer: Lexer) -> list[Line]:
    # Controls are replaced before the lexer sees them, so that a hostile byte cannot hide in a token.
    lines = plain_lines(text.rstrip("\n"))
    safe = "\n".join(clipped(each) for each in lines[:MOST_LINES])
    found = list(_lines(lexer.get_tokens(safe)))
    if len(lines) > MOST_LINES:
        found.append(left_out(len(lines) - MOST_LINES))
    return found


def _lines(tokens: Iterable[tuple[_TokenType, str]]) -> Iterable[Line]:
    row: list[Piece] = []
    for token, text in tokens:
        ink = next((ink for kind, ink in _INKS if kind in token.split()), "ink")
        first, *more = text.split("\n")
        if first:
            row.append(Piece(first, ink))
        for part in more:
            yield Line(tuple(row))
            row = [Piece(part, ink)] if part else []
    if row:
        yield Line(tuple(row))
