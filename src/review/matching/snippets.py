"""Python source out of wherever it stands: a script, a heredoc, Markdown, or a string in JSON or other source.

Works on the surroundings of a place in a text, so that broken, cut and mixed files give what they hold.
"""

import re
import textwrap
from collections.abc import Iterator

_AROUND = 1 << 14
"""Bytes before and after the place that are looked at."""
_MOST_BEFORE = 4
"""Functions that begin before the place and may still go on there."""
_MOST_ESCAPED = 3
"""Levels of strings in strings that are decoded."""
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"' + r"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "0": "\0", "\n": ""}
_DEF = re.compile(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+\w+", re.MULTILINE)


def sources_at(data: bytes, start: int, end: int) -> Iterator[str]:
    """Python source that stands at, or around, these bytes: functions, or indented lines where there is none."""
    low, high = max(0, start - _AROUND), min(len(data), end + _AROUND)
    text = data[low:high].decode("utf-8", "replace")
    # Where the bytes around are no UTF-8, the place moves by a little; the lines around it stay the same.
    first = len(data[low:start].decode("utf-8", "replace"))
    last = first + len(data[start:end].decode("utf-8", "replace"))
    for inner in _strings(text, first, last):
        yield from blocks(inner)
    yield from blocks(text, first, last)


def unescaped(text: str) -> str:
    """The value of a string literal's inside: the escapes that Python, JSON and JavaScript share."""
    return _ESCAPE.sub(_character, text)


def _character(found: "re.Match[str]") -> str:
    if code := found[1] or found[2]:
        return chr(int(code, 16))
    return _NAMED.get(found[3], found[3])


def _strings(text: str, first: int, last: int) -> Iterator[str]:
    """The values of the string literals that the place overlaps, decoded until lines come out."""
    low = text.rfind("\n", 0, first) + 1
    high = text.find("\n", last)
    if text.find("\\n", low, high if high >= 0 else len(text)) < 0:
        return
    for literal in _LITERAL.finditer(text, low, len(text) if high < 0 else high):
        if literal.start() < last and literal.end() > first:
            yield from _lines_of(literal, _MOST_ESCAPED)


def _lines_of(literal: "re.Match[str]", levels: int) -> Iterator[str]:
    """A literal's value where it has lines; else those of the literals in it."""
    value = unescaped(literal[1] if literal[1] is not None else literal[2])
    if "\n" in value:
        yield value
    elif levels:
        for inner in _LITERAL.finditer(value):
            yield from _lines_of(inner, levels - 1)


def blocks(text: str, first: int = 0, last: int | None = None) -> Iterator[str]:
    """The functions of a text that overlap a place in it, dedented; else the indented lines of the place."""
    last = len(text) if last is None else last
    found = list(_DEF.finditer(text, 0, last))
    before = [one for one in found if one.start() <= first][-_MOST_BEFORE:]
    any_function = False
    for one in [*before, *(one for one in found if one.start() > first)]:
        end = _end_of_block(text, one.start(), len(one[1].expandtabs()))
        if end > first:
            any_function = True
            yield textwrap.dedent(text[one.start() : end])
    if not any_function:
        low = text.rfind("\n", 0, first) + 1
        high = text.find("\n", last)
        yield textwrap.dedent(text[low : len(text) if high < 0 else high])


def _end_of_block(text: str, start: int, indent: int) -> int:
    """Where the block that begins at ``start`` ends: before the next line that is not further in.

    Lines inside brackets and triple quotes of the block may be; those that close the header are.
    """
    at = text.find("\n", start)
    quote: str | None = _open_quote(text[start : at if at >= 0 else len(text)], None)
    while at >= 0:
        begin = at + 1
        at = text.find("\n", begin)
        line = text[begin : at if at >= 0 else len(text)]
        bare = line.strip()
        own = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if bare and quote is None and own <= indent and bare[0] not in ")]}":
            return begin
        quote = _open_quote(line, quote)
    return len(text)


def _open_quote(line: str, quote: str | None) -> str | None:
    """The triple quote that is open after this line."""
    for found in re.finditer(r'"""|' + r"'''", line):
        if quote is None:
            quote = found[0]
        elif quote == found[0]:
            quote = None
    return quote
