"""The variables of a shell: what they stand for in words, as far as a text tells it."""

import fnmatch
import itertools
import re
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$(?:\{(?P<named>\w+|[@*#])(?P<change>[^{}]*)\}|(?P<name>\w+|[@*#]))")
_BRACES = re.compile(r"\{([\w.,/*-]*,[\w.,/*-]*)\}")
_MOST_WORDS = 64
_LONGEST_WORD = 400
"""Characters of a word in which braces are looked for."""
_LONGEST = 1 << 16


def names_in(text: str) -> set[str]:
    """The variables that stand in a text."""
    return {found["named"] or found["name"] for found in _VARIABLE.finditer(text)}


def expanded(text: str, values: Mapping[str, str]) -> str:
    """With its variables replaced as far as they are known; a text that would grow too long stays as it is."""

    def value(found: re.Match[str]) -> str:
        name, change = found["named"] or found["name"], found["change"] or ""
        known = values.get(name)
        if known is None:
            default = re.fullmatch(r":?[-=](.*)", change)
            return default[1] if default else found[0]
        return _changed(known, change)

    if "$" not in text:
        return text
    told = _VARIABLE.sub(value, text)
    return told if len(told) <= _LONGEST else text


def _changed(value: str, change: str) -> str:
    """``${name%end}`` and the like; a change that is not known changes nothing."""
    if found := re.fullmatch(r"(%%?)(.+)", change):
        return _without_end(value, found[2], longest=found[1] == "%%")
    if found := re.fullmatch(r"(##?)(.+)", change):
        return _without_end(value[::-1], found[2][::-1], longest=found[1] == "##")[::-1]
    if found := re.fullmatch(r"//?([^/]+)/(.*)", change):
        return value.replace(found[1], found[2])
    return value


def _without_end(value: str, pattern: str, *, longest: bool) -> str:
    places = range(len(value)) if longest else range(len(value) - 1, -1, -1)
    if len(value) > 1000:
        return value
    return next((value[:n] for n in places if fnmatch.fnmatchcase(value[n:], pattern)), value)


def alternatives(word: str) -> tuple[str, ...]:
    """``a{b,c}.txt`` as the two words that it stands for; any other word as itself."""
    braces = _BRACES.search(word)
    if braces is None or braces[0] == word or len(word) > _LONGEST_WORD or re.search(r"[\s'\"$:]", word):
        return (word,)
    told = (f"{word[: braces.start()]}{one}{word[braces.end() :]}" for one in braces[1].split(","))
    return tuple(itertools.islice(_all(told), _MOST_WORDS))


def _all(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        yield from alternatives(word)
