"""Claude Code's ``--output-format stream-json`` (seen: 2.1.330)."""

import re

from recorder.transcript.clock import parse_time
from recorder.transcript.conversation import NO_USAGE, Conversation, Usage
from recorder.transcript.decode import Json, child, children, encode, integer, number, string
from recorder.transcript.writes import edited

KNOWN_NOTICES = frozenset(
    {"system", "stream_event", "rate_limit_event", "tool_progress", "auth_status", "tool_use_summary"}
)
EXIT_CODE = re.compile(r"Exit code (\d+)(?:\n|\Z)")
"""How a failed Bash result begins."""
BACKGROUND = re.compile(r"Command running in background with ID: ")


def recognises(event: Json) -> bool:
    """Whether only Claude Code writes such an event."""
    kind = event.get("type")
    if kind == "system":
        return "subtype" in event
    if kind in ("assistant", "user"):
        return isinstance(event.get("message"), dict)
    return kind == "result" and "num_turns" in event


class ClaudeReader:
    """Reads one session."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._counted: str | None = None
        self._told = NO_USAGE
        """Of this session, in rows so far."""
        self._before = NO_USAGE
        """Of sessions that ended earlier in the same log."""

    def read(self, event: Json, verbatim: str) -> None:
        """Tell one event."""
        match event.get("type"):
            case "assistant" | "user" as kind:
                self._turn(str(kind), event, verbatim)
            case "result":
                self._result(event, verbatim)
            case "system":
                self._system(event, verbatim)
            case str(kind) if kind in KNOWN_NOTICES:
                self._talk.notice(verbatim, parse_time(event.get("timestamp")))
            case _:
                self._talk.unknown(verbatim, parse_time(event.get("timestamp")))

    def _system(self, event: Json, verbatim: str) -> None:
        summary = self._talk.summary
        if event.get("subtype") == "init":
            session = string(event, "session_id")
            if session != summary.session_id:
                self._told = NO_USAGE
                self._before = Usage(summary.tokens_in, summary.tokens_out, summary.cost_usd)
            summary.session_id = session
            summary.model = string(event, "model")
            summary.cwd = string(event, "cwd")
        self._talk.notice(verbatim, parse_time(event.get("timestamp")))
        if event.get("subtype") == "task_notification":
            self._talk.background_ended(string(event, "tool_use_id"))

    def _turn(self, kind: str, event: Json, verbatim: str) -> None:
        message = child(event, "message")
        role = string(message, "role") or kind
        at = parse_time(event.get("timestamp"))
        parent = string(event, "parent_tool_use_id")
        content = message.get("content")
        if isinstance(content, str):
            self._talk.say(role, content, at, parent)
            return
        blocks = children(message, "content")
        if not blocks:
            self._talk.notice(verbatim, at)
            return
        usage = self._usage(message)
        for block in blocks:
            match block.get("type"):
                case "text":
                    self._talk.say(role, string(block, "text") or "", at, parent, usage)
                case "thinking" | "redacted_thinking":
                    self._talk.think(string(block, "thinking", "data") or "", at, parent, usage)
                case "tool_use" | "server_tool_use":
                    name = string(block, "name") or "tool"
                    self._talk.call(string(block, "id"), name, child(block, "input"), at, parent, usage)
                case "tool_result":
                    self._tool_result(block, event, parent)
                case _:
                    self._talk.unknown(encode(block), at)
            usage = NO_USAGE

    def _usage(self, message: Json) -> Usage:
        """Tokens once a message, though each of its blocks repeats them; an unfinished message's output is not final."""
        message_id = string(message, "id")
        if message_id is None or message_id == self._counted:
            return NO_USAGE
        self._counted = message_id
        spent = child(message, "usage")
        if not spent:
            return NO_USAGE
        tokens_out = integer(spent, "output_tokens") if message.get("stop_reason") else None
        usage = Usage(input_tokens(spent), tokens_out)
        self._told = Usage(
            (self._told.tokens_in or 0) + (usage.tokens_in or 0),
            (self._told.tokens_out or 0) + (tokens_out or 0),
        )
        return usage

    def _tool_result(self, block: Json, event: Json, parent: str | None) -> None:
        call_id = string(block, "tool_use_id")
        at = parse_time(event.get("timestamp"))
        text = result_text(block.get("content"))
        failed = block.get("is_error") is True
        told = child(event, "tool_use_result")
        call = self._talk.waiting(call_id)
        if call is None or call.command_id is None or call_id is None:
            whole = None if failed or call is None else _text_after(told)
            self._talk.result(call_id, text, at, parent, failed=failed, whole_text=whole)
        elif "backgroundTaskId" in told or (not failed and BACKGROUND.match(text)):
            self._talk.sent_to_background(call_id, text, at, parent)
        elif failed and (found := EXIT_CODE.match(text)):
            code, output = int(found[1]), text[found.end() :]
            self._talk.result(call_id, text, at, parent, failed=True, exit_code=code, output=output)
        else:
            # A success is exit 0, save where the CLI says how it read another code (grep's 1 is "no matches").
            clean = block.get("is_error") is False and "stdout" in told
            clean = clean and not told.get("interrupted") and not told.get("returnCodeInterpretation")
            self._talk.result(call_id, text, at, parent, failed=failed, exit_code=0 if clean else None)

    def _result(self, event: Json, verbatim: str) -> None:
        summary = self._talk.summary
        spent = child(event, "usage")
        total = Usage(input_tokens(spent), integer(spent, "output_tokens"), number(event, "total_cost_usd"))
        before = self._before
        summary.tokens_in, summary.tokens_out, summary.cost_usd = (
            before.tokens_in,
            before.tokens_out,
            before.cost_usd,
        )
        summary.add(total.tokens_in, total.tokens_out, total.cost_usd)
        summary.failed = event.get("is_error") is True
        self._talk.notice(verbatim, parse_time(event.get("timestamp")), _remainder(total, self._told))
        self._told = total
        if (claimed := string(event, "result")) is not None:
            self._talk.claim(claimed)


def input_tokens(usage: Json) -> int | None:
    """Tokens read, from the cache or not."""
    parts = [integer(usage, f"{kind}input_tokens") for kind in ("", "cache_creation_", "cache_read_")]
    return sum(part or 0 for part in parts) if parts[0] is not None else None


def result_text(content: object) -> str:
    """The text of a tool result, whose content is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else encode(content)
    parts = []
    for item in content:
        if isinstance(item, dict) and isinstance(text := item.get("text"), str):
            parts.append(text)
        elif isinstance(item, dict) and item.get("type") == "image":
            parts.append("[image]")
        else:
            parts.append(item if isinstance(item, str) else encode(item))
    return "\n".join(parts)


def _text_after(told: Json) -> str | None:
    """The whole text that an Edit left, from what the CLI says of the file before it."""
    original, old, new = (string(told, key) for key in ("originalFile", "oldString", "newString"))
    if original is None or old is None or new is None:
        return None
    return edited(original, old, new, everywhere=told.get("replaceAll") is True)


def _remainder(total: Usage, told: Usage) -> Usage:
    """What the rows before have not told yet, so that the rows' sum is the total."""

    def left(whole: int | None, part: int | None) -> int | None:
        return None if whole is None else max(whole - (part or 0), 0)

    cost = None if total.cost_usd is None else max(total.cost_usd - (told.cost_usd or 0.0), 0.0)
    return Usage(left(total.tokens_in, told.tokens_in), left(total.tokens_out, told.tokens_out), cost)
