"""Which simple commands a shell does not wait for: an ``&`` after a group, a loop or a list sends all of it behind."""

from collections.abc import Sequence

from review.commands.shell.tokens import Written

OPENS = frozenset({"{", "while", "until", "for", "if", "case", "select"})
"""Words that begin a group."""
CLOSES = frozenset({"}", "done", "fi", "esac"})
"""Words that end one."""
LEADS = frozenset({"do", "then", "else", "elif", "!", "time"})
"""Words before a command inside one."""
_LIST = frozenset({"|", "|&", "&&", "||"})


def behind_the_shell(commands: Sequence[Written]) -> frozenset[int]:
    """The places in ``commands`` of those that run in the background."""
    behind: set[int] = set()
    opened: list[int] = []
    closed: int | None = None
    for place, command in enumerate(commands):
        starts = place
        for word in command.words:
            if word in OPENS:
                opened.append(place)
            elif word in CLOSES:
                starts = opened.pop() if opened else place
            elif word not in LEADS:
                break
        if closed is not None and not command.words:
            starts = closed
        closed = None
        if command.ended_by == "(":
            opened.append(place)
        elif command.ended_by == ")":
            closed = opened.pop() if opened else None
        elif command.ended_by == "&":
            while starts > 0 and commands[starts - 1].ended_by in _LIST:
                starts -= 1
            behind.update(range(starts, place + 1))
        if command.words[:1] == ["coproc"]:
            behind.add(place)
    return frozenset(behind)
