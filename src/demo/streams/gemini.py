"""Gemini CLI's ``--output-format stream-json`` (0.61.0): a command's result is ``success`` whatever its exit code."""

import uuid
from collections.abc import Mapping

from demo.streams.stream import MODEL, Call, Command, NewFile, Outcome, emit, now_iso


class GeminiStream:
    """Flat events; a call's id tells its tool. Its thoughts do not reach the stream."""

    def __init__(self) -> None:
        self._calls = 0

    def begin(self, folder: str) -> None:  # noqa: ARG002  # Gemini's stream does not name it
        """The ``init`` event."""
        self._emit("init", session_id=str(uuid.UUID(int=0)), model=MODEL)

    def think(self, turn: int, text: str) -> None:
        """Nothing: the CLI keeps thoughts to itself."""

    def say(self, turn: int, text: str) -> None:  # noqa: ARG002  # answers are not numbered
        """A piece of an answer."""
        self._emit("message", role="assistant", content=text, delta=True)

    def call(self, call: Call) -> None:
        """A ``tool_use`` event."""
        parameters: Mapping[str, object]
        match call.tool:
            case Command(text, description):
                parameters = {"command": text, "description": description}
            case NewFile(path, content):
                parameters = {"file_path": path, "content": content}
        self._emit("tool_use", tool_name=_name(call), tool_id=_call_id(call), parameters=parameters)
        self._calls += 1

    def result(self, call: Call, outcome: Outcome) -> None:
        """A ``tool_result`` event."""
        output = {"output": outcome.output} if isinstance(call.tool, Command) else {}
        self._emit("tool_result", tool_id=_call_id(call), status="success", **output)

    def end(self, turns: int, last_words: str) -> None:  # noqa: ARG002  # Gemini repeats neither
        """The ``result`` event."""
        stats = {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0, "tool_calls": self._calls}
        self._emit("result", status="success", stats=stats)

    def _emit(self, kind: str, **values: object) -> None:
        emit({"type": kind, "timestamp": now_iso(), **values})


def _name(call: Call) -> str:
    return "run_shell_command" if isinstance(call.tool, Command) else "write_file"


def _call_id(call: Call) -> str:
    return f"{_name(call)}__{_name(call)}_demo_{call.turn}"
