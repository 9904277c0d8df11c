"""The lexical part of shell: which words, redirections and here-documents stand between which operators."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\\\n)
    |(?P<comment>(?<![^\s;&|(])\#[^\n]*)
    |(?P<heredoc><<-?(?!<)[ \t]*\\?['"]?(?P<end>[\w.!-]+)['"]?)
    |(?P<process>(?<![^\s;&|(])[<>]\((?!\())
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
_MOST_TOKENS = 1 << 16
"""Tokens of one command that are read; a here-document is none, however long."""
_IN_DOUBLE = re.compile(r"\\([$`\"\\\n])")


@dataclass(slots=True)
class Written:
    """A simple command as it is written."""

    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    substituted: list[str] = field(default_factory=list)
    heredoc: str | None = None
    ended_by: str = ""
    """The operator after it."""
    _word: list[str] | None = None
    _redirect: str | None = None

    def add(self, part: str) -> None:
        """The present word goes on."""
        if self._word is None:
            self._word = []
        self._word.append(part)

    def redirect(self, operator: str) -> None:
        """The next word is a file; digits right before are a descriptor."""
        if self._word is not None and "".join(self._word).isdigit():
            operator = "".join(self._word) + operator
            self._word = None
        self.end_word()
        self._redirect = operator

    def end_word(self) -> None:
        """The present word ends, if there is one."""
        if self._word is None:
            return
        word, self._word = "".join(self._word), None
        redirect, self._redirect = self._redirect, None
        if redirect is None:
            self.words.append(word)
        elif redirect.endswith("<<<"):
            self.heredoc = word
        elif word.startswith((">(", "<(")):
            self.words += [word] if redirect == "<" else []
        elif ">" in redirect and not (redirect.endswith("&") and (word.isdigit() or word == "-")):
            self.writes.append(word)
            if redirect.startswith("2"):
                self.complaints.append(word)
        elif redirect.endswith("<"):
            self.reads.append(word)


def written(text: str) -> list[Written]:
    """The simple commands of ``text`` in order; between two operators there may be an empty one."""
    # All are read before the first is handed out: a here-document stands after the end of its line.
    return list(_written(text))


def _written(text: str) -> Iterator[Written]:
    now, waiting, place = Written(), list[tuple[Written, str]](), 0
    for _ in range(_MOST_TOKENS):
        if place >= len(text):
            break
        match = _TOKEN.match(text, place)
        assert match is not None, "the last alternative takes any character"
        place, kind = match.end(), match.lastgroup
        if kind == "heredoc":
            now.end_word()
            waiting.append((now, match["end"]))
        elif kind == "space" or kind == "comment":
            now.end_word()
        elif kind == "redirect":
            now.redirect(match[0])
        elif kind == "op":
            now.end_word()
            now.ended_by = match[0]
            yield now
            now = Written()
            if match[0] == "\n" and waiting:
                place = _take_heredocs(text, place, waiting)
        elif kind == "substitution" or kind == "process":
            end = _closing(text, place)
            now.substituted += _commands([text[place : end - 1]])
            now.add(text[place - 2 : end])
            place = end
        else:
            _add_part(now, match, kind)
    now.end_word()
    yield now


def _add_part(now: Written, match: re.Match[str], kind: str | None) -> None:
    if kind == "tick":
        now.substituted.append(match["tick"])
        now.add(match[0])
    elif kind == "double":
        part = _IN_DOUBLE.sub(lambda found: "" if found[1] == "\n" else found[1], match["double"])
        now.substituted += _commands(_substituted(match["double"]))
        now.add(part)
    else:
        now.add(match[kind] if kind else match[0])


def _take_heredocs(text: str, place: int, waiting: list[tuple[Written, str]]) -> int:
    """Give each its body; where the text goes on."""
    for command, end in waiting:
        found = re.compile(rf"^\t*{re.escape(end)}[ \t]*$", re.MULTILINE).search(text, place)
        stop = found.start() if found else len(text)
        command.heredoc = text[place:stop]
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


def _commands(substituted: Iterable[str]) -> Iterator[str]:
    """Of arithmetic (``$((…))``), the commands in it."""
    for text in substituted:
        if text.startswith("("):
            yield from _substituted(text)
        else:
            yield text


def _substituted(text: str) -> Iterator[str]:
    place = text.find("$(")
    while place >= 0:
        end = _closing(text, place + 2)
        yield text[place + 2 : end - 1]
        place = text.find("$(", end)
