"""A scripted model on loopback that speaks what the four agent CLIs speak, for tests that run the real ones.

Anthropic Messages (Claude Code), OpenAI Responses (Codex), Gemini (Gemini CLI) and OpenAI chat (OpenCode), each streamed.
A turn is words and the shell commands of one answer; which turn it is, is counted in the request's own history. Requests
without a shell among their tools (titles, summaries) get one word.
"""

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
_ANSWERED = {"input_tokens": 1, "output_tokens": 1}


@dataclass(frozen=True)
class Turn:
    """One answer of the model."""

    say: str
    commands: tuple[str, ...] = ()
    background: bool = False
    """Claude Code is asked to run the commands in the background."""


@contextmanager
def model(turns: Sequence[Turn]) -> Iterator[str]:
    """The URL of a model that answers with ``turns``, and with the last one from then on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send("application/json", b"{}")

        def do_HEAD(self) -> None:
            self._send("application/json", b"")

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
            if "count_tokens" in self.path:
                self._send("application/json", b'{"input_tokens": 1}')
                return
            for part, answer in _DIALECTS.items():
                if part in self.path:
                    self._send("text/event-stream", "".join(answer(request, turns)).encode())
                    return
            self._send("application/json", b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the signature of the base class
            pass

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _turn(turns: Sequence[Turn], done: int, tools: Sequence[str | None], shell: str) -> Turn:
    return turns[min(done, len(turns) - 1)] if shell in tools else Turn("ok")


def _id(kind: str) -> str:
    return f"{kind}_{uuid.uuid4().hex}"


def _messages(request: Json, turns: Sequence[Turn]) -> Iterator[str]:
    tools = [tool.get("name") for tool in request.get("tools", ())]
    done = sum(message["role"] == "assistant" for message in request["messages"])
    shell = "Bash" if "Bash" in tools else "bash"
    turn = _turn(turns, done, tools, shell)
    message = {"id": _id("msg"), "type": "message", "role": "assistant", "model": request.get("model")}
    yield _event("message_start", message={**message, "content": [], "stop_reason": None, "usage": _ANSWERED})
    blocks: list[tuple[Json, Json]] = [
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": turn.say}),
    ]
    for command in turn.commands:
        asked: Json = {"command": command, "description": "step"}
        if turn.background:
            asked["run_in_background"] = True
        start = {"type": "tool_use", "id": _id("toolu"), "name": shell, "input": {}}
        blocks.append((start, {"type": "input_json_delta", "partial_json": json.dumps(asked)}))
    for index, (start, delta) in enumerate(blocks):
        yield _event("content_block_start", index=index, content_block=start)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    reason = "tool_use" if turn.commands else "end_turn"
    yield _event("message_delta", delta={"stop_reason": reason}, usage=_ANSWERED)
    yield _event("message_stop")


def _responses(request: Json, turns: Sequence[Turn]) -> Iterator[str]:
    tools = [tool.get("name") for tool in request.get("tools", ())]
    items = request.get("input", ())
    shell = "exec_command" if "exec_command" in tools else "shell_command"
    turn = _turn(turns, sum(item.get("role") == "assistant" for item in items), tools, shell)
    answer = _id("resp")
    yield _event("response.created", response={"id": answer})
    said = {"type": "output_text", "text": turn.say}
    yield _event(
        "response.output_item.done",
        item={"type": "message", "role": "assistant", "id": _id("msg"), "content": [said]},
    )
    for command in turn.commands:
        asked = {"cmd" if shell == "exec_command" else "command": command}
        item = {"type": "function_call", "id": _id("fc"), "call_id": _id("call"), "name": shell}
        yield _event("response.output_item.done", item={**item, "arguments": json.dumps(asked)})
    usage = {**_ANSWERED, "input_tokens_details": None, "output_tokens_details": None, "total_tokens": 2}
    yield _event("response.completed", response={"id": answer, "usage": usage})


def _gemini(request: Json, turns: Sequence[Turn]) -> Iterator[str]:
    tools = [one["name"] for tool in request.get("tools", ()) for one in tool.get("functionDeclarations", ())]
    done = sum(content.get("role") == "model" for content in request.get("contents", ()))
    turn = _turn(turns, done, tools, "run_shell_command")
    parts: list[Json] = [{"text": turn.say}]
    for command in turn.commands:
        asked = {"command": command, "description": "step"}
        parts.append({"functionCall": {"name": "run_shell_command", "args": asked}})
    answer = {
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    }
    yield f"data: {json.dumps(answer)}\r\n\r\n"


def _chat(request: Json, turns: Sequence[Turn]) -> Iterator[str]:
    tools = [tool["function"]["name"] for tool in request.get("tools", ())]
    done = sum(message["role"] == "assistant" for message in request["messages"])
    turn = _turn(turns, done, tools, "bash")
    calls = [
        {
            "index": index,
            "id": _id("call"),
            "type": "function",
            "function": {
                "name": "bash",
                "arguments": json.dumps({"command": command, "description": "step"}),
            },
        }
        for index, command in enumerate(turn.commands)
    ]
    delta: Json = {"role": "assistant", "content": turn.say, **({"tool_calls": calls} if calls else {})}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": request.get("model")}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    for choice in (
        {"index": 0, "delta": delta, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "tool_calls" if calls else "stop"},
    ):
        yield f"data: {json.dumps({**chunk, 'choices': [choice], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


_DIALECTS = {
    "/messages": _messages,
    "/responses": _responses,
    "GenerateContent": _gemini,
    "/chat/completions": _chat,
}
"""By what only their URLs hold."""


def _event(kind: str, **values: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n"
