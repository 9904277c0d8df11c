"""The lexical layer of strace's output: strings, descriptors, argument lists.

strace prints calls as C: strings in quotes with C escapes, arrays in ``[]``, structures in ``{}``, comments in
``/* */``, and behind a descriptor the path the kernel has for it (``3</tmp/x>``, ``AT_FDCWD</tmp>``), with
``<`` and ``>`` inside the path as octal escapes. Everything it prints is ASCII.
Format: strace(1) and its source, print_quoted_string_ex and printfd, versions 5.10 to 6.x.
"""

import re

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRINGS = rf"\[(?>{_STRING}(?:\.\.\.)?(?:, )?)+(?:\.\.\.)?\]"
"""A whole array of strings in one step: an environment has dozens, and every exec prints one."""
_STRUCTURE = re.compile(rf"{_STRINGS}|{_STRING}|<[^<>]*>|/\*.*?\*/|[\[({{\])}},]", re.DOTALL)
_OPENING = frozenset("[({")
_CLOSING = frozenset("])}")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f", b"a": b"\a", b"b": b"\b"}


class NotStrace(ValueError):
    """Text that is not what strace prints."""


def arguments(text: str, start: int) -> tuple[list[str], int]:
    """Split from ``start`` to the bracket that closes: the arguments, and the position behind the bracket.

    Raises :class:`NotStrace` where no bracket closes the list.
    """
    found: list[str] = []
    depth = 0
    begin = start
    for token in _STRUCTURE.finditer(text, start):
        mark = token[0]
        if mark == ",":
            if depth == 0:
                found.append(text[begin : token.start()].strip())
                begin = token.end()
        elif mark in _OPENING:
            depth += 1
        elif mark in _CLOSING:
            if depth == 0:
                last = text[begin : token.start()].strip()
                if last or found:
                    found.append(last)
                return found, token.end()
            depth -= 1
    raise NotStrace(text)


def unescape(body: str) -> bytes:
    """The bytes that strace escaped: the inside of a string or of an angle-bracketed path."""
    raw = body.encode("latin-1", "replace")
    return _ESCAPE.sub(_unescape_one, raw) if b"\\" in raw else raw


def _unescape_one(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, other = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _NAMED.get(other, other)


def string(argument: str) -> bytes | None:
    """The bytes of a string argument; None for NULL, an unreadable address, or a structure."""
    if not argument.startswith('"'):
        return None
    end = argument.rfind('"')
    return unescape(argument[1:end])


def strings(argument: str) -> tuple[list[bytes], bool] | None:
    """The elements of an array of strings, and whether strace shows only a part; None where it could not read it."""
    if not argument.startswith("["):
        return None
    elements, _ = arguments(argument, 1)
    values = [value for value in map(string, elements) if value is not None]
    return values, any(element.endswith("...") for element in elements)


def fields(argument: str) -> dict[str, str]:
    """The members of a structure by name; members that strace prints as a call are named by their whole text."""
    if not argument.startswith("{"):
        return {}
    members, _ = arguments(argument, 1)
    return {name: value or name for name, _, value in (member.partition("=") for member in members)}


def annotation(argument: str) -> str | None:
    """What strace wrote in angle brackets behind a descriptor, still escaped."""
    begin = argument.find("<")
    end = argument.rfind(">")
    return argument[begin + 1 : end] if 0 <= begin < end else None
