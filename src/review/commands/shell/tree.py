"""The commands of a shell text as they stand in one another: pipelines of commands and of groups with streams of their own.

``{ …; } > file``, ``( … ) | …``, ``while read x; do …; done < file`` and functions bind what all commands within take in
and give out. Nothing is expanded, and what is not shell is read as best it can.
"""

from dataclasses import dataclass, field

from review.commands.shell.groups import CLOSES, LEADS, OPENS
from review.commands.shell.simple import Simple
from review.commands.shell.syntax import LONGEST, simple_of
from review.commands.shell.tokens import Written, written

_WITH_HEAD = frozenset({"for", "case", "select"})
"""Of these the first words are no command of their own."""
_PIPES = frozenset({"|", "|&"})
_MOST_OPEN = 64


@dataclass(slots=True)
class Group:
    """Commands with streams that are bound for all of them."""

    body: list["Pipeline"] = field(default_factory=list)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    heredoc: str | None = None
    name: str | None = None
    """Of a function, which runs only where it is called."""


Pipeline = list[Simple | Group]


def tree(text: str) -> list[Pipeline]:
    """The pipelines of ``text`` in order, without what inner shells and substitutions run."""
    reader = _Reader()
    for command in written(text[:LONGEST]):
        reader.take(command)
    return reader.root.group.body


@dataclass(slots=True)
class _Open:
    """A group that has not ended yet."""

    kind: str
    group: Group
    piped: bool = False
    """What comes next takes in what the last part gives out."""

    def add(self, part: Simple | Group) -> None:
        if self.piped and self.group.body:
            self.group.body[-1].append(part)
        else:
            self.group.body.append([part])
        self.piped = False


class _Reader:
    def __init__(self) -> None:
        self.root = _Open("", Group())
        self._open = [self.root]
        self._ended: Group | None = None
        """The group in parentheses that ended right before."""
        self._named: str | None = None
        """The function that is about to be told."""

    def take(self, command: Written) -> None:
        words = list(command.words)
        ended = self._keywords(command, words)
        if ended is not None and not words:
            ended.reads, ended.writes = tuple(command.reads), tuple(command.writes)
            ended.heredoc = command.heredoc
            self._open[-1].piped = command.ended_by in _PIPES
        elif command.ended_by == "(" and len(words) == 1 and not command.reads:
            self._named = words[0]
        else:
            simple = simple_of(command)
            if simple is not None:
                self._open[-1].add(simple)
            if simple is not None or command.ended_by not in ("\n", "("):  # a line may end after the bar
                self._open[-1].piped = simple is not None and command.ended_by in _PIPES
        if command.ended_by == "(":
            self._begin("(")
        elif command.ended_by == ")" and self._open[-1].kind == "(":
            self._close()

    def _keywords(self, command: Written, words: list[str]) -> Group | None:
        """Take off what opens and closes groups; the group that ended there, or right before."""
        ended, self._ended = self._ended, None
        while words and words[0] in OPENS | CLOSES | LEADS:
            word = words.pop(0)
            if word in OPENS:
                self._begin(word)
            elif word in CLOSES and len(self._open) > 1:
                ended = self._open.pop().group
            if word in _WITH_HEAD:
                break
        if words[:1] == ["function"] and len(words) > 1:
            self._named, words = words[1], words[2:]
            if words[:1] == ["{"]:
                self._begin(words.pop(0))
            command.words = words
        return ended

    def _close(self) -> None:
        """The parenthesis around a subshell, the parameters of a function, or the members of an array."""
        group = self._open.pop().group
        if self._named is None:
            self._ended = group
        elif self._named.endswith("="):
            members = " ".join(word for line in group.body for one in line for word in _words(one))
            self._open[-1].add(Simple((), ((self._named[:-1], members),)))
            self._named = None
        elif group.body:
            self._named = None

    def _begin(self, kind: str) -> None:
        group = Group()
        if len(self._open) >= _MOST_OPEN:
            return
        if kind != "(" or self._named is None:
            group.name, self._named = self._named, None
            self._open[-1].add(group)
        self._open.append(_Open(kind, group))


def _words(part: Simple | Group) -> tuple[str, ...]:
    return part.words if isinstance(part, Simple) else ()
