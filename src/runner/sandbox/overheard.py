"""What the gateway says of its sandbox's connections: refused ones become rows, and the others get the names of their hosts."""

import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from recorder.source import Target
from store.jsonio import loads
from store.manifest import SourceInfo
from store.rows import Connection, Gap, Quality, Source, Stamp
from store.sink import Sink

_STOP_S = 5.0
_ERROR = "EACCES"
"""The errno name of a connection that the policy refused, as a packet filter gives it."""
_MOST_TOLD = 50
_REMEMBERED = 65_536


class Overheard:
    """Listens to the gateway's process, once that listens itself; implements :class:`recorder.source.Source`."""

    def __init__(self, gateway: subprocess.Popen[str]) -> None:
        """``gateway`` has pipes for stdin and stdout."""
        self._gateway = gateway
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._refused: set[str] = set()
        self._hosts: dict[int, str] = {}
        self._info = SourceInfo("network", "proxy", "unavailable", "not started")

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state."""
        return self._info

    @property
    def refused(self) -> list[str]:
        """``HOST:PORT`` of what was asked for in vain, at most 50 of them."""
        return sorted(self._refused)

    @property
    def hosts(self) -> Mapping[int, str]:
        """Inode of a socket in the sandbox → the host that the gateway connected it to; grows meanwhile."""
        return self._hosts

    def start(self, target: Target, sink: Sink) -> None:  # noqa: ARG002  # the gateway knows its sandbox
        """Write what was refused so far, and from now on."""
        self._info = SourceInfo("network", "proxy", "recording")
        assert self._gateway.stdout
        self._thread = threading.Thread(
            target=self._hear, args=(self._gateway.stdout, sink), name="ptb-overheard", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the gateway, when the sandbox is over, and write what it still had to say."""
        self._stopping = True
        if self._gateway.stdin:
            with suppress(OSError):
                self._gateway.stdin.close()
        try:
            self._gateway.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._gateway.kill()
            self._gateway.wait()
        if self._thread:
            self._thread.join(_STOP_S)
            self._info = SourceInfo("network", "proxy", "ended", self._info.reason)

    def _hear(self, words: IO[str], sink: Sink) -> None:
        for line in words:
            said = loads(line)
            host, port = said["host"], said["port"]
            if not said["refused"]:
                self._hosts[said["inode"]] = host
                if len(self._hosts) > _REMEMBERED:
                    del self._hosts[next(iter(self._hosts))]
                continue
            if len(self._refused) < _MOST_TOLD:
                self._refused.add(f"{host}:{port}")
            row = Connection(None, None, None, port, host, error=_ERROR)
            sink.put(Stamp(said["ts"], Quality.EXACT, Source.RECORDER), row)
        if not self._stopping:
            reason = "the network gateway ended: the sandbox reaches nothing from here on"
            sink.put(Stamp(time.time_ns(), Quality.ARRIVAL, Source.KERNEL), Gap("stopped", reason))
