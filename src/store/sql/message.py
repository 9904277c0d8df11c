"""DuckDB's errors in one line: what is wrong, where in the query, what it could have been."""

import re
from itertools import pairwise

_POSITION = re.compile(r"^LINE (\d+): ")
_HINT = re.compile(r"Did you mean|Candidate bindings")
_QUOTED = re.compile(r'"([^"]+)"')
_KIND = re.compile(r"^[A-Z][A-Za-z ]* Error: ")
_LONGEST = 300


def one_line(error: Exception) -> str:
    """The error as ``what is wrong (line 1, at "x"); did you mean …?``."""
    lines = str(error).splitlines() or [type(error).__name__]
    what = _KIND.sub("", lines[0]).rstrip("!. ")
    hints = [hint for line in lines[1:] if _HINT.match(line) for hint in _QUOTED.findall(line)]
    where = _where(lines)
    text = f"{what}{f' ({where})' if where else ''}"
    if hints:
        text += f"; did you mean {', '.join(hints)}?"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _where(lines: list[str]) -> str:
    """The line of the query that DuckDB quotes, and the column that its caret points at."""
    for quoted, caret in pairwise(lines):
        match = _POSITION.match(quoted)
        if match and "^" in caret:
            return f"line {match[1]}, column {caret.index('^') - match.end() + 1}"
    return ""
