"""Names of keys: Textual's, those that people read, and those that they write in their settings."""

import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

LABELS = {
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "slash": "/",
    "colon": ":",
    "semicolon": ";",
    "question_mark": "?",
    "space": "space",
    "enter": "⏎",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pagedown": "pgdn",
    "pageup": "pgup",
}
"""Textual's name → what the app shows."""
_SIGNS = {"ctrl": "^", "shift": "⇧", "alt": "⌥"}


def _named(char: str) -> str:
    """Textual names characters that are no letters or digits after Unicode."""
    if char.isalnum():
        return char
    name = unicodedata.name(char, "").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


_TYPED = frozenset(_named(chr(code)) for code in range(33, 127))
"""What a key for one character of ASCII is called."""
_SENT = frozenset(key.value for key in Keys) | _TYPED
"""Keys that a terminal sends without a modifier, or with one that Textual knows it by."""
_SHOWN = {label: key for key, label in LABELS.items()}


def key_label(key: str) -> str:
    """How people read a key: ``^d`` for ``ctrl+d``, ``⇧→`` for ``shift+right``."""
    *modifiers, base = key.split("+") if key != "+" else [key]
    if base not in LABELS and base in _TYPED and len(base) > 1:
        label = next(chr(code) for code in range(33, 127) if _named(chr(code)) == base)
    else:
        label = LABELS.get(base, base)
    return "".join(_SIGNS.get(name, name) for name in modifiers) + label


def parse_key(text: str) -> str | None:
    """Textual's name of a key, or None for none.

    ``x``, ``?``, ``ctrl+d``, ``shift+right``, ``full_stop``, and what the app shows: ``^d``, ``⇧→``, ``⏎``, ``pgdn``.
    """
    text = " " if text == " " else text.strip()
    for name, sign in _SIGNS.items():
        if len(text) > 1 and text.startswith(sign):
            text = f"{name}+{text[1:]}"
    modifier, plus, base = (
        text.rpartition("+") if len(text) > 1 and not text.endswith("+") else ("", "", text)
    )
    base = "space" if base == " " else _SHOWN.get(base, base)
    known = base in _SENT or (len(base) == 1 and base.isprintable())
    if len(base) == 1:
        base = _named(base)
    key = f"{modifier}{plus}{base}"
    return key if key in _SENT or (known and (not modifier or modifier in _SIGNS)) else None
