"""``python -P -m runner.sandbox.gateway``: what answers inside a sandbox that has no network of its own.

It listens on the sandbox's loopback (a socket belongs to the network namespace it was made in, whatever namespace its
owner is in later) and connects from the host's: a proxy that lets named hosts through, and ports of the host's loopback.
Its orders are one line of JSON on stdin; it says a line of JSON for each connection
that it is asked for, and ends when stdin does.
"""

import asyncio
import ctypes
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

PROXY_PORT = 3128
_LONGEST_HEAD = 1 << 16
_LONGEST_NAME = 253
"""Of a host: RFC 1035."""
_CHUNK = 1 << 16
_PORTS = (80, 443)
_CLONE_NEWNET = 0x40000000
_LOOPBACK = "127.0.0.1"

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class Orders:
    """What to open in which sandbox."""

    namespace: str
    """``/proc/PID/ns/net``."""
    hosts: tuple[str, ...]
    """Empty for no proxy."""
    forwards: tuple[int, ...]

    @property
    def sockets(self) -> Path:
        """The sandbox's table of TCP sockets: proc(5), ``net/tcp``."""
        return Path(self.namespace).parents[1] / "net" / "tcp"


def is_allowed(host: str, port: int, hosts: Sequence[str]) -> bool:
    """Whether the list names a host: exactly, or as ``*.example.org`` one below."""
    name = host.lower().rstrip(".")
    return port in _PORTS and any(
        name.endswith(one[1:].lower()) if one.startswith("*.") else name == one.lower() for one in hosts
    )


def main() -> None:
    """Listen, say so, serve until stdin ends."""
    told = json.loads(sys.stdin.readline())
    orders = Orders(told["namespace"], tuple(told["hosts"]), tuple(told["forwards"]))
    ports = [*orders.forwards, *([PROXY_PORT] if orders.hosts else [])]
    listening = _listen(orders.namespace, ports)
    asyncio.run(_serve(orders, listening))


def _listen(namespace: str, ports: Sequence[int]) -> dict[int, socket.socket]:
    """Sockets in another network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(namespace, os.O_RDONLY)
    if libc.setns(other, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    try:
        return {port: socket.create_server((_LOOPBACK, port)) for port in ports}
    finally:
        if libc.setns(own, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


async def _serve(orders: Orders, listening: dict[int, socket.socket]) -> None:
    for port, listener in listening.items():
        answer = _proxy(orders) if port not in orders.forwards else _forward(port)
        await asyncio.start_server(answer, sock=listener, limit=_LONGEST_HEAD)
    print("ready", flush=True)  # noqa: T201  # to whoever started this process
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


def _forward(port: int) -> Callable[[Reader, Writer], Awaitable[None]]:
    async def answer(reader: Reader, writer: Writer) -> None:
        await _join(reader, writer, _LOOPBACK, port, b"")

    return answer


def _proxy(orders: Orders) -> Callable[[Reader, Writer], Awaitable[None]]:
    async def answer(reader: Reader, writer: Writer) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            tunnel = method == "CONNECT"
            where = urlsplit(f"//{target}" if tunnel else target)
            host, port = where.hostname or "", where.port or 80
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            await _refuse(writer, "400 Bad Request")
            return
        if not is_allowed(host, port, orders.hosts):
            _tell(orders, writer, host, port, refused=True)
            await _refuse(writer, "403 Forbidden")
            return
        _tell(orders, writer, host, port, refused=False)
        if tunnel:
            await _join(reader, writer, host, port, b"", b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = (where.path or "/") + (f"?{where.query}" if where.query else "")
            lines = head.split(b"\r\n")[1:]
            kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:"))]
            first = f"{method} {path} HTTP/1.1".encode("latin-1")
            await _join(reader, writer, host, port, b"\r\n".join([first, b"Connection: close", *kept]))

    return answer


def _tell(orders: Orders, writer: Writer, host: str, port: int, *, refused: bool) -> None:
    """A line of JSON to whoever started this: what a socket of the sandbox asked for, and whether it got it."""
    said = {
        "ts": time.time_ns(),
        "inode": _inode(orders.sockets, writer.get_extra_info("peername")[1]),
        "host": host[:_LONGEST_NAME],
        "port": port,
        "refused": refused,
    }
    print(json.dumps(said), flush=True)  # noqa: T201


def _inode(table: Path, port: int) -> int:
    """Of the sandbox's socket at that port that is connected to the proxy; 0 where it is gone already."""
    loopback = int.from_bytes(socket.inet_aton(_LOOPBACK), sys.byteorder)
    near, far = (f"{loopback:08X}:{number:04X}" for number in (port, PROXY_PORT))
    for line in table.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == [near, far]:
            return int(fields[9])
    return 0


async def _refuse(writer: Writer, status: str) -> None:
    with suppress(OSError):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
    writer.close()


async def _join(
    reader: Reader, writer: Writer, host: str, port: int, first: bytes, greeting: bytes = b""
) -> None:
    """Connect and pass bytes both ways until either side ends."""
    try:
        far_reader, far_writer = await asyncio.open_connection(host, port)
    except OSError:
        await _refuse(writer, "502 Bad Gateway")
        return
    far_writer.write(first)
    writer.write(greeting)
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: Reader, writer: Writer) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()


if __name__ == "__main__":
    main()
