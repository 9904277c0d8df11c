"""Text of a run as SQL literals; what an agent named its files must never end the quotes around it."""

from collections.abc import Iterable


def text_literal(text: str) -> str:
    """``text`` in quotes. DuckDB knows no escape inside them but the doubled quote; NUL cannot be written."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


def text_list(texts: Iterable[str]) -> str:
    """A list for ``IN``; never empty, because SQL has no such list."""
    return f"({', '.join(map(text_literal, texts)) or 'NULL'})"
