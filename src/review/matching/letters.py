"""Text as bytes of words and blanks, each where it stood: escapes decoded in place, punctuation and case gone.

Escapes hide words: in source and JSON, ``\\n`` glues two of them and ``\\u2019`` is an apostrophe. They are replaced
without a parser, whatever language the text is in and however often it was escaped. A sequence that decodes to fewer
bytes leaves :data:`NOTHING` behind, so that places stay those of the original.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Indices = NDArray[np.intp]

BLANK, NOTHING = 0x20, 0
"""What separates words, and what is no part of the text at all (a zero-width character)."""
OPERATORS = b"+-*/%<>=!&|^~[]."
"""Symbols of code that layout and taste leave alone; quotes, commas, colons and parentheses come and go."""

_BLANK_ESCAPES = b"nrtfvb"
_BACKSLASH, _U, _X = b"\\ux"
_SOFT_HYPHEN, _BYTE_ORDER_MARK = 0xAD, 0xFEFF
_LATIN_1_LETTERS = 0xC3
"""Lead byte of U+00C0 to U+00FF."""
_MOST_UTF8 = 3


def letters_of(data: bytes, *, operators: bool) -> Bytes:
    """As many values as ``data`` has bytes: parts of words in lower case, :data:`BLANK` or :data:`NOTHING`."""
    values = np.frombuffer(data, np.uint8)
    if b"\\" in data:
        values = values.copy()
        at = np.flatnonzero(values[:-1] == _BACKSLASH)
        after = values[at + 1]
        blank = at[_is_blank_escape()[after]]
        values[blank] = values[blank + 1] = BLANK
        values[at[after == _BACKSLASH]] = NOTHING  # the same escape once more
        _decode(values, at[after == _U], 4)
        _decode(values, at[after == _X], 2)
    if not data.isascii():
        values = values.copy()
        _blank_punctuation(values)
        _lower_latin(values)
    return _lower(operators)[values]


@cache
def _lower(operators: bool) -> Bytes:  # noqa: FBT001  # a cache takes positions
    """Byte → its lower case; blank for what is no part of a word. Bytes over 127 are parts of letters."""
    keep = OPERATORS if operators else b""
    return np.array(
        [
            byte
            if byte >= 0x80 or byte == NOTHING or byte in keep
            else ord(chr(byte).lower())
            if chr(byte).isalnum() or byte == ord("_")
            else BLANK
            for byte in range(256)
        ],
        np.uint8,
    )


def _decode(values: Bytes, at: Indices, digits: int) -> None:
    """Replace escapes by the UTF-8 of their character, and blanks or nothing after it.

    ``at``: the backslashes of escapes with that many hexadecimal ``digits``, as far as they are.
    """
    at = at[at < len(values) - digits - 1]
    if not len(at):
        return
    code = np.zeros(len(at), np.int64)
    valid = np.ones(len(at), np.bool_)
    for digit in range(digits):
        value = _hex_digits()[values[at + 2 + digit]]
        valid &= value >= 0
        code = code * 16 + value
    at, code = at[valid], code[valid]
    filler = np.where(_is_punctuation(code), BLANK, NOTHING)
    for offset in range(digits + 2):
        values[at + offset] = filler
    word = ~_is_punctuation(code) & ~_is_zero_width(code)
    at, code = at[word], code[word]
    one, two = code < 0x80, code < 0x800
    values[at] = np.where(one, code, np.where(two, 0xC0 | code >> 6, 0xE0 | code >> 12))
    values[at[~one] + 1] = np.where(two, 0x80 | code & 63, 0x80 | code >> 6 & 63)[~one]
    values[at[~two] + 2] = (0x80 | code & 63)[~two]


def _blank_punctuation(values: Bytes) -> None:
    """Replace UTF-8 punctuation by blanks, zero-width characters by nothing."""
    for lead, length in ((0xE2, 3), (0xE3, 3), (0xEF, 3), (0xC2, 2)):
        at = np.flatnonzero(values[: len(values) - length + 1] == lead)
        if not len(at):
            continue
        code = values[at].astype(np.int64) & (0x0F if length == _MOST_UTF8 else 0x1F)
        for offset in range(1, length):
            code = code << 6 | values[at + offset] & 0x3F
        for which, filler in ((_is_punctuation(code), BLANK), (_is_zero_width(code), NOTHING)):
            for offset in range(length):
                values[at[which] + offset] = filler


def _lower_latin(values: Bytes) -> None:
    """Lower case of À to Þ: what other scripts have in capitals is compared as it is."""
    at = np.flatnonzero(values[:-1] == _LATIN_1_LETTERS) + 1
    capital = at[(values[at] >= 0x80) & (values[at] <= 0x9E) & (values[at] != 0x97)]
    values[capital] += 0x20


def _is_punctuation(code: Indices) -> NDArray[np.bool_]:
    """General and CJK punctuation, Latin-1 signs and the full-width forms (Unicode blocks)."""
    general = (code >= 0x2000) & (code <= 0x206F) | (code >= 0x3000) & (code <= 0x303F)
    forms = (code >= 0xA0) & (code <= 0xBF) | (code >= 0xFF00) & (code <= 0xFF0F)
    return (general | forms) & ~_is_zero_width(code)


def _is_zero_width(code: Indices) -> NDArray[np.bool_]:
    ranges = (code >= 0x200B) & (code <= 0x200F) | (code >= 0x2060) & (code <= 0x2064)
    zero_width: NDArray[np.bool_] = ranges | (code == _SOFT_HYPHEN) | (code == _BYTE_ORDER_MARK)
    return zero_width


@cache
def _is_blank_escape() -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(_BLANK_ESCAPES, np.uint8)] = True
    return table


@cache
def _hex_digits() -> NDArray[np.int64]:
    """Byte → the value of that digit; -1 for what is none."""
    table = np.full(256, -1, np.int64)
    for digit in b"0123456789abcdefABCDEF":
        table[digit] = int(chr(digit), 16)
    return table
