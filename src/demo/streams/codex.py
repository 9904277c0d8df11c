"""Codex's ``exec --json`` (0.169.0): no clock, and of a written file only the path."""

import shlex
import uuid
from collections.abc import Mapping

from demo.streams.stream import Call, Command, NewFile, Outcome, emit


class CodexStream:
    """Items of one thread; a call has its own from start to end."""

    def __init__(self) -> None:
        self._items = 0

    def begin(self, folder: str) -> None:  # noqa: ARG002  # Codex's stream does not name it
        """A thread with one turn."""
        emit({"type": "thread.started", "thread_id": str(uuid.UUID(int=0))})
        emit({"type": "turn.started"})

    def think(self, turn: int, text: str) -> None:  # noqa: ARG002  # items are counted over the thread
        """A ``reasoning`` item."""
        self._tell("reasoning", text)

    def say(self, turn: int, text: str) -> None:  # noqa: ARG002
        """An ``agent_message`` item."""
        self._tell("agent_message", text)

    def call(self, call: Call) -> None:
        """A started item."""
        emit({"type": "item.started", "item": self._item(call, "in_progress", None)})

    def result(self, call: Call, outcome: Outcome) -> None:
        """The same item, completed."""
        status = "failed" if outcome.exit_code else "completed"
        emit({"type": "item.completed", "item": self._item(call, status, outcome)})
        self._items += 1

    def end(self, turns: int, last_words: str) -> None:  # noqa: ARG002  # Codex repeats neither
        """The turn's usage."""
        usage = {"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0}
        emit({"type": "turn.completed", "usage": usage})

    def _tell(self, kind: str, text: str) -> None:
        emit({"type": "item.completed", "item": {"id": f"item_{self._items}", "type": kind, "text": text}})
        self._items += 1

    def _item(self, call: Call, status: str, outcome: Outcome | None) -> Mapping[str, object]:
        item = {"id": f"item_{self._items}", "status": status}
        match call.tool:
            case Command(text):
                return {
                    **item,
                    "type": "command_execution",
                    "command": f"/bin/bash -lc {shlex.quote(text)}",
                    "aggregated_output": outcome.output if outcome else "",
                    "exit_code": outcome.exit_code if outcome else None,
                }
            case NewFile(path):
                return {**item, "type": "file_change", "changes": [{"path": path, "kind": "add"}]}
