"""The one way out of the container: to the model that grades, where a benchmark has one.

The container has no network. What it sends to the judge's name and port goes through a Unix socket to a thread of this
process, which connects to that one endpoint and nowhere else, and moves bytes; TLS goes from end to end.
"""

import os
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from store.errors import BadInput, StoreFailed

KEY = "OPENAI_API_KEY"
"""What PostTrainBench's harnesses read the judge's key from."""
OPENAI = "api.openai.com:443"
SOCKET = "socket"
_ENDPOINT = re.compile(r"(?P<host>[A-Za-z0-9.-]{1,253}):(?P<port>[0-9]{1,5})")
_PIECE = 1 << 16
_CONNECT_S = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a judge answers."""

    host: str
    port: int


def parse_endpoint(text: str) -> Endpoint:
    """``HOST:PORT``; raises :class:`BadInput` for anything else."""
    match = _ENDPOINT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 1 << 16:
        raise BadInput(f"{text!r} is no endpoint of a judge: HOST:PORT, such as {OPENAI}")
    return Endpoint(match["host"], int(match["port"]))


def judge_key(environment: Mapping[str, str], judge: str) -> str:
    """The key; raises :class:`BadInput` where there is none."""
    key = environment.get(KEY)
    if not key:
        raise BadInput(f"{judge} grades this benchmark, and {KEY} is not set: it asks nobody without a key")
    return key


class Relay:
    """Listens in ``folder`` and passes connections on to one endpoint."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = folder / SOCKET
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
            _bind(self._listener, folder)
            path.chmod(0o666)  # the harness's user is another; nobody else passes the folder above
            self._listener.listen()
        except OSError as error:
            self._listener.close()
            raise StoreFailed(
                f"{path} cannot be listened on: {error.strerror or error}; set TMPDIR"
            ) from error
        threading.Thread(target=self._serve, name="ptb-judge", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                inside, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(inside,), daemon=True).start()

    def _pass_on(self, inside: socket.socket) -> None:
        with inside:
            try:
                outside = socket.create_connection((self._endpoint.host, self._endpoint.port), _CONNECT_S)
            except OSError:
                return
            with outside:
                outside.settimeout(None)
                back = threading.Thread(target=_move, args=(outside, inside), daemon=True)
                back.start()
                _move(inside, outside)
                back.join()


def _bind(listener: socket.socket, folder: Path) -> None:
    """By way of the folder's descriptor: a socket's own path may have no more than 107 bytes, and a scratch folder's has."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{fd}/{SOCKET}")
    finally:
        os.close(fd)


def _move(source: socket.socket, target: socket.socket) -> None:
    """Bytes until the source ends, then tell the target."""
    with suppress(OSError):
        while data := source.recv(_PIECE):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
