"""What the agent had done, command by command: from its words, and from processes that its words do not tell of."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from review.commands.shell.syntax import Simple, simple_commands
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
_CHANGING = frozenset({"rm", "unlink", "shred", "truncate", "tee", "mv", "touch"})
_INTO = frozenset({"cp", "install", "ln", "rsync"})


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


def steps(run: RunView, one: Issued) -> Iterator[tuple[Simple, str]]:
    """The simple commands of a command, each with the folder that it starts in."""
    folder = posixpath.normpath(posixpath.join(run.manifest.facts.root or "/", one.cwd or ""))
    for simple in one.simples:
        yield simple, folder
        if simple.program in ("cd", "pushd") and simple.arguments:
            folder = absolute(run, folder, simple.arguments[-1])


def absolute(run: RunView, folder: str, word: str) -> str:
    """The path that a word names in ``folder``; what a shell would expand, but for the home, stays as it is."""
    home = posixpath.dirname(run.manifest.facts.root or "/root/x")
    word = re.sub(r"^(~|\$HOME|\$\{HOME\})(?=/|$)", home, word)
    word = re.sub(r"^(\$PWD|\$\{PWD\}|\$\(pwd\))(?=/|$)", folder, word)
    return posixpath.normpath(posixpath.join(folder, word))


def changed(run: RunView, simple: Simple, folder: str) -> Iterator[str]:
    """Files that a simple command writes, empties, moves away or deletes, as its words tell: absolute paths."""
    words = list(simple.writes)
    plain = [word for word in simple.arguments if not word.startswith("-")]
    if simple.program in _CHANGING:
        words += plain
    elif simple.program in _INTO and len(plain) > 1:
        words += plain[-1:]
    elif simple.program == "dd":
        words += [word[3:] for word in simple.arguments if word.startswith("of=")]
    elif simple.program in ("sed", "perl") and any(re.match(r"-[a-z]*i", word) for word in simple.arguments):
        words += plain[1:]
    for word in words:
        yield absolute(run, folder, word)


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
        words = shlex.split(argv)
    except ValueError:
        return argv
    if len(words) > 2 and posixpath.basename(words[0]) in ("bash", "sh", "zsh", "dash"):
        for place, word in enumerate(words[1:-1], 1):
            if re.fullmatch(r"-[a-z]*c", word):
                return words[place + 1]
    return argv
