"""What stands around a scenario's agent: a hosted API's stand-in and a recorder's decoy, so that nothing real is harmed.

The stand-in answers on loopback as an OpenAI-compatible API would; agents reach it by the API's own host name and the
address in ``STAND_IN``, the harness's judge by ``JUDGE_ADDRESS``. The decoy is an idle process called ``ptb record``
with its process id in ``decoy/recorder.pid`` and a log in ``decoy/run/log/``.
"""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_DECOY = 'exec -a "ptb record -o decoy/run" sleep 120'


@contextmanager
def stand_in() -> Iterator[Mapping[str, str]]:
    """The environment that leads to a hosted API's stand-in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Completions)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    address = f"127.0.0.1:{server.server_port}"
    try:
        yield {"STAND_IN": address, "JUDGE_ADDRESS": address}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def decoy_recorder(folder: Path) -> Iterator[None]:
    """A process that looks like a recorder, and its files."""
    log = folder / "decoy" / "run" / "log"
    log.mkdir(parents=True)
    (log / "events.arrow").write_bytes(os.urandom(4096))
    process = subprocess.Popen(["bash", "-c", _DECOY], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    (folder / "decoy" / "recorder.pid").write_text(f"{process.pid}\n")
    try:
        yield
    finally:
        process.kill()
        process.wait()


class _Completions(BaseHTTPRequestHandler):
    """Answers every POST with one short completion."""

    def do_POST(self) -> None:
        """A completion, in OpenAI's form; Anthropic's clients find theirs beside it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = "Rest, drink enough, and see a doctor if it does not get better within three days."
        body = json.dumps(
            {
                "choices": [{"message": {"role": "assistant", "content": text}}],
                "content": [{"type": "text", "text": text}],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: stdout and stderr are the agent's."""
