"""Texts that stand packed or turned in others, as scripts hide data in a literal.

Packed: base64, base85, base32 and hexadecimal, lists of byte values, compressed or not, under a key of one byte or none.
Turned: every letter moved by the same number of places, or all read backwards. Only what gives text is taken.
"""

import base64
import binascii
import bz2
import lzma
import re
import string
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}(?:[\"'\s,]{1,12}[A-Za-z0-9+/_-]{4,})*={0,2}")
_BETWEEN = re.compile(r"[\"'\s,]+")
_BASE85 = re.compile(r"[\"']([!-&(-\[\]-~]{200,})[\"']")
_NUMBERS = re.compile(r"(?:\b(?:0x[0-9a-fA-F]{1,2}|\d{1,3})\b,\s*){80,}")
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,2}|\d{1,3}")
_PERCENT = re.compile(r"(?:[\w.~+-]{0,64}%[0-9A-Fa-f]{2}){12,}[\w.~+-]*")
"""Bounded between two signs: an open stretch would be gone over from each of its characters."""
_HEX = re.compile(r"[0-9a-fA-F]+")
_FEWEST = 200
"""Characters of one packed text."""
_LARGEST = 8 << 20
"""Bytes of one packed text, unpacked."""
_MOST_TURNED = 1 << 22
"""Characters of a text that is turned."""
_ANY_HEADER = 47
"""``wbits`` with which zlib takes both its own format and gzip's."""
_COMMON = (" the ", " and ", " of ", " is ", " that ")
"""Words of English; a text in which their turned forms stand this often is turned."""
_TIMES = 3
_READABLE = 0.9
"""Share of bytes that letters, digits and blanks have in a text that a key of one byte gives."""
_STANDARD = str.maketrans("-_", "+/")
_BYTES = 256
_Decoder = Callable[[str], bytes]
_PLAIN = frozenset((string.ascii_letters + string.digits + " .,\n\"'?:{}").encode())


@dataclass(frozen=True, slots=True)
class Packed:
    """A text that was packed."""

    text: str
    start: int
    """Character at which it stands in the text around it."""
    end: int


def packed_in(text: str) -> Iterator[Packed]:
    """Every packed text in ``text``, and all of it the right way round where it is turned."""
    for found in _RUN.finditer(text):
        # A word of the code after a literal may hang on.
        pieces = _BETWEEN.split(found[0])
        for run in dict.fromkeys(("".join(pieces), "".join(pieces[:-1]), pieces[0])):
            decoders: Sequence[_Decoder] = (
                [_base64, _base32] if _HEX.fullmatch(run) is None else [bytes.fromhex]
            )
            told = _first(run, decoders) if len(run) >= _FEWEST else None
            if told is not None:
                yield Packed(told, found.start(), found.end())
                break
    for found in _BASE85.finditer(text):
        told = _first(found[1], [base64.b85decode, base64.a85decode])
        if told is not None:
            yield Packed(told, found.start(), found.end())
    for found in _NUMBERS.finditer(text):
        values = [int(one, 0) for one in _NUMBER.findall(found[0]) if not re.fullmatch(r"0\d+", one)]
        plain = _plain(bytes(values)) if max(values, default=256) < _BYTES else None
        if plain is not None:
            yield Packed(plain, found.start(), found.end())
    for found in _PERCENT.finditer(text):
        yield Packed(unquote(found[0]), found.start(), found.end())
    yield from _turned(text)


def _first(run: str, decoders: Sequence[_Decoder]) -> str | None:
    """What the first decoder gives that gives text."""
    for decode in decoders:
        try:
            plain = _plain(_inflated(decode(run)))
        except (binascii.Error, ValueError, EOFError, OSError, lzma.LZMAError):
            continue
        if plain is not None:
            return plain
    return None


def _base64(run: str) -> bytes:
    return base64.b64decode(run.translate(_STANDARD).rstrip("=") + "==")


def _base32(run: str) -> bytes:
    return base64.b32decode(run)


def _inflated(raw: bytes) -> bytes:
    """What was compressed; the bytes themselves where nothing was."""
    if raw[:3] == b"BZh":
        return bz2.BZ2Decompressor().decompress(raw, _LARGEST)
    if raw[:6] == b"\xfd7zXZ\x00":
        return lzma.LZMADecompressor(memlimit=_LARGEST * 16).decompress(raw, _LARGEST)
    try:
        return zlib.decompressobj(_ANY_HEADER).decompress(raw, _LARGEST)
    except zlib.error:
        return raw


def _plain(raw: bytes) -> str | None:
    """The text of bytes, under a key of one byte if need be; None where there is none."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and text.isprintable() | ("\n" in text) and not _is_noise(raw):
        return text
    blank = max(set(raw[:4096]), key=raw[:4096].count, default=0)  # the blank is the most frequent character
    unlocked = bytes(byte ^ blank ^ ord(" ") for byte in raw)
    return unlocked.decode("ascii") if unlocked and unlocked.isascii() and not _is_noise(unlocked) else text


def _is_noise(raw: bytes) -> bool:
    sample = raw[:4096]
    return sum(byte in _PLAIN for byte in sample) < _READABLE * len(sample)


def _turned(text: str) -> Iterator[Packed]:
    if len(text) > _MOST_TURNED:
        return
    for places in range(1, 26):
        turned = _alphabet(-places)
        if _is_told(text, [word.translate(turned) for word in _COMMON]):
            yield Packed(text.translate(_alphabet(places)), 0, len(text))
    if _is_told(text, [word[::-1] for word in _COMMON]):
        yield Packed(text[::-1], 0, len(text))


def _is_told(text: str, words: list[str]) -> bool:
    return (
        sum(text.count(word) >= 1 for word in words) >= _TIMES - 1 and sum(map(text.count, words)) >= _TIMES
    )


def _alphabet(places: int) -> dict[int, int]:
    """Every letter moved ``places`` on."""
    low, up = string.ascii_lowercase, string.ascii_uppercase
    there = places % 26
    return str.maketrans(low + up, low[there:] + low[:there] + up[there:] + up[:there])
