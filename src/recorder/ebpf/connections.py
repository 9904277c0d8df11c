"""Connections with the bytes that went through them: the call that made one and the records of its socket.

A row waits for the first word on its socket, so that a short connection is one row with its bytes, and for the name of the
host behind a proxy; it is told after :data:`QUIET_NS` in any case. What a long one moves later is further rows, as for files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder.ebpf.answers import Names
from recorder.ebpf.lifecycle import Record, error_name
from recorder.ebpf.names import address
from recorder.ebpf.paths import parts
from store.rows import Connection, Quality, Source, Stamp
from store.sink import Sink

QUIET_NS = 10_000_000_000

_FORMAT, _SOCKET = 0o170000, 0o140000
_REMEMBERED = 65_536
"""Sockets whose far end is remembered."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Connects what is recorded to hosts by their names."""

    port: int
    """Where it listens, as its clients reach it."""
    hosts: Mapping[int, str]
    """Inode of a client's socket → what it is connected to, as far as that is known meanwhile."""


@dataclass(frozen=True, slots=True)
class _Socket:
    dst: str | None
    port: int | None
    process_id: int
    pid: int
    ts: int
    """Of the connect, UTC nanoseconds."""
    host: str | None


@dataclass(frozen=True, slots=True)
class _Untold:
    """A connection without a row."""

    socket: _Socket
    sent: int | None = None
    received: int | None = None

    def moved(self, sent: int, received: int) -> "_Untold":
        return _Untold(self.socket, (self.sent or 0) + sent, (self.received or 0) + received)


class Connections:
    """Writes connection rows; remembers the far end of sockets by their inode."""

    def __init__(self, sink: Sink, proxy: Proxy | None) -> None:
        self._sink = sink
        self._proxy = proxy
        self._names = Names()
        self._sockets: dict[int, _Socket] = {}
        self._untold: dict[int, _Untold] = {}

    def answered(self, record: Record) -> None:
        """A name server's answer came in."""
        self._names.learn(int(record.head["process"]), parts(record.body)[0])

    def made(self, record: Record) -> None:
        """A connect returned."""
        head = record.head
        to = address(parts(record.body)[0])
        process_id = int(head["process"])
        host = self._names.host(process_id, to.dst)
        socket = _Socket(to.dst, to.port, process_id, int(head["pid"]), record.ts, host)
        inode, error = int(head["inode"]), _error(int(head["result"]))
        if error is not None or not inode:
            self._put(inode, _Untold(socket), error)
            return
        if inode in self._untold:  # a datagram socket is turned to someone else
            self._put(inode, self._untold[inode])
        self._sockets[inode] = socket
        self._untold[inode] = _Untold(socket)
        if len(self._sockets) > _REMEMBERED:
            del self._sockets[next(iter(self._sockets))]

    def moved(self, events: NDArray[np.void], times: NDArray[np.int64]) -> None:
        """What went through descriptors; ``times`` are those of the events, UTC nanoseconds."""
        if not self._sockets:
            return
        heads = events["head"]
        sockets = (heads["mode"] & _FORMAT) == _SOCKET
        known = np.isin(heads["inode"], np.fromiter(self._sockets, np.int64, len(self._sockets)))
        for at in np.flatnonzero(sockets & known).tolist():
            event, inode = events[at], int(heads["inode"][at])
            sent, received = int(event["bytes_written"]), int(event["bytes_read"])
            if inode in self._untold:
                self._untold[inode] = self._untold[inode].moved(sent, received)
                self._tell_complete(inode)
            elif sent or received:
                far = self._sockets[inode]
                pid, process = int(heads["pid"][at]), int(heads["process"][at])
                again = _Socket(far.dst, far.port, process, pid, int(times[at]), far.host)
                self._put(inode, _Untold(again, sent, received))

    def tell(self, before: int | None = None) -> None:
        """Write the rows that still wait; ``before``: only of connections older than that."""
        for inode, untold in list(self._untold.items()):
            if before is None or untold.socket.ts < before:
                self._put(inode, self._untold.pop(inode))
            else:
                self._tell_complete(inode)

    def _tell_complete(self, inode: int) -> None:
        """Write a row that waits, once something moved and the proxy, where there is one, has said whereto."""
        untold = self._untold[inode]
        proxied = self._proxy is not None and untold.socket.port == self._proxy.port
        if untold.sent is not None and (not proxied or self._host(inode, untold.socket)):
            self._put(inode, self._untold.pop(inode))

    def _host(self, inode: int, socket: _Socket) -> str | None:
        return socket.host or (self._proxy.hosts.get(inode) if self._proxy else None)

    def _put(self, inode: int, untold: _Untold, error: str | None = None) -> None:
        socket, host = untold.socket, self._host(inode, untold.socket)
        moved = untold.sent, untold.received
        row = Connection(socket.process_id, socket.pid, socket.dst, socket.port, host, *moved, error)
        self._sink.put(Stamp(socket.ts, Quality.EXACT, Source.KERNEL), row)


def _error(result: int) -> str | None:
    """EINPROGRESS is how a connect that does not block succeeds at first."""
    name = error_name(result)
    return None if name == "EINPROGRESS" else name
