"""A scripted language model on loopback: speaks Anthropic's Messages API, streaming, and answers with a scenario's turns.

With it a real agent CLI runs without a key or internet, and everything that it does is real. Which turn comes next is
read off the conversation that the CLI sends, so the server keeps no state; requests without tools (a title, a
quota check) get a word.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from demo.scenario import Shell, Turn, Write

Event = dict[str, Any]


@contextmanager
def serve(scenario: Sequence[Turn], folder: Path) -> Iterator[str]:
    """The base URL of a model that plays ``scenario`` for an agent that works in ``folder``."""

    class Handler(_Messages):
        turns = scenario
        working_folder = folder

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Messages(BaseHTTPRequestHandler):
    """Answers ``POST /v1/messages``; everything else is empty and fine."""

    turns: Sequence[Turn]
    working_folder: Path
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One answer of the model."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.split("?")[0].endswith("/v1/messages"):
            self._send("application/json", b'{"input_tokens": 1}')
            return
        request = json.loads(body)
        events = list(answer(request, self.turns, self.working_folder))
        if not request.get("stream"):
            self._send("application/json", json.dumps(whole(events)).encode())
            return
        stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        self._send("text/event-stream", stream.encode())

    def do_GET(self) -> None:
        """Whatever else a CLI asks for."""
        self._send("application/json", b"{}")

    def do_HEAD(self) -> None:
        """Whether the server is there."""
        self._send("application/json", b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: stderr belongs to the person at the terminal."""

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answer(request: Event, turns: Sequence[Turn], folder: Path) -> Iterator[Event]:
    """The stream of events that answers ``request``."""
    spoken = sum(message["role"] == "assistant" for message in request["messages"])
    turn = turns[min(spoken, len(turns) - 1)] if request.get("tools") else Turn("ok")
    blocks = list(_blocks(turn, spoken, folder))
    called = blocks[-1]["type"] == "tool_use"
    usage = {"input_tokens": 100 * (spoken + 1), "output_tokens": 1}
    message = {
        "id": f"msg_demo_{spoken:02}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "scripted"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield {"type": "message_start", "message": message}
    for index, block in enumerate(blocks):
        yield from _streamed(index, block)
    stop = {"stop_reason": "tool_use" if called else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 40}}
    yield {"type": "message_stop"}


def whole(events: Sequence[Event]) -> Event:
    """The same answer in one piece, as a request without ``stream`` gets it."""
    message: Event = {**events[0]["message"]}
    texts = [event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text_delta"]
    message["content"] = [{"type": "text", "text": text} for text in texts]
    return {**message, "stop_reason": "end_turn"}


def _blocks(turn: Turn, number: int, folder: Path) -> Iterator[Event]:
    yield {"type": "text", "text": turn.say}
    match turn.act:
        case Shell(command, description):
            tool, value = "Bash", {"command": command, "description": description}
        case Write(name, content):
            tool, value = "Write", {"file_path": str(folder / name), "content": content}
        case _:  # a model can call tools and nothing else
            return
    yield {"type": "tool_use", "id": f"toolu_demo_{number:02}", "name": tool, "input": value}


def _streamed(index: int, block: Event) -> Iterator[Event]:
    if block["type"] == "text":
        empty: Event = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
