"""OpenCode's ``run --format json`` (seen: 1.18.33)."""

from recorder.transcript.clock import Moment, parse_time
from recorder.transcript.conversation import Conversation, Usage
from recorder.transcript.decode import Json, child, encode, integer, number, string


def recognises(event: Json) -> bool:
    """Whether only OpenCode writes such an event."""
    return "sessionID" in event and isinstance(event.get("type"), str)


class OpencodeReader:
    """Reads one session."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def read(self, event: Json, verbatim: str) -> None:
        """Tell one event."""
        at = parse_time(event.get("timestamp"))
        part = child(event, "part")
        self._talk.summary.session_id = string(event, "sessionID") or self._talk.summary.session_id
        match event.get("type"):
            case "text":
                self._talk.say("assistant", string(part, "text") or "", at)
            case "reasoning":
                self._talk.think(string(part, "text") or "", at)
            case "tool_use":
                self._tool(part, at)
            case "step_finish":
                usage = step_usage(part)
                self._talk.summary.add(usage.tokens_in, usage.tokens_out, usage.cost_usd)
                self._talk.summary.failed = False
                self._talk.notice(verbatim, at, usage)
            case "step_start":
                self._talk.notice(verbatim, at)
            case "error":
                self._talk.summary.failed = True
                self._talk.notice(verbatim, at)
            case _:
                self._talk.unknown(verbatim, at)

    def _tool(self, part: Json, at: Moment | None) -> None:
        """A call and its result are told together, when it has ended."""
        state = child(part, "state")
        span = child(state, "time")
        call_id = string(part, "callID")
        began, ended = parse_time(span.get("start")) or at, parse_time(span.get("end")) or at
        tool = string(part, "tool") or "tool"
        self._talk.call(call_id, tool, child(state, "input"), began, late=True)
        failed = state.get("status") == "error"
        text = string(state, "error") if failed else string(state, "output")
        if text is None and "error" in state:
            text = encode(state["error"])
        code = integer(child(state, "metadata"), "exit")
        self._talk.result(call_id, text, ended, failed=failed, exit_code=code)


def step_usage(part: Json) -> Usage:
    """Tokens and cost of one step; tokens read from and written to the cache are input."""
    tokens = child(part, "tokens")
    if not tokens:
        return Usage(cost_usd=number(part, "cost"))
    cache = child(tokens, "cache")
    read = [integer(tokens, "input"), integer(cache, "read"), integer(cache, "write")]
    written = [integer(tokens, "output"), integer(tokens, "reasoning")]
    return Usage(sum(n or 0 for n in read), sum(n or 0 for n in written), number(part, "cost"))
