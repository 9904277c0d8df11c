"""Codex's ``exec --json``: items of a thread (seen: 0.169.0), and the ``msg`` events of older versions."""

from recorder.transcript.conversation import Conversation, Usage
from recorder.transcript.decode import Json, child, children, encode, integer, string

PATH_ONLY = "Codex tells path and kind of a change, never the text"


def recognises(event: Json) -> bool:
    """Whether only Codex writes such an event."""
    kind = event.get("type")
    if isinstance(kind, str) and kind.startswith(("thread.", "turn.", "item.")):
        return True
    return isinstance(event.get("msg"), dict) and "type" in child(event, "msg")


class CodexReader:
    """Reads one thread."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def read(self, event: Json, verbatim: str) -> None:
        """Tell one event."""
        match event.get("type"):
            case "item.started":
                self._started(child(event, "item"), verbatim)
            case "item.completed":
                self._completed(child(event, "item"), verbatim)
            case "thread.started":
                self._talk.summary.session_id = string(event, "thread_id")
                self._talk.notice(verbatim)
            case "turn.completed":
                self._turn_completed(event, verbatim)
            case "turn.failed" | "error":
                self._talk.summary.failed = True
                self._talk.notice(verbatim)
            case "turn.started" | "item.updated":
                self._talk.notice(verbatim)
            case _:
                if msg := child(event, "msg"):
                    self._message(msg, verbatim)
                else:
                    self._talk.unknown(verbatim)

    def _turn_completed(self, event: Json, verbatim: str) -> None:
        spent = child(event, "usage")
        usage = Usage(integer(spent, "input_tokens"), integer(spent, "output_tokens"))
        self._talk.notice(verbatim, usage=usage)
        self._talk.summary.add(usage.tokens_in, usage.tokens_out, None)
        self._talk.summary.failed = False

    def _started(self, item: Json, verbatim: str) -> None:
        match item.get("type"):
            case "command_execution":
                arguments: Json = {"command": item.get("command")}
                self._talk.call(string(item, "id"), "command_execution", arguments)
            case "file_change" | "web_search" | "mcp_tool_call" | "collab_tool_call" as kind:
                self._talk.call(string(item, "id"), _tool(str(kind), item), _arguments(item))
            case "todo_list" | "reasoning" | "agent_message":
                self._talk.notice(verbatim)
            case _:
                self._talk.unknown(verbatim)

    def _completed(self, item: Json, verbatim: str) -> None:
        item_id = string(item, "id")
        match item.get("type"):
            case "agent_message":
                self._talk.say("assistant", string(item, "text") or "")
            case "reasoning":
                self._talk.think(string(item, "text") or "")
            case "command_execution":
                if self._talk.waiting(item_id) is None:
                    self._talk.call(item_id, "command_execution", {"command": item.get("command")})
                output = string(item, "aggregated_output")
                code = integer(item, "exit_code")
                failed = item.get("status") == "failed"
                self._talk.result(item_id, output, failed=failed, exit_code=code)
            case "file_change" | "web_search" | "mcp_tool_call" | "collab_tool_call" as kind:
                if self._talk.waiting(item_id) is None:
                    self._talk.call(item_id, _tool(str(kind), item), _arguments(item))
                failed = item.get("status") == "failed"
                self._talk.result(item_id, encode(_arguments(item)), failed=failed)
                for change in () if failed else children(item, "changes"):
                    if change.get("kind") != "delete" and (path := string(change, "path")):
                        self._talk.wrote(path, None, reason=PATH_ONLY)
            case "todo_list" | "error":
                self._talk.notice(verbatim)
            case _:
                self._talk.unknown(verbatim)

    def _message(self, msg: Json, verbatim: str) -> None:
        """An event of the protocol before threads and items."""
        call_id = string(msg, "call_id")
        match msg.get("type"):
            case "session_configured":
                summary = self._talk.summary
                summary.session_id, summary.model = string(msg, "session_id"), string(msg, "model")
                summary.cwd = string(msg, "cwd")
                self._talk.notice(verbatim)
            case "agent_message" | "user_message" as kind:
                role = "assistant" if kind == "agent_message" else "user"
                self._talk.say(role, string(msg, "message") or "")
            case "agent_reasoning" | "agent_reasoning_raw_content":
                self._talk.think(string(msg, "text") or "")
            case "exec_command_begin":
                arguments: Json = {key: msg[key] for key in ("command", "cwd") if key in msg}
                self._talk.call(call_id, "shell", arguments)
            case "exec_command_end":
                output = string(msg, "aggregated_output")
                if output is None:
                    output = (string(msg, "stdout") or "") + (string(msg, "stderr") or "")
                self._talk.result(call_id, output, exit_code=integer(msg, "exit_code"))
            case str(kind) if kind.endswith("_delta") or kind in KNOWN_MESSAGES:
                self._talk.notice(verbatim)
            case _:
                self._talk.unknown(verbatim)


KNOWN_MESSAGES = frozenset(
    {
        *(
            "task_started",
            "turn_started",
            "task_complete",
            "turn_complete",
            "token_count",
            "error",
            "warning",
        ),
        *("mcp_tool_call_begin", "mcp_tool_call_end", "patch_apply_begin", "patch_apply_end", "turn_aborted"),
        *("turn_diff", "plan_update", "background_event", "agent_reasoning_section_break"),
    }
)


def _tool(kind: str, item: Json) -> str:
    return string(item, "tool") or kind


def _arguments(item: Json) -> Json:
    return {key: value for key, value in item.items() if key not in ("id", "type", "status")}
