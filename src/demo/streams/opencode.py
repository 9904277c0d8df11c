"""OpenCode's ``run --format json`` (1.18.33): a call and its result are one event, when it has ended."""

from collections.abc import Mapping

from demo.streams.stream import Call, Command, NewFile, Outcome, emit, now_ms

_SESSION = "ses_demo"


class OpencodeStream:
    """Every answer is a step with a beginning and an end."""

    def __init__(self) -> None:
        self._turn = 0
        self._parts = 0
        self._called_ms = 0

    def begin(self, folder: str) -> None:
        """Nothing: the first step begins the session."""

    def think(self, turn: int, text: str) -> None:
        """A ``reasoning`` part."""
        self._step(turn)
        self._emit("reasoning", {"type": "reasoning", "text": text})

    def say(self, turn: int, text: str) -> None:
        """A ``text`` part."""
        self._step(turn)
        self._emit("text", {"type": "text", "text": text, "time": {"start": now_ms(), "end": now_ms()}})

    def call(self, call: Call) -> None:
        """Remembered until the call has ended."""
        self._step(call.turn)
        self._called_ms = now_ms()

    def result(self, call: Call, outcome: Outcome) -> None:
        """A ``tool`` part."""
        given: Mapping[str, object]
        metadata: Mapping[str, object]
        match call.tool:
            case Command(text, description):
                tool, title, output = "bash", text, outcome.output
                given = {"command": text, "description": description}
                metadata = {"output": output, "exit": outcome.exit_code, "truncated": False}
            case NewFile(path, content):
                tool, title, output = "write", path.removeprefix("/"), "Wrote file successfully."
                given = {"filePath": path, "content": content}
                metadata = {"diagnostics": {}, "filepath": path, "exists": False, "truncated": False}
        state = {
            "status": "completed",
            "input": given,
            "output": output,
            "metadata": metadata,
            "title": title,
            "time": {"start": self._called_ms, "end": now_ms()},
        }
        self._emit(
            "tool_use", {"type": "tool", "tool": tool, "callID": f"call_demo_{call.turn}", "state": state}
        )

    def end(self, turns: int, last_words: str) -> None:  # noqa: ARG002  # OpenCode repeats neither
        """The last step ends."""
        self._finish("stop")

    def _step(self, turn: int) -> None:
        if turn == self._turn:
            return
        if self._turn:
            self._finish("tool-calls")
        self._turn = turn
        self._emit("step_start", {"type": "step-start"})

    def _finish(self, reason: str) -> None:
        tokens = {"total": 0, "input": 0, "output": 0, "reasoning": 0, "cache": {"write": 0, "read": 0}}
        self._emit("step_finish", {"type": "step-finish", "reason": reason, "tokens": tokens, "cost": 0})

    def _emit(self, kind: str, part: Mapping[str, object]) -> None:
        self._parts += 1
        whole = {
            "id": f"prt_demo_{self._parts}",
            "sessionID": _SESSION,
            "messageID": f"msg_demo_{self._turn}",
            **part,
        }
        emit({"type": kind, "timestamp": now_ms(), "sessionID": _SESSION, "part": whole})
