"""Run text made safe to show: the one table of characters that may steer a terminal or mislead a reader.

Everything that an agent wrote is hostile. C0 and C1 controls can move the cursor, rewrite the clipboard
(OSC 52) or the title; bidirectional controls can make text read as something it is not. They are replaced by
visible symbols. The app's line filter, the command line and every exporter use this module and nothing else.
"""

import re

_C0_PICTURE_BASE = 0x2400

BIDI_CONTROLS = frozenset(
    chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
"""Characters that reorder the text around them (Unicode UAX #9)."""

_SPECIAL = {0x7F: "␡", 0x2028: "␤", 0x2029: "␤", 0xFEFF: "\ufffd"}

REPLACEMENTS: dict[int, str] = (
    {c: chr(_C0_PICTURE_BASE + c) for c in range(0x20)}
    | dict.fromkeys(range(128, 160), "�")
    | {ord(c): "\ufffd" for c in BIDI_CONTROLS}
    | dict.fromkeys(range(55296, 57344), "�")
    | _SPECIAL
)
"""Code point → what is shown instead; made for ``str.translate``."""

HOSTILE = re.compile("[" + "".join(re.escape(chr(c)) for c in REPLACEMENTS) + "]")
"""Matches one character that must not reach a terminal."""


def plain(text: str) -> str:
    """``text`` on one line with every control replaced by a visible symbol."""
    return text.translate(REPLACEMENTS) if HOSTILE.search(text) else text


def plain_lines(text: str, tab: int = 4) -> list[str]:
    """``text`` split at line ends (``\\n``, ``\\r\\n``), tabs widened, every other control made visible."""
    return [plain(line.removesuffix("\r").expandtabs(tab)) for line in text.split("\n")]


def clip(text: str, width: int) -> str:
    """At most ``width`` characters of ``text``, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
