"""The ``=== Event N | … ===`` prose of PostTrainBench's formatters for Codex (both versions), Gemini and OpenCode.

A block is turned back into the event that it was made from, as far as the formatter shows it, and read by the
scaffold's own reader where that loses nothing.
"""

import re
from dataclasses import replace

from recorder.transcript import codex
from recorder.transcript.blocks import Block, dedent, labelled, value
from recorder.transcript.clock import Moment, parse_time
from recorder.transcript.conversation import Conversation, Usage, before
from recorder.transcript.decode import Json
from recorder.transcript.loose import ANY, Keys, read_object
from recorder.transcript.summary import Scaffold

_ITEM = re.compile(r"(item\.\w+) \((\w+)\)\Z")
_STATUS = re.compile(r"  Status: (\w+)\Z")
_CALL = re.compile(r"  Tool call: (.+) \[(.*)\]\Z")
_RESULT = re.compile(r"  Tool result for (\S+) \((\w+)\)\Z")
_COUNTS = re.compile(r"(\w+)=(\d{1,18})")
_DURATION = re.compile(r"  Duration: (\d{1,12})ms\Z")
_CODEX = ("thread.", "turn.", "item.")
CUT_MARK = "... [truncated]"
"""What OpenCode's formatter ends an output with that has more than 2000 characters."""

_KEYS: dict[str, Keys] = {
    "run_shell_command": Keys(
        frozenset({"command", "description", "dir_path", "directory", "is_background"})
    ),
    "write_file": Keys(frozenset({"file_path", "content", "modified_by_user", "ai_proposed_content"})),
    "replace": Keys(
        frozenset(
            {
                "file_path",
                "instruction",
                "old_string",
                "new_string",
                "expected_replacements",
                "allow_multiple",
            }
        )
    ),
    "write": Keys(frozenset({"filePath", "content"})),
    "edit": Keys(frozenset({"filePath", "oldString", "newString", "replaceAll"})),
}
"""Parameters of tools whose texts have line breaks."""
_ITEM_KEYS = Keys(
    frozenset({"item"}),
    below={
        "item": Keys(
            frozenset(
                {
                    *(
                        "id",
                        "type",
                        "text",
                        "command",
                        "aggregated_output",
                        "exit_code",
                        "status",
                        "changes",
                        "items",
                    ),
                    *("query", "action", "server", "tool", "arguments", "result", "error", "message"),
                }
            ),
            closing=frozenset({"exit_code", "status"}),
        )
    },
)
"""What Codex' items have (``codex-rs/exec/src/exec_events.rs``)."""


