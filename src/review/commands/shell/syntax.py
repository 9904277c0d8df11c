"""What a shell command does: its simple commands, with redirections and here-documents, as far as text tells.

A rule that looked for words in the raw text would accuse who quotes them (``echo "never kill the recorder"``): here a
word is a program only where the shell would run it. Nothing is expanded; what is not shell is read as best it can.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST = 1 << 16
"""Characters of one command that are read."""
_DEEPEST = 4
"""Shells inside shells."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\\\n)
    |(?P<comment>(?<![^\s;&|(])\#[^\n]*)
    |(?P<heredoc><<-?(?!<)[ \t]*\\?['"]?(?P<end>[\w.!-]+)['"]?)
    |(?P<redirect>\d*(?:<<<|>>|>\||>&|<&|<>|>|<)|&>>?)
    |(?P<op>&&|\|\||;;|\|&|[;&|()\n])
    |'(?P<single>[^']*)'
    |\$'(?P<ansi>(?:[^'\\]|\\.)*)'
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<substitution>\$\()
    |`(?P<tick>[^`]*)`
    |\\(?P<escaped>.)
    |(?P<plain>[^\s'"\\`$;&|()<>]+|\$)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_IN_DOUBLE = re.compile(r"\\([$`\"\\\n])")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_KEYWORDS = frozenset(
    {"do", "then", "else", "elif", "if", "while", "until", "!", "{", "}", "time", "done", "fi"}
)
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
_WRAPPERS = {
    "sudo": frozenset({"-u", "-g"}),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "env": frozenset({"-u", "-C", "-S"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "stdbuf": frozenset({"-o", "-e", "-i"}),
    "timeout": frozenset({"-s", "-k"}),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "builtin": frozenset(),
    "xargs": frozenset({"-n", "-P", "-I", "-L", "-d", "-a"}),
    "unbuffer": frozenset(),
}
"""Programs that run another one, with those of their options that take a word."""
_DETACHING = frozenset({"nohup", "setsid", "disown"})


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command."""

    words: tuple[str, ...]
    """The program and its arguments, without what runs it (``sudo``, ``nohup``, ``env`` …)."""
    assignments: tuple[tuple[str, str], ...] = ()
    """Variables set for it, or by ``export``."""
    writes: tuple[str, ...] = ()
    """Files that its output is redirected to."""
    reads: tuple[str, ...] = ()
    heredoc: str | None = None
    """What it is given on stdin in place."""
    background: bool = False
    detached: bool = False
    """Run so that it outlives the shell."""
    called: str | None = None
    """The name that it runs under, by ``exec -a``."""

    @property
    def program(self) -> str:
        """The last part of the program's path."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its words but the first."""
        return self.words[1:]


@dataclass(slots=True)
class _Building:
    """A simple command while it is read."""

    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    heredoc: str | None = None
    word: list[str] | None = None
    redirect: str | None = None

    def add(self, part: str) -> None:
        self.word = [*(self.word or ()), part] if self.word is not None else [part]

    def end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = "".join(self.word), None
        redirect, self.redirect = self.redirect, None
        if redirect is None:
            self.words.append(word)
        elif redirect.endswith("<<<"):
            self.heredoc = word
        elif ">" in redirect and not (redirect.endswith("&") and (word.isdigit() or word == "-")):
            self.writes.append(word)
        elif redirect.endswith("<"):
            self.reads.append(word)


def simple_commands(text: str, depth: int = 0) -> list[Simple]:
    """The simple commands of ``text`` in order, those of inner shells and substitutions before their own."""
    if depth > _DEEPEST:
        return []
    # All are read before the first is finished: a here-document stands after the end of its line.
    split = list(_split(text[:LONGEST]))
    return [simple for building, background in split for simple in _finish(building, background, depth)]


def _split(text: str) -> Iterator[tuple[_Building, bool]]:
    now, waiting, place = _Building(), list[tuple[_Building, str]](), 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None, "the last alternative takes any character"
        place, kind = match.end(), match.lastgroup
        if kind == "heredoc":
            now.end_word()
            waiting.append((now, match["end"]))
        elif kind == "space" or kind == "comment":
            now.end_word()
        elif kind == "redirect":
            if now.word is not None and "".join(now.word).isdigit():
                now.word = None
            now.end_word()
            now.redirect = match[0]
        elif kind == "op":
            now.end_word()
            yield now, match[0] == "&"
            now = _Building()
            if match[0] == "\n" and waiting:
                place = _take_heredocs(text, place, waiting)
        elif kind == "substitution":
            end = _closing(text, place)
            now.inner.append(text[place : end - 1])
            now.add(text[place - 2 : end])
            place = end
        else:
            _add_part(now, match, kind)
    now.end_word()
    yield now, False


def _add_part(now: _Building, match: re.Match[str], kind: str | None) -> None:
    if kind == "tick":
        now.inner.append(match["tick"])
        now.add(match[0])
    elif kind == "double":
        part = _IN_DOUBLE.sub(lambda found: "" if found[1] == "\n" else found[1], match["double"])
        now.inner.extend(_substituted(match["double"]))
        now.add(part)
    else:
        now.add(match[kind] if kind else match[0])


def _take_heredocs(text: str, place: int, waiting: list[tuple[_Building, str]]) -> int:
    """Give each its body; where the text goes on. The command was handed out already and still is the same object."""
    for building, end in waiting:
        found = re.compile(rf"^\t*{re.escape(end)}[ \t]*$", re.MULTILINE).search(text, place)
        stop = found.start() if found else len(text)
        building.heredoc = text[place:stop]
        place = found.end() if found else len(text)
    waiting.clear()
    return place


def _closing(text: str, place: int) -> int:
    """After the parenthesis that closes the one before ``place``."""
    open_ = 1
    for match in re.compile(r"'[^']*'|\\.|[()]", re.DOTALL).finditer(text, place):
        open_ += {"(": 1, ")": -1}.get(match[0], 0)
        if open_ == 0:
            return match.end()
    return len(text)


def _substituted(text: str) -> Iterator[str]:
    place = text.find("$(")
    while place >= 0:
        end = _closing(text, place + 2)
        yield text[place + 2 : end - 1]
        place = text.find("$(", end)


def _finish(building: _Building, background: bool, depth: int) -> Iterator[Simple]:  # noqa: FBT001  # private
    for inner in building.inner:
        yield from simple_commands(inner, depth + 1)
    words = building.words
    while words and words[0] in _KEYWORDS:
        words = words[1:]
    assignments: list[tuple[str, str]] = []
    detached, called = False, None
    while words:
        if found := _ASSIGNMENT.fullmatch(words[0]):
            assignments.append((found[1], found[2]))
            words = words[1:]
        elif (name := words[0].rpartition("/")[2]) in _WRAPPERS:
            detached = detached or name in _DETACHING
            called = words[2] if name == "exec" and words[1:2] == ["-a"] and len(words) > 2 else called
            words = _unwrapped(name, words[1:])
        else:
            break
    if words and words[0] in ("export", "declare", "local"):
        assignments += [(found[1], found[2]) for word in words[1:] if (found := _ASSIGNMENT.fullmatch(word))]
    script = _inner_script(words)
    if script is not None:
        yield from simple_commands(script, depth + 1)
    if words or assignments or building.writes:
        yield Simple(
            tuple(words),
            tuple(assignments),
            tuple(building.writes),
            tuple(building.reads),
            building.heredoc,
            background,
            detached or bool(words and words[0] == "disown"),
            called,
        )


def _unwrapped(name: str, words: list[str]) -> list[str]:
    takes = _WRAPPERS[name]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in takes else words[1:]
    return words[1:] if name == "timeout" else words


def _inner_script(words: list[str]) -> str | None:
    if not words:
        return None
    if words[0] == "eval":
        return " ".join(words[1:])
    if words[0].rpartition("/")[2] in _SHELLS:
        for place, word in enumerate(words[1:-1], 1):
            if re.fullmatch(r"-[a-z]*c", word):
                return words[place + 1]
    return None
