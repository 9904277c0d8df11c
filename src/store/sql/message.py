"""DuckDB's errors in one line: what is wrong, where in the query, what it could have been."""

import re
from itertools import pairwise

from store.errors import BadInput, BadQuery

_POSITION = re.compile(r"^LINE (\d+): ")
_CUT = "..."
"""Stands where DuckDB quotes only the part of a long line around the mistake."""
_HINT = re.compile(r"Did you mean|Candidate bindings")
_QUOTED = re.compile(r'"([^"]+)"')
_KIND = re.compile(r"^[A-Z][A-Za-z ]* Error: ")
_LONGEST = 300


def told(error: Exception, sql: str) -> BadInput:
    """What is wrong with ``sql``, with the place where DuckDB's message names one."""
    place = _place(str(error).splitlines(), sql)
    message = one_line(error, sql)
    return BadInput(message) if place is None else BadQuery(message, *place)


def one_line(error: Exception, sql: str = "") -> str:
    """The error as ``what is wrong (line 1, column 5); did you mean …?``."""
    lines = str(error).splitlines() or [type(error).__name__]
    what = _KIND.sub("", lines[0]).rstrip("!. ")
    hints = [hint for line in lines[1:] if _HINT.match(line) for hint in _QUOTED.findall(line)]
    place = _place(lines, sql)
    text = f"{what}{f' ({place_text(*place)})' if place else ''}"
    if hints:
        text += f"; did you mean {', '.join(hints)}?"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def place_text(line: int, column: int) -> str:
    """A place in a query, for people."""
    return f"line {line}, column {column}"


def _place(lines: list[str], sql: str) -> tuple[int, int] | None:
    """The line of the query that DuckDB quotes, and the column that its caret points at."""
    for quoted, caret in pairwise(lines):
        match = _POSITION.match(quoted)
        if match and "^" in caret:
            column = caret.index("^") - match.end()
            return int(match[1]), column + _left_out(quoted[match.end() :], sql, int(match[1])) + 1
    return None


def _left_out(quoted: str, sql: str, number: int) -> int:
    """By how many characters the quoted part of a line stands further left than it does in ``sql``."""
    own = sql.split("\n")
    if not quoted.startswith(_CUT) or number > len(own):
        return 0
    begin = own[number - 1].find(quoted.removeprefix(_CUT).removesuffix(_CUT))
    return max(begin - len(_CUT), 0)
