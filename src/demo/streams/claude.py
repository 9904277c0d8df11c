"""Claude Code's ``--output-format stream-json`` (2.1.330)."""

import uuid
from collections.abc import Mapping, Sequence

from demo.streams.stream import MODEL, Call, Command, NewFile, Outcome, emit, now_iso

_SESSION = str(uuid.UUID(int=0))


class ClaudeStream:
    """Every block of an answer is a message of its own with the answer's id."""

    def begin(self, folder: str) -> None:
        """The ``init`` notice."""
        self._emit("system", subtype="init", cwd=folder, tools=["Bash", "Write"], model=MODEL)

    def think(self, turn: int, text: str) -> None:
        """A ``thinking`` block."""
        self._say(turn, {"type": "thinking", "thinking": text})

    def say(self, turn: int, text: str) -> None:
        """A ``text`` block."""
        self._say(turn, {"type": "text", "text": text})

    def call(self, call: Call) -> None:
        """A ``tool_use`` block."""
        request: Mapping[str, object]
        match call.tool:
            case Command(text, description):
                name, request = "Bash", {"command": text, "description": description}
            case NewFile(path, content):
                name, request = "Write", {"file_path": path, "content": content}
        self._say(call.turn, {"type": "tool_use", "id": _call_id(call), "name": name, "input": request})

    def result(self, call: Call, outcome: Outcome) -> None:
        """A ``tool_result`` block in a message of the user."""
        failed = outcome.exit_code != 0
        text = outcome.output
        if isinstance(call.tool, NewFile):
            text = f"File created successfully at: {call.tool.path}"
        details: str | Mapping[str, object] = {"stdout": text, "stderr": ""}
        if failed:
            text = f"Exit code {outcome.exit_code}\n{text}"
            details = f"Error: {text}"
        block = {"tool_use_id": _call_id(call), "type": "tool_result", "content": text, "is_error": failed}
        blocks: Sequence[Mapping[str, object]] = [block]
        self._emit(
            "user",
            message={"role": "user", "content": blocks},
            parent_tool_use_id=None,
            timestamp=now_iso(),
            tool_use_result=details,
        )

    def end(self, turns: int, last_words: str) -> None:
        """The ``result`` event."""
        self._emit(
            "result",
            subtype="success",
            is_error=False,
            num_turns=turns,
            result=last_words,
            total_cost_usd=0.0,
        )

    def _say(self, turn: int, block: Mapping[str, object]) -> None:
        message = {
            "id": f"msg_demo_{turn:02}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [block],
        }
        self._emit("assistant", message=message, parent_tool_use_id=None, timestamp=now_iso())

    def _emit(self, kind: str, **values: object) -> None:
        emit({"type": kind, **values, "session_id": _SESSION})


def _call_id(call: Call) -> str:
    return f"toolu_demo_{call.turn:02}"
