"""Gemini CLI's ``--output-format stream-json`` (seen: 0.61.0)."""

from recorder.transcript.clock import Moment, parse_time
from recorder.transcript.conversation import Conversation, Usage
from recorder.transcript.decode import Json, child, encode, integer, string

MAX_MERGED = 8 << 20
"""Characters of one answer that are put together from its pieces."""


def recognises(event: Json) -> bool:
    """Whether only Gemini CLI writes such an event."""
    match event.get("type"):
        case "init":
            return "model" in event
        case "message":
            return isinstance(event.get("content"), str) and "role" in event
        case "tool_use":
            return "tool_name" in event
        case "tool_result":
            return "tool_id" in event
        case "result":
            return "stats" in event
    return False


class GeminiReader:
    """Reads one session; pieces of one answer (``delta``) become one message."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._pieces: list[str] = []
        self._length = 0
        self._since: Moment | None = None
        self._role = "assistant"
        self._place = talk.place

    def read(self, event: Json, verbatim: str) -> None:
        """Tell one event."""
        at = parse_time(event.get("timestamp"))
        if event.get("type") == "message" and event.get("delta") is True:
            self._add(string(event, "role") or "assistant", string(event, "content") or "", at)
            return
        self.flush()
        match event.get("type"):
            case "init":
                self._talk.summary.session_id = string(event, "session_id")
                self._talk.summary.model = string(event, "model")
                self._talk.notice(verbatim, at)
            case "message":
                role = string(event, "role") or "assistant"
                self._talk.say(role, string(event, "content") or "", at)
            case "tool_use":
                name = string(event, "tool_name") or "tool"
                self._talk.call(string(event, "tool_id"), name, child(event, "parameters"), at)
            case "tool_result":
                text = string(event, "output")
                if "error" in event:
                    text = "\n".join(part for part in (text, encode(event["error"])) if part)
                failed = event.get("status") != "success"
                # The stream says "success" whatever the command's exit code was, so none is known.
                self._talk.result(string(event, "tool_id"), text, at, failed=failed)
            case "result":
                self._result(event, verbatim, at)
            case "error":
                self._talk.notice(verbatim, at)
            case _:
                self._talk.unknown(verbatim, at)

    def flush(self) -> None:
        """Tell the message that pieces have been gathered for."""
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces, self._length = [], 0
            here, self._talk.place = self._talk.place, self._place
            self._talk.say(self._role, text, self._since)
            self._talk.place = here

    def _add(self, role: str, piece: str, at: Moment | None) -> None:
        if self._pieces and (role != self._role or self._length + len(piece) > MAX_MERGED):
            self.flush()
        if self._pieces:
            self._talk.summary.merged += 1
        else:
            self._role, self._since, self._place = role, at, self._talk.place
        self._pieces.append(piece)
        self._length += len(piece)

    def _result(self, event: Json, verbatim: str, at: Moment | None) -> None:
        stats = child(event, "stats")
        usage = Usage(integer(stats, "input_tokens"), integer(stats, "output_tokens"))
        summary = self._talk.summary
        summary.failed = event.get("status") != "success"
        summary.add(usage.tokens_in, usage.tokens_out, None)
        self._talk.notice(verbatim, at, usage)
