"""Run text in Markdown: always a code block or code span, with controls made visible, never markup."""

import re

from store.plain import plain, plain_lines

_TICKS = re.compile("`+")


def block(text: str) -> str:
    """A fenced block that nothing in ``text`` can close."""
    fence = "`" * max(3, _longest(text) + 1)
    lines = "\n".join(plain_lines(text))
    return f"{fence}text\n{lines}\n{fence}"


def span(text: str) -> str:
    """A code span on one line; bars are kept out, because they end a cell of a table."""
    shown = plain(text).replace("|", "¦") or " "
    ticks = "`" * (_longest(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
