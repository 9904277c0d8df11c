"""Tells a recording of an agent row by row, in the order in which a test says; times in seconds."""

import shlex
from collections.abc import Callable

from recorder.joining.sink import Joining
from recorder.redact import Redactor
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Exec,
    ProcessExit,
    ProcessStart,
    Quality,
    Source,
    Stamp,
)
from tests.recorder.collected import Collected

SECOND = 1_000_000_000
AGENT = 1


class Story:
    """Process 1 is the agent."""

    def __init__(
        self, is_transcript: Callable[[], bool | None] = lambda: True, secrets: tuple[str, ...] = ()
    ) -> None:
        self.sink = Collected()
        self.now = 0.0
        """When the rows told next come to the recorder."""
        self.off = 0.0
        """How far the agent's clock is ahead."""
        self.joining = Joining(self.sink, Redactor(secrets), is_transcript, lambda: ns(self.now))
        self.joining.put(kernel(0), ProcessStart(AGENT, 100))

    def shell(self, process_id: int, at: float, script: str, *, parent: int = AGENT) -> None:
        """``bash -c SCRIPT`` starts."""
        self.process(process_id, at, "/bin/bash", "-c", script, parent=parent)

    def process(self, process_id: int, at: float, *argv: str, parent: int = AGENT) -> None:
        self._advance(at)
        pid = 100 + process_id
        self.joining.put(kernel(at), ProcessStart(process_id, pid, parent_id=parent))
        self.exec(process_id, at, *argv)

    def exec(self, process_id: int, at: float, *argv: str) -> None:
        row = Exec(process_id, 100 + process_id, argv[0], shlex.join(argv), cwd="/work")
        self.joining.put(kernel(at), row)

    def exit(self, process_id: int, at: float, code: int | None = 0, signal: int | None = None) -> None:
        self.joining.put(kernel(at), ProcessExit(process_id, 100 + process_id, code, signal))

    def command(self, number: int, at: float, text: str, *, err_s: float | None = 0.001) -> None:
        """The agent issues a command; without ``err_s`` only its arrival is known."""
        self._advance(at)
        self.joining.put(transcript(at + self.off, err_s), Command(number, text, tool="Bash"))

    def result(self, number: int, at: float, *, err_s: float | None = 0.001) -> None:
        self._advance(at)
        self.joining.put(transcript(at + self.off, err_s), CommandEnd(number, 0))

    def _advance(self, at: float) -> None:
        self.now = max(self.now, at)

    @property
    def links(self) -> dict[int, tuple[int | None, str]]:
        """As written so far."""
        found = self.sink.of(CommandLink)
        assert len(found) == len({row.command_id for row in found})
        return {row.command_id: (row.process_id, row.match) for row in found}

    def closed(self, *, watched: bool = True) -> dict[int, tuple[int | None, str]]:
        self.joining.close(watched=watched)
        return self.links


def ns(at: float) -> int:
    return round(at * SECOND)


def kernel(at: float) -> Stamp:
    return Stamp(ns(at), Quality.EXACT, Source.KERNEL, 1)


def transcript(at: float, err_s: float | None) -> Stamp:
    if err_s is None:
        return Stamp(ns(at), Quality.ARRIVAL, Source.TRANSCRIPT)
    return Stamp(ns(at), Quality.EXACT, Source.TRANSCRIPT, round(err_s * 1_000_000))
