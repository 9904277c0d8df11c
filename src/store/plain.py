"""Run text made safe to show: the one table of characters that may steer a terminal or mislead a reader.

Everything that an agent wrote is hostile. C0 and C1 controls can move the cursor, rewrite the clipboard
(OSC 52) or the title; bidirectional controls can make text read as something it is not; characters without a
width hide in a name, and what joins, colours or pairs others is as wide as each terminal thinks, which breaks
the layout of a screen. They are replaced by visible symbols. The app's line filter, the command line and every
exporter use this module and nothing else.
"""

import re
from itertools import chain

_C0_PICTURE_BASE = 0x2400
_UNKNOWN = "\ufffd"

BIDI_CONTROLS = frozenset(
    chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
"""Characters that reorder the text around them (Unicode UAX #9)."""

_UNSEEN = (
    (0x80, 0x9F),
    (0xAD, 0xAD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0x1F3FB, 0x1F3FF),
    (0xE0000, 0xE0FFF),
)
"""C1 controls, surrogates, what Unicode calls default ignorable, interlinear marks, and skin tones of emoji."""
_REGIONAL = range(0x1F1E6, 0x1F200)
"""Letters that a terminal shows one by one, or two of them as a flag."""
_SQUARED_A = 0x1F130
_EMOJI_LOOK = re.compile(
    "(?<=[#*0-9\xa9\xae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]"
)
"""Says how the emoji before it looks; left out, because it hides nothing there and its width is anyone's guess."""

REPLACEMENTS: dict[int, str] = (
    dict.fromkeys(chain.from_iterable(range(first, last + 1) for first, last in _UNSEEN), _UNKNOWN)
    | {c: chr(_C0_PICTURE_BASE + c) for c in range(0x20)}
    | {c: chr(_SQUARED_A + n) for n, c in enumerate(_REGIONAL)}
    | {0x7F: "␡", 0x2028: "␤", 0x2029: "␤"}
)
"""Code point → what is shown instead; made for ``str.translate``."""

HOSTILE = re.compile(
    "[\x00-\x1f\x7f\u2028\u2029"
    + "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in (*_UNSEEN, (_REGIONAL[0], _REGIONAL[-1])))
    + "]"
)
"""Matches one character that must not reach a terminal."""


def plain(text: str) -> str:
    """``text`` on one line with every control replaced by a visible symbol."""
    return _EMOJI_LOOK.sub("", text).translate(REPLACEMENTS) if HOSTILE.search(text) else text


def plain_lines(text: str, tab: int = 4) -> list[str]:
    """``text`` split at line ends (``\\n``, ``\\r\\n``), tabs widened, every other control made visible."""
    return [plain(line.removesuffix("\r").expandtabs(tab)) for line in text.split("\n")]


def clip(text: str, width: int) -> str:
    """At most ``width`` characters of ``text``, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
