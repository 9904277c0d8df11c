"""Joins what the agent said it runs to what the kernel saw run: each command to the shell that it became.

Agents hand a command to a shell (``bash -lc …``, Claude Code inside ``eval '…'``). A shell that was given the text
of the command within its time is it (``exact``); failing that, the only shell that the agent itself started in that
time is taken for it (``time``); otherwise the command has no process (``none``). One shell is one command. Without any
transcript the commands are the shells that the recorded command itself started.
"""

import re
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Exec,
    ProcessExit,
    ProcessStart,
    Quality,
    Row,
    Source,
    Stamp,
)
from store.sink import RawColumn, Sink

_SHELL = re.compile(r"(?:\S*/)?(?:ba|da|z|k)?sh\s")
_WORD = re.compile(r"[^\s'\"\\]+")
_SLACK_NS = 2_000_000_000
"""How far the clocks of a transcript and of the kernel may be apart: output is buffered on its way to us."""
_LAG_S = 1.0
"""How long after its result a command is joined: the kernel's rows arrive late under load."""
_MOST_SHELLS = 100_000


@dataclass(frozen=True, slots=True)
class _Shell:
    """A shell that was given a script on its command line."""

    ts: int
    process_id: int
    parent_id: int | None
    script: str
    words: tuple[str, ...]
    cwd: str | None


@dataclass(slots=True)
class _Issued:
    """A command that waits to be joined."""

    at: Stamp
    row: Command
    ended_at: int | None = None
    due: float = float("inf")
    """Monotonic."""


class CommandLinks:
    """A sink that hands on to another and adds the links."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = RLock()
        self._issued: dict[int, _Issued] = {}
        self._shells: list[_Shell] = []
        self._parents: dict[int, int | None] = {}
        self._exits: dict[int, tuple[Stamp, ProcessExit]] = {}
        self._agents: set[int | None] = set()
        """Processes that started a shell which was joined by its text: the agent's own."""
        self._root: int | None = None
        self._told = False
        """A transcript spoke of commands."""

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row."""
        seq = self._sink.put(at, row)
        if isinstance(row, ProcessStart | ProcessExit | Exec | Command | CommandEnd):
            with self._lock:
                self._look(at, row)
        return seq

    def intern(self, text: str) -> int:
        """As the sink behind it."""
        return self._sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once; processes and execs do not come this way."""
        self._sink.put_columns(table, source, ts, columns)

    def tick(self) -> None:
        """Join the commands whose result is back for long enough; call it a few times a second."""
        now = time.monotonic()
        with self._lock:
            self._join([number for number, issued in self._issued.items() if issued.due <= now])

    def finish(self) -> None:
        """Join what is left; without a transcript, tell the commands from the shells alone."""
        with self._lock:
            self._join(list(self._issued))
            if not self._told:
                self._tell_shells()

    def _look(self, at: Stamp, row: ProcessStart | ProcessExit | Exec | Command | CommandEnd) -> None:
        if isinstance(row, ProcessStart):
            self._parents[row.process_id] = row.parent_id
            if self._root is None and row.parent_id is None:
                self._root = row.process_id
        elif isinstance(row, ProcessExit):
            if any(shell.process_id == row.process_id for shell in self._shells):
                self._exits[row.process_id] = (at, row)
        elif isinstance(row, Exec):
            self._exec(at, row)
        elif isinstance(row, Command):
            self._told = True
            self._issued[row.command_id] = _Issued(at, row)
        elif (issued := self._issued.get(row.command_id)) is not None:
            issued.ended_at = at.ts
            issued.due = time.monotonic() + _LAG_S

    def _exec(self, at: Stamp, row: Exec) -> None:
        if row.error is not None or row.argv is None or at.ts is None or len(self._shells) >= _MOST_SHELLS:
            return
        script = _script(row.argv)
        if script is not None:
            parent = self._parents.get(row.process_id)
            words = tuple(_WORD.findall(script))
            self._shells.append(_Shell(at.ts, row.process_id, parent, script, words, row.cwd))

    def _join(self, numbers: list[int]) -> None:
        """Texts first, so that a weaker match never takes the shell of another command."""
        left: list[_Issued] = []
        for number in numbers:
            issued = self._issued.pop(number)
            shell = _by_text(issued, self._shells)
            if shell is None:
                left.append(issued)
            else:
                self._agents.add(shell.parent_id)
                self._link(issued, shell, "exact")
        for issued in left:
            shell = self._by_time(issued)
            self._link(issued, shell, "time" if shell else "none")
        if numbers:
            self._prune()

    def _by_time(self, issued: _Issued) -> _Shell | None:
        """The one shell in the command's time that the agent itself started; None where there are several."""
        agents = self._agents or {self._root}
        found = [s for s in self._shells if s.parent_id in agents and _within(issued, s)]
        claimed = [s for s in found if any(_says(other, s) for other in self._issued.values())]
        found = [s for s in found if s not in claimed]
        return found[0] if len(found) == 1 and issued.at.ts is not None else None

    def _link(self, issued: _Issued, shell: _Shell | None, match: str) -> None:
        if shell:
            self._shells.remove(shell)
            at = Stamp(shell.ts, Quality.EXACT, Source.RECORDER)
        else:
            at = Stamp(issued.at.ts, issued.at.quality, Source.RECORDER, issued.at.err_us)
        self._sink.put(at, CommandLink(issued.row.command_id, shell.process_id if shell else None, match))

    def _prune(self) -> None:
        """Forget shells from before every command that still waits."""
        starts = [issued.at.ts for issued in self._issued.values()]
        if None in starts or not self._told:
            return
        earliest = min((ts for ts in starts if ts is not None), default=time.time_ns()) - 2 * _SLACK_NS
        self._shells = [shell for shell in self._shells if shell.ts >= earliest]

    def _tell_shells(self) -> None:
        shells = [shell for shell in self._shells if self._root is not None and shell.parent_id == self._root]
        for number, shell in enumerate(shells, start=1):
            at = Stamp(shell.ts, Quality.EXACT, Source.KERNEL)
            self._sink.put(at, Command(number, shell.script, cwd=shell.cwd))
            self._sink.put(at, CommandLink(number, shell.process_id, "exact"))
            ended = self._exits.get(shell.process_id)
            if ended:
                self._sink.put(ended[0], CommandEnd(number, exit_code=_code(ended[1])))


