"""How much of a file is kept: text whole or by its ends, anything else by its digest alone.

What a file is, its bytes decide and not its name: an agent can call a data set ``weights.bin``, or put one NUL into
a JSONL. Text is what has hardly any control characters; random, compressed and tensor bytes have 5 % and more.
"""

import hashlib
import os
from dataclasses import dataclass
from typing import Final

from recorder.redact import Redactor

_CHUNK: Final = 1 << 20
_SAMPLE: Final = 64 << 10
_CONTROL_SHARE: Final = 0.02
_CONTROLS: Final = bytes(set(range(0x20)) - set(b"\t\n\r\f\b\x1b") | {0x7F})
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_HEADER: Final = 100 << 20
"""Of a safetensors file, as its reference implementation bounds it."""
_MARGIN: Final = 2 << 10
"""Bytes read beyond each kept end, so that a secret across the cut is seen whole and goes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is kept of one file, in bytes."""

    inline: int = 256 << 10
    """Text up to this size stands in the row."""
    whole: int = 8 << 20
    """Text up to this size is kept whole, as a blob."""
    end: int = 64 << 10
    """Of larger text, so much of its head and of its tail."""
    digest: int = 1 << 30
    """Files up to this size are hashed."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was kept of one file."""

    size: int
    sha256: str | None
    """Of all original bytes; None beyond :attr:`Limits.digest`."""
    captured: str
    """``whole``, ``ends`` or ``none``, as in :class:`store.rows.FileVersion`."""
    text: str | None = None
    """Redacted; of ``ends``, both with a line between them that says what is missing."""
    redacted: bool = False
    reason: str | None = None


def read_content(fd: int, limits: Limits, redactor: Redactor) -> Content:
    """Read an open regular file from its start; raises OSError when the file cannot be read."""
    size = os.fstat(fd).st_size
    head = os.pread(fd, min(_SAMPLE, size), 0)
    kind = _binary_kind(head, size)
    if kind is None and size <= limits.whole:
        return _whole(fd, limits, redactor)
    digest, length = _digest(fd, limits.digest)
    size = max(size, length)
    unhashed = None if digest else f"larger than {limits.digest >> 20} MiB: not hashed"
    if kind is not None:
        return Content(size, digest, "none", reason="; ".join(filter(None, (kind, unhashed))))
    text, redacted = _ends(fd, size, limits.end, redactor)
    beyond = f"larger than {limits.whole >> 20} MiB"
    return Content(size, digest, "ends", text, redacted, unhashed or beyond)


def _whole(fd: int, limits: Limits, redactor: Redactor) -> Content:
    data = bytearray()
    # One byte more than allowed: the file may be growing.
    while len(data) <= limits.whole and (chunk := os.pread(fd, _CHUNK, len(data))):
        data += chunk
    grown = len(data) > limits.whole
    del data[limits.whole :]
    clean = redactor.redact(_decode(bytes(data)))
    return Content(
        size=len(data),
        sha256=None if grown else hashlib.sha256(data).hexdigest(),
        captured="ends" if grown else "whole",
        text=clean.text,
        redacted=clean.count > 0,
        reason="it grew while it was read; its head" if grown else None,
    )


def _ends(fd: int, size: int, end: int, redactor: Redactor) -> tuple[str, bool]:
    head = redactor.redact(_decode(os.pread(fd, end + _MARGIN, 0)))
    tail = redactor.redact(_decode(os.pread(fd, end + _MARGIN, max(0, size - end - _MARGIN))))
    omitted = f"\n[… {size - 2 * end} bytes not kept …]\n"
    return head.text[:end] + omitted + tail.text[-end:], head.count + tail.count > 0


def _digest(fd: int, limit: int) -> tuple[str | None, int]:
    """SHA-256 and length of the whole file; (None, 0) when it is, or grows, longer than ``limit``."""
    if os.fstat(fd).st_size > limit:
        return None, 0
    digest, length = hashlib.sha256(), 0
    while chunk := os.pread(fd, _CHUNK, length):
        digest.update(chunk)
        length += len(chunk)
        if length > limit:
            return None, 0
    return digest.hexdigest(), length


def _binary_kind(head: bytes, size: int) -> str | None:
    """Why a file that begins with ``head`` is no text; None for text."""
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= min(size - 8, _LONGEST_HEADER):
        return "safetensors"
    if head.startswith(_UTF16_MARKS):
        return None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "binary" if controls > _CONTROL_SHARE * len(head) else None


def _decode(data: bytes) -> str:
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8"
    return data.decode(encoding, "backslashreplace")