class EventProse:
    """Reads one session of whichever of the three scaffolds its events belong to."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._codex = codex.CodexReader(talk)

    def read(self, block: Block) -> None:
        """Tell one event."""
        fields = _fields(block.header[2])
        kind = fields.get("type", "")
        at = parse_time(fields.get("ts", "").partition(" -> ")[0])
        if block.header[2] == "NOT PARSABLE":
            self._talk.raw("\n".join(labelled(block.body, "Raw line") or block.body), at)
        elif kind.startswith(_CODEX):
            self._claim(Scaffold.CODEX)
            self._codex_event(kind, block, at)
        elif "tool" in fields or kind in ("step_start", "step_finish", "text"):
            self._claim(Scaffold.OPENCODE)
            self._opencode_event(kind, fields, block, at)
        elif kind.split(" ")[0] in ("init", "message", "tool_use", "tool_result", "result"):
            self._claim(Scaffold.GEMINI)
            self._gemini_event(kind.split(" ")[0], block, at)
        elif kind == "error":
            self._talk.notice(block.verbatim, at)
        else:
            self._talk.unknown(block.verbatim, at)

    def _claim(self, scaffold: Scaffold) -> None:
        if self._talk.summary.scaffold is None:
            self._talk.summary.scaffold = scaffold

    def _codex_event(self, kind: str, block: Block, at: Moment | None) -> None:
        event = _codex_item(kind, block.body) if kind.startswith("item.") else None
        if event is None:
            event = {"type": kind.split(" ")[0]}
            body = dedent(block.body, 2)
            event |= read_object(body) or {}
            if (thread := value(block.body, "Thread")) is not None:
                event["thread_id"] = thread
        self._talk.place = replace(self._talk.place, coarse=at)
        self._codex.read(event, block.verbatim)

    def _gemini_event(self, kind: str, block: Block, at: Moment | None) -> None:
        body = block.body
        match kind:
            case "init":
                summary = self._talk.summary
                summary.session_id, summary.model = value(body, "Session"), value(body, "Model")
                self._talk.notice(block.verbatim, at)
            case "message":
                role = (value(body, "Role") or "assistant").removesuffix(" (delta)")
                self._talk.say(role, "\n".join(labelled(body, "Content") or []), at)
            case "tool_use":
                found = next((match for line in body if (match := _CALL.match(line))), None)
                if found is None:
                    self._talk.unknown(block.verbatim, at)
                    return
                self._talk.call(found[2], found[1], _arguments(found[1], labelled(body, "Parameters")), at)
            case "tool_result":
                found = next((match for line in body if (match := _RESULT.match(line))), None)
                if found is None:
                    self._talk.unknown(block.verbatim, at)
                    return
                parts = [labelled(body, label) for label in ("Output", "Error")]
                text = "\n".join(line for part in parts if part for line in part)
                self._talk.result(found[1], text, at, failed=found[2] != "success")
            case _:
                counts = _counts(value(body, "Stats"))
                summary = self._talk.summary
                summary.failed = value(body, "Status") != "success"
                usage = Usage(counts.get("input_tokens"), counts.get("output_tokens"))
                summary.add(usage.tokens_in, usage.tokens_out, None)
                self._talk.notice(block.verbatim, at, usage)

    def _opencode_event(self, kind: str, fields: dict[str, str], block: Block, at: Moment | None) -> None:
        match kind:
            case "text":
                self._talk.say("assistant", "\n".join(labelled(block.body, "Assistant") or []), at)
            case "tool_use":
                self._opencode_tool(fields, block.body, at)
            case "step_finish":
                usage = _step_usage(block.body)
                self._talk.summary.add(usage.tokens_in, usage.tokens_out, usage.cost_usd)
                self._talk.summary.failed = False
                self._talk.notice(block.verbatim, at, usage)
            case _:
                self._talk.notice(block.verbatim, at)

    def _opencode_tool(self, fields: dict[str, str], body: list[str], at: Moment | None) -> None:
        """A call and its result in one block; ids and exit codes are not shown."""
        tool = fields.get("tool", "tool")
        given = labelled(body, "Input")
        arguments = _arguments(tool, given)
        duration = next((int(match[1]) for line in body if (match := _DURATION.match(line))), None)
        self._talk.call(None, tool, arguments, before(at, duration), late=True)
        failed = fields.get("status") == "error"
        output = labelled(body, "Error" if failed else "Output") or []
        if output and output[-1] == CUT_MARK:
            self._talk.cut("the formatter kept 2000 characters of this output")
        self._talk.result(None, "\n".join(output), at, failed=failed)


def _fields(header: str) -> dict[str, str]:
    pairs = (part.partition(": ") for part in header.split(" | "))
    return {key: told for key, colon, told in pairs if colon}


def _codex_item(kind: str, body: list[str]) -> Json | None:
    """The ``item.*`` event behind a block, of the formatter that prints JSON or the newer one; None if neither."""
    named = _ITEM.match(kind)
    if named is None:
        found = read_object(dedent(body, 2), _ITEM_KEYS)
        return None if found is None else {"type": kind, **found}
    item: Json = {"type": named[2], "id": value(body, "Item ID")}
    if named[2] == "command_execution":
        item |= _codex_command(body)
    elif named[2] in ("reasoning", "agent_message"):
        label = "Reasoning" if named[2] == "reasoning" else "Message"
        item["text"] = "\n".join(labelled(body, label) or [])
    else:
        rest = dedent([line for line in body if not line.startswith("  Item ID: ")], 2)
        item |= read_object(rest) or {"text": "\n".join(rest)}
    return {"type": named[1], "item": item}


def _codex_command(body: list[str]) -> Json:
    """A command's lines stand at the same level as its status; the status is the last line that can be one."""
    start = next((i for i, line in enumerate(body) if line.startswith("  Command: ")), None)
    if start is None:
        return {}
    end = next((i for i in reversed(range(start, len(body))) if _ends_command(body, i)), len(body))
    lines = dedent(body[start:end], 2)
    found: Json = {"command": "\n".join((lines[0].removeprefix("Command: "), *lines[1:]))}
    rest = body[end:]
    if rest and (status := _STATUS.match(rest[0])):
        found["status"] = status[1]
    code = value(rest[1:2], "Exit code")
    if code is not None and code.removeprefix("-").isascii() and code.removeprefix("-").isdigit():
        found["exit_code"] = int(code)
    found["aggregated_output"] = "\n".join(labelled(rest, "Output") or [])
    return found


def _ends_command(body: list[str], index: int) -> bool:
    if _STATUS.match(body[index]) is None:
        return False
    following = body[index + 1] if index + 1 < len(body) else None
    return following is None or following.startswith(("  Exit code: ", "  Output:"))


def _arguments(tool: str, lines: list[str] | None) -> Json | str:
    if not lines:
        return {}
    if lines[0].startswith("$ "):
        return {"command": "\n".join((lines[0][2:], *lines[1:]))}
    found = read_object(lines, _KEYS.get(tool, ANY))
    return "\n".join(lines) if found is None else found


def _counts(text: str | None) -> dict[str, int]:
    return {name: int(count) for name, count in _COUNTS.findall(text or "")}


def _step_usage(body: list[str]) -> Usage:
    counts = _counts(value(body, "Tokens"))
    cost = (value(body, "Cost") or "").removeprefix("$")
    if not counts:
        return Usage(cost_usd=_dollars(cost))
    read = counts.get("input", 0) + counts.get("cache_read", 0) + counts.get("cache_write", 0)
    return Usage(read, counts.get("output", 0) + counts.get("reasoning", 0), _dollars(cost))


def _dollars(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