def _script(argv: str) -> str | None:
    """``ls`` of ``/bin/bash -c -l ls``; None for what is no shell with a script on its command line."""
    if not _SHELL.match(argv):
        return None
    try:
        words = shlex.split(argv)
    except ValueError:
        return None
    given = False
    for word in words[1:]:
        if not word.startswith(("-", "+")):
            return word if given else None
        given = given or (not word.startswith("--") and "c" in word)
    return None


def _by_text(issued: _Issued, shells: list[_Shell]) -> _Shell | None:
    """The shell that was given the command's text, nearest to it in time."""
    found = [shell for shell in shells if _says(issued, shell)]
    start = issued.at.ts
    if not found or start is None:
        return found[0] if found else None
    return min(found, key=lambda shell: abs(shell.ts - start))


def _says(issued: _Issued, shell: _Shell) -> bool:
    """Whether the script holds the command, word by word, in the command's time; quoting is not compared."""
    wanted = tuple(_WORD.findall(issued.row.text))
    if not wanted or not _within(issued, shell):
        return False
    length = len(wanted)
    return any(shell.words[n : n + length] == wanted for n in range(len(shell.words) - length + 1))


def _within(issued: _Issued, shell: _Shell) -> bool:
    start = issued.at.ts
    if start is None:
        return True
    slack = _SLACK_NS + (issued.at.err_us or 0) * 1000
    return start - slack <= shell.ts and (issued.ended_at is None or shell.ts <= issued.ended_at + slack)


def _code(row: ProcessExit) -> int | None:
    return 128 + row.signal if row.signal is not None else row.exit_code
