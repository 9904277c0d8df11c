"""Commands without a transcript: the shells that the recorded command itself started, told by the kernel alone."""

from dataclasses import dataclass

from recorder.command import shell_code
from store.rows import Command, CommandEnd, CommandLink, Exec, ProcessExit, Stamp
from store.sink import Sink


@dataclass(frozen=True, slots=True)
class _End:
    at: Stamp
    row: CommandEnd


@dataclass(slots=True)
class _Told:
    at: Stamp
    row: Command
    end: _End | None = None


class OwnShells:
    """Holds them until it is known whether the agent's own words tell its commands."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held: dict[int, _Told] | None = {}
        """By process; None once they are needless."""
        self._streaming = False
        self._running: dict[int, int] = {}
        """process_id → command_id of those whose end is still to come."""
        self._count = 0

    def start(self, at: Stamp, row: Exec, script: str) -> None:
        """A process of the recorded command's own became a shell that was given ``script``."""
        if self._held is None or row.process_id in self._running:
            return
        self._count += 1
        self._running[row.process_id] = self._count
        told = _Told(at, Command(self._count, script, cwd=row.cwd))
        if self._streaming:
            self._tell(row.process_id, told)
        else:
            self._held[row.process_id] = told

    def end(self, at: Stamp, row: ProcessExit) -> None:
        """A process ended."""
        command_id = self._running.pop(row.process_id, None)
        if command_id is None:
            return
        end = _End(at, CommandEnd(command_id, shell_code(row.exit_code, row.signal)))
        held = self._held.get(row.process_id) if self._held else None
        if held:
            held.end = end
        else:
            self._sink.put(end.at, end.row)

    def tell(self) -> None:
        """There is no transcript: write those held, and others as they come."""
        self._streaming = True
        for process_id, told in (self._held or {}).items():
            self._tell(process_id, told)
        if self._held:
            self._held.clear()

    def forget(self) -> None:
        """There is a transcript."""
        if not self._streaming:
            self._held = None
            self._running.clear()

    def _tell(self, process_id: int, told: _Told) -> None:
        self._sink.put(told.at, told.row)
        self._sink.put(told.at, CommandLink(told.row.command_id, process_id, "exact"))
        if told.end:
            self._sink.put(told.end.at, told.end.row)
