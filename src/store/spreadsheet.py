"""Cells of CSV files as a spreadsheet may open them: run text that it would compute is made text again."""

from store.plain import REPLACEMENTS

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of text that spreadsheets take for a formula (OWASP, CSV injection)."""
_CONTROLS = {code: shown for code, shown in REPLACEMENTS.items() if code not in (0x09, 0x0A)}
"""Lines and tabs stay what they are inside a quoted cell."""


def text_cell(text: str) -> str:
    """``text`` with a ``'`` before it where a spreadsheet would run it, and visible controls."""
    return ("'" if text.startswith(_FORMULA) else "") + visible(text)


def visible(text: str) -> str:
    """``text`` with every control but line ends and tabs made visible."""
    return text.translate(_CONTROLS)
