"""What stands before the program of a simple command: keywords, assignments, and programs that run another one."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_KEYWORDS = frozenset({"do", "then", "else", "elif", "if", "while", "until", "!", "{", "}", "done", "fi"})
_WRAPPERS = {
    "sudo": frozenset({"-u", "-g"}),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "env": frozenset({"-u", "-C", "-S"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "stdbuf": frozenset({"-o", "-e", "-i"}),
    "time": frozenset({"-o", "-f"}),
    "timeout": frozenset({"-s", "-k"}),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "builtin": frozenset(),
    "xargs": frozenset({"-n", "-P", "-I", "-L", "-d", "-a"}),
    "unbuffer": frozenset(),
    "unshare": frozenset({"-S", "-G", "-R", "-w"}),
    "nsenter": frozenset({"-t", "-S", "-G"}),
    "coproc": frozenset(),
}
"""Programs that run another one, with those of their options that take a word."""
_DETACHING = frozenset({"nohup", "setsid", "disown"})
_DECLARING = frozenset({"export", "declare", "local"})


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The words of a simple command, taken apart."""

    words: tuple[str, ...]
    """The program and its arguments."""
    assignments: tuple[tuple[str, str], ...]
    detached: bool
    called: str | None
    handed: str | None = None
    """What stands for the words that ``xargs`` takes from its input; empty where they come last. None without ``xargs``."""


def unwrapped(words: Sequence[str]) -> Unwrapped:
    """What ``words`` run, and how."""
    rest = list(words)
    while rest and rest[0] in _KEYWORDS:
        rest = rest[1:]
    assignments: list[tuple[str, str]] = []
    detached, called, handed = False, None, None
    while rest:
        if found := _ASSIGNMENT.fullmatch(rest[0]):
            assignments.append((found[1], found[2]))
            rest = rest[1:]
        elif (name := rest[0].rpartition("/")[2]) in _WRAPPERS:
            detached = detached or name in _DETACHING
            called = rest[2] if name == "exec" and rest[1:2] == ["-a"] and len(rest) > 2 else called
            handed = _replaced(rest[1:]) if name == "xargs" else handed
            rest = _after(name, rest[1:])
        else:
            break
    if rest and rest[0] in _DECLARING:
        assignments += [(found[1], found[2]) for word in rest[1:] if (found := _ASSIGNMENT.fullmatch(word))]
    return Unwrapped(tuple(rest), tuple(assignments), detached or rest[:1] == ["disown"], called, handed)


def _replaced(words: list[str]) -> str:
    """What ``xargs`` is told to replace; empty where it adds to the words."""
    for option, word in itertools.pairwise([*words, ""]):
        if option in ("-i", "--replace"):
            return "{}"
        if option.startswith(("-I", "--replace=")):
            return option.removeprefix("--replace=").removeprefix("-I") or word
        if re.match(r"[a-z./]", option):
            break
    return ""


def _after(name: str, words: list[str]) -> list[str]:
    takes = _WRAPPERS[name]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in takes else words[1:]
    if name == "coproc" and words[1:2] == ["{"]:
        return words[2:]
    return words[1:] if name == "timeout" else words
