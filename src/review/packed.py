"""Texts that stand packed in others: base64, compressed or not, as scripts hide data in a literal."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}")
_LARGEST = 8 << 20
"""Bytes of one packed text, unpacked."""
_ANY_HEADER = 47
"""``wbits`` with which zlib takes both its own format and gzip's."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A text that was packed."""

    text: str
    start: int
    """Character at which it stands in the text around it."""
    end: int


def packed_in(text: str) -> Iterator[Packed]:
    """Every packed text in ``text`` that unpacks to UTF-8."""
    for found in _BASE64.finditer(text):
        try:
            raw = base64.b64decode(found[0].translate(_STANDARD) + "==")
            raw = _inflated(raw)
            yield Packed(raw.decode(), found.start(), found.end())
        except (binascii.Error, UnicodeDecodeError):
            continue


_STANDARD = str.maketrans("-_", "+/")


def _inflated(raw: bytes) -> bytes:
    """What was compressed; the bytes themselves where nothing was."""
    try:
        return zlib.decompressobj(_ANY_HEADER).decompress(raw, _LARGEST)
    except zlib.error:
        return raw
