"""A sink between the witnesses and the store that adds a :class:`store.rows.CommandLink` for each command.

Texts and times decide as rows come, in whatever order the witnesses deliver them. What they leave open is decided at
the end, when no row can come any more.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from time import time_ns

import numpy as np
from numpy.typing import NDArray

from recorder.joining.commands import Pending, Pendings
from recorder.joining.own import OwnShells
from recorder.joining.script import shell_script
from recorder.joining.shells import Shell, Shells
from recorder.redact import Redactor
from store.helpers import is_helper
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

_LONG_ENOUGH = 12
"""Characters of a command that is looked for inside scripts of no known wrapping; shorter ones stand in any."""


class Joining:
    """Hands every row on to another sink."""

    def __init__(
        self,
        sink: Sink,
        redactor: Redactor,
        is_transcript: Callable[[], bool | None],
        clock: Callable[[], int] = time_ns,
    ) -> None:
        """``is_transcript``: whether the command's output tells commands; None while that is not known.

        ``clock`` tells nanoseconds since the epoch.
        """
        self._sink = sink
        self._redactor = redactor
        self._is_transcript = is_transcript
        self._clock = clock
        self._lock = Lock()
        self._shells = Shells()
        self._pendings = Pendings()
        self._own = OwnShells(sink)
        self._agents: set[int] = set()
        """Processes that started a shell which was a command: the agent's own."""

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row, then what it decides."""
        seq = self._sink.put(at, row)
        match row:
            case ProcessStart():
                with self._lock:
                    self._shells.start(row.process_id, row.parent_id)
            case Exec(error=None, argv=str(argv)):
                self._exec(at, row, argv)
            case ProcessExit():
                with self._lock:
                    self._shells.end(row.process_id)
                    self._own.end(at, row)
            case Command():
                with self._lock:
                    self._command(at, row)
            case CommandEnd():
                with self._lock:
                    self._pendings.end(row.command_id, at, self._clock())
            case _:
                pass
        return seq

    def intern(self, text: str) -> int:
        """As the sink behind it."""
        return self._sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """As the sink behind it: nothing that is joined comes in columns."""
        self._sink.put_columns(table, source, ts, columns)

    def close(self, *, watched: bool) -> None:
        """Decide what is left; ``watched``: whether processes were recorded at all, so that none means none."""
        with self._lock:
            if not watched:
                return
            if not self._is_transcript():
                self._own.tell()
            for pending in self._pendings:
                shell = self._containing(pending)
                if shell:
                    self._link(pending, shell, "exact")
            for pending, shell in self._alone():
                self._link(pending, shell, "time")
            for pending in self._pendings:
                at = Stamp(pending.at.ts, pending.at.quality, Source.RECORDER, pending.at.err_us)
                self._sink.put(at, CommandLink(pending.command_id, None, "none"))

    def _exec(self, at: Stamp, row: Exec, argv: str) -> None:
        script = shell_script(argv)
        if script is None or at.ts is None:
            return
        script = self._redactor.redact(script).text
        with self._lock:
            shell = self._shells.add(row.process_id, at.ts, argv, script)
            if shell is None:
                return
            self._note_own(at, row, script)
            pending = self._pendings.told(shell)
            if pending:
                self._link(pending, shell, "exact")

    def _note_own(self, at: Stamp, row: Exec, script: str) -> None:
        """What is no transcript is told at once, what may become one is held."""
        told = self._is_transcript()
        if told:
            self._own.forget()
        elif self._shells.is_own(row.process_id):
            self._own.start(at, row, script)
            if told is False:
                self._own.tell()

    def _command(self, at: Stamp, row: Command) -> None:
        pending = self._pendings.add(at, row, self._clock())
        for shell in self._shells:
            if pending.key in shell.keys and pending.window.may_hold(shell.ts):
                self._link(pending, shell, "exact")
                return

    def _link(self, pending: Pending, shell: Shell, match: str) -> None:
        self._pendings.remove(pending)
        self._shells.claim(shell)
        if shell.parent_id is not None:
            self._agents.add(shell.parent_id)
        at = Stamp(shell.ts, Quality.EXACT, Source.RECORDER)
        self._sink.put(at, CommandLink(pending.command_id, shell.process_id, match))

    def _containing(self, pending: Pending) -> Shell | None:
        """The one shell, with those inside it, whose script holds the command's text in no known wrapping."""
        if len(pending.key) < _LONG_ENOUGH:
            return None
        found = [
            shell
            for shell in self._shells
            if pending.window.may_hold(shell.ts) and any(pending.key in known for known in shell.keys)
        ]
        outer = found[0] if found else None
        return outer if outer and all(self._shells.is_inside(one, outer) for one in found[1:]) else None

    def _alone(self) -> list[tuple[Pending, Shell]]:
        """Commands and shells of the agent's own that have nobody but each other in their time."""
        agents = self._agents or {root for root in [self._shells.root] if root is not None}
        free = [shell for shell in self._shells if shell.parent_id in agents and not is_helper(shell.argv)]
        pairs = [
            (pending, shell)
            for pending in self._pendings
            for shell in free
            if pending.window.may_hold(shell.ts)
        ]
        commands = Counter(pending.command_id for pending, _ in pairs)
        shells = Counter(shell.process_id for _, shell in pairs)
        return [
            (pending, shell)
            for pending, shell in pairs
            if commands[pending.command_id] == shells[shell.process_id] == 1
            and pending.window.surely_holds(shell.ts)
        ]
