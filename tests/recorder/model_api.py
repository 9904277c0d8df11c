"""A scripted model behind Anthropic's Messages API on loopback, for tests that run the real Claude Code.

Formats: https://docs.anthropic.com/en/api/messages-streaming. Requests without tools (titles, summaries) get one word.
"""

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Block = dict[str, Any]


def say(text: str) -> Block:
    return {"type": "text", "text": text}


def bash(command: str, **more: Any) -> Block:
    """A call of Claude Code's shell."""
    request = {"command": command, "description": "step", **more}
    return {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex}", "name": "Bash", "input": request}


@contextmanager
def model(turns: Sequence[Sequence[Block]]) -> Iterator[str]:
    """The base URL of a model that answers with ``turns``, one a request, and with the last one from then on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send("text/plain", b"")

        def do_HEAD(self) -> None:
            self._send("text/plain", b"")

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
            if "count_tokens" in self.path:
                self._send("application/json", b'{"input_tokens": 1}')
                return
            blocks: Sequence[Block] = [say("ok")]
            if any(tool.get("name") == "Bash" for tool in request.get("tools", ())):
                asked = sum(message["role"] == "assistant" for message in request["messages"])
                blocks = turns[min(asked, len(turns) - 1)]
            self._send("text/event-stream", "".join(_events(request.get("model"), blocks)).encode())

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


def _events(name: str | None, blocks: Sequence[Block]) -> Iterator[str]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant", "model": name}
    yield _event("message_start", message={**message, "content": [], "stop_reason": None, "usage": usage})
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            written = json.dumps(block["input"])
            start, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": written}
        yield _event("content_block_start", index=index, content_block=start)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    reason = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    yield _event("message_delta", delta={"stop_reason": reason}, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **values: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n"
