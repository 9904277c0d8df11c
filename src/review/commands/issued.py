"""What the agent had done, command by command: from its words, and from processes that its words do not tell of."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from review.commands.shell.launch import Language, launched
from review.commands.shell.simple import Simple
from review.commands.shell.syntax import simple_commands
from review.detector import RunView
from review.roles import roles
from store.plain import clip

_NOT_RUN = re.compile(
    r"(?i)^\W*(error: )?(permission (to|denied by)|user (rejected|denied)|the user doesn't want|command rejected|"
    r"tool (call|use) (was )?(rejected|denied)|blocked by)"
)
"""How scaffolds answer for a command that they did not run."""
_NO_PROGRAM = 127
_LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Issued:
    """A command that was run, as far as is known."""

    seq: int
    text: str
    cwd: str | None
    output: str
    exit_code: int | None
    command_id: int | None
    """None for a shell that the transcript does not tell of."""
    process_id: int | None
    """What it became, where processes were recorded."""

    @property
    def simples(self) -> tuple[Simple, ...]:
        """Its simple commands."""
        return _parsed(self.text)

    @property
    def shown(self) -> str:
        """Its beginning on one line."""
        return clip(" ".join(self.text.split()), _LONGEST_SHOWN)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Simple, ...]:
    return tuple(simple_commands(text))


def issued(run: RunView) -> list[Issued]:
    """Every command that ran or may have run, by ``seq``; what the scaffold refused is left out."""
    return run.once(_issued)


def issued_with(run: RunView, pattern: re.Pattern[str]) -> Iterator[Issued]:
    """Those in whose text the pattern is: reading the others as shell is not worth its time."""
    return (one for one in issued(run) if pattern.search(one.text))


def _issued(run: RunView) -> list[Issued]:
    rows = run.query(
        "SELECT seq, text, cwd, output, exit_code, command_id, process_id FROM commands WHERE text IS NOT NULL ORDER BY seq"
    )
    told = [
        Issued(seq, text, cwd, output or "", code, command_id, process_id)
        for seq, text, cwd, output, code, command_id, process_id in rows
        if code != _NO_PROGRAM and not _NOT_RUN.search(output or "")
    ]
    return sorted([*told, *_untold(run)], key=lambda one: one.seq)


def _untold(run: RunView) -> Iterator[Issued]:
    """Shells of the agent's own that no command explains, nor a helper of its scaffold."""
    for process in roles(run).unexplained:
        if process.argv is not None:
            text = _script(process.argv)
            yield Issued(process.seq, text, process.cwd, "", process.exit_code, None, process.process_id)


def _script(argv: str) -> str:
    """The script of ``bash -c SCRIPT``; the words themselves of anything else."""
    try:
        launch = launched(Simple(tuple(shlex.split(argv))))
    except ValueError:
        return argv
    inner = launch.text if launch is not None and launch.language is Language.SHELL else None
    return argv if inner is None else inner
