"""What a shell would run for a text: its pipelines of simple commands, with redirections and here-documents.

A rule that looked for words in the raw text would accuse who quotes them (``echo "never kill the recorder"``): here a
word is a program only where the shell would run it. Nothing is expanded; what is not shell is read as best it can.
"""

from collections.abc import Iterator

from review.commands.shell.groups import behind_the_shell
from review.commands.shell.launch import Language, launched
from review.commands.shell.simple import Simple
from review.commands.shell.tokens import Written, written
from review.commands.shell.wrappers import unwrapped

LONGEST = 1 << 20
"""Characters of one command that are read."""
DEEPEST = 4
"""Shells inside shells that are read."""


def pipelines(text: str) -> list[list[Simple]]:
    """The pipelines of ``text`` in order, without what inner shells and substitutions run."""
    found: list[list[Simple]] = []
    piped = False
    commands = written(text[:LONGEST])
    behind = behind_the_shell(commands)
    for place, command in enumerate(commands):
        simple = simple_of(command, background=place in behind)
        if simple is not None:
            if piped:
                found[-1].append(simple)
            else:
                found.append([simple])
        if simple is not None or command.ended_by != "\n":  # a line may end after the bar
            piped = simple is not None and command.ended_by in ("|", "|&")
    return found


def simple_commands(text: str, depth: int = 0) -> list[Simple]:
    """The simple commands of ``text`` in order, those of inner shells and substitutions before their own."""
    if depth > DEEPEST:
        return []
    return [
        simple
        for pipeline in pipelines(text)
        for outer in pipeline
        for simple in (*_inside(outer, depth + 1), outer)
    ]


def _inside(simple: Simple, depth: int) -> Iterator[Simple]:
    for text in simple.substituted:
        yield from simple_commands(text, depth)
    launch = launched(simple)
    if launch is not None and launch.language is Language.SHELL and launch.text is not None:
        yield from simple_commands(launch.text, depth)


def simple_of(command: Written, *, background: bool = False) -> Simple | None:
    """The command that is written so; None for what runs nothing and touches nothing."""
    parts = unwrapped(command.words)
    if not (parts.words or parts.assignments or command.writes or command.reads):
        return None
    return Simple(
        parts.words,
        parts.assignments,
        tuple(command.writes),
        tuple(command.reads),
        command.heredoc,
        background,
        parts.detached,
        parts.called,
        tuple(command.complaints),
        tuple(command.substituted),
        parts.handed,
    )
