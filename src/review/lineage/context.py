"""Through the agent's context: what a tool call showed the agent, it may write in a later one.

Such edges are only ever *possible*; a match of contents has to make more of them.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from review.detector import RunView
from review.file_names import SCAFFOLD_FILES
from review.lineage.file_uses import FileUse, Span, uses_by
from review.lineage.graph import Graph, Taking
from review.lineage.images import Carrier

_CLOCK_ERROR_US = 1_000_000
"""Where only the arrival of a transcript's line is known, its time is good to a second."""
_WRITES_TEXT = re.compile(r"<<|\becho\b|\bprintf\b")
"""Commands that hold text of the agent's own to be written."""
_MOST_COMMANDS = 5000
_LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that the agent saw within a tool call."""

    taking: Taking
    us: int
    """When the call's result was there."""
    command: str | None
    """The shell command of the call; None where the agent read the file itself."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that the agent wrote out of its own head, or could have."""

    use: FileUse
    span: Span
    how: str


@dataclass(frozen=True, slots=True)
class _Command:
    command_id: int
    start_us: int
    end_us: int | None
    text: str


class AgentContext:
    """What the agent saw, and what it wrote itself."""

    def __init__(self, run: RunView, graph: Graph) -> None:
        self._run = run
        self._graph = graph
        rows = run.query(
            f"""
            SELECT command_id, epoch_us(start_ts), epoch_us(end_ts), left(text, {_LONGEST_TEXT}) FROM commands
            WHERE start_ts IS NOT NULL ORDER BY seq LIMIT {_MOST_COMMANDS}
            """
        )
        self._commands = {row[0]: _Command(row[0], row[1], row[2], row[3] or "") for row in rows}
        self._written: list[Written] | None = None

    def shown(self, takings: Iterable[Taking]) -> list[Shown]:
        """Which of these readings the agent itself made, or a command of its whose output it got."""
        readings = [taking for taking in takings if taking.carrier is not Carrier.EVALUATION]
        by_process = self._commands_of({taking.use.process_id for taking in readings})
        found = []
        for taking in readings:
            command = self._commands.get(by_process.get(taking.use.process_id, -1))
            if taking.carrier is Carrier.AGENT:
                found.append(Shown(taking, taking.read.first_us, None))
            elif command is not None:
                found.append(Shown(taking, command.end_us or taking.read.first_us, command.text))
        return sorted(found, key=lambda shown: shown.us)

    def written_after(self, shown: Shown) -> list[Written]:
        """What the agent wrote from then on: files of its own making, and text in the commands that it gave."""
        if self._written is None:
            self._written = [*self._by_itself(), *self._by_commands()]
        since = max(shown.taking.read.first_us, shown.us - _CLOCK_ERROR_US)
        return [one for one in self._written if one.span.last_us >= since]

    def _by_itself(self) -> list[Written]:
        return [
            Written(use, use.written, "written by the agent itself")
            for use in uses_by(self._run, self._graph.images.agents)
            if use.written is not None and not re.search(SCAFFOLD_FILES, use.path) and ":[" not in use.path
        ]

    def _by_commands(self) -> list[Written]:
        """Files named in commands that hold text of the agent's own, written by these commands."""
        texts = {n: c.text for n, c in self._commands.items() if _WRITES_TEXT.search(c.text)}
        if not texts:
            return []
        listed = ", ".join(map(str, sorted(texts)))
        command_of = dict(
            self._run.query(f"SELECT process_id, command_id FROM processes WHERE command_id IN ({listed})")
        )
        return [
            Written(use, use.written, "written by a command that holds text of the agent's own")
            for use in uses_by(self._run, command_of)
            if use.written is not None and posixpath.basename(use.path) in texts[command_of[use.process_id]]
        ]

    def _commands_of(self, process_ids: set[int]) -> dict[int, int]:
        if not process_ids or not self._commands:
            return {}
        listed = ", ".join(map(str, sorted(process_ids)))
        return dict(
            self._run.query(
                "SELECT process_id, command_id FROM processes"
                f" WHERE process_id IN ({listed}) AND command_id IS NOT NULL"
            )
        )
