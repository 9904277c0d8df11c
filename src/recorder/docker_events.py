"""The last rung for a container: what its daemon tells of it, where no kernel witness works.

Docker tells when the container's command and what ``docker exec`` adds begin and end, and nothing of what those start,
read, write or connect to. Its events are stamped by the daemon, a little after the fact.
"""

import shlex
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from docker.errors import DockerException

from recorder.container import Container
from recorder.source import Target
from store.manifest import SourceInfo
from store.rows import Exec, Gap, ProcessExit, ProcessStart, Quality, Row, Source, Stamp
from store.sink import Sink

_ROOT: Final = 1
"""``process_id`` of the container's own command."""
_END_S: Final = 5.0
_BLIND: Final = "only Docker tells of this container: not what its commands start, read, write or connect to"


class DockerEvents:
    """Listens to the daemon; implements :class:`recorder.source.Source`."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._events: Any = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._processes: dict[str, tuple[int, int]] = {}
        """Id of an exec, or "" for the container's own command → ``process_id`` and pid."""
        self._info = SourceInfo("kernel", "docker", "unavailable", "not started")

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state."""
        return self._info

    def start(self, target: Target, sink: Sink) -> None:
        """Listen from now on; before the container starts, where it does not run yet."""
        self._sink = sink
        self._folder = target.folder
        self._events = self._container.events()
        self._info = replace(self._info, state="recording", reason=_BLIND)
        if self._container.was_running:
            self._began("", self._container.pid, self._container.command, None)
        self._thread = threading.Thread(target=self._listen, name="ptb-docker-events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what the daemon has told, and listen no more."""
        if self._thread is None:
            return
        if self._container.over:
            self._thread.join(_END_S)  # its end is on the way
        self._stopping = True
        with suppress(DockerException, OSError):
            self._events.close()
        self._thread.join(_END_S)
        self._thread = None
        self._info = replace(self._info, state="ended")

    def _listen(self) -> None:
        """Until the container's command has ended, the daemon goes away, or the recording is over."""
        with suppress(
            DockerException, OSError, ValueError
        ):  # however a stream ends that is closed under a reader
            for event in self._events:
                if self._hear(event):
                    return
        if not self._stopping:
            self._put(None, Gap("stopped", "the Docker daemon went away: what it had to tell is lost"))

    def _hear(self, event: Mapping[str, Any]) -> bool:
        """Write the row of one event; whether it was the last."""
        action, _, _ = str(event.get("Action", "")).partition(":")
        told = event.get("Actor", {}).get("Attributes", {})
        ts = event.get("timeNano")
        if action == "start":
            self._container.reload()
            self._began("", self._container.pid, self._container.command, ts)
        elif action == "exec_start":
            pid, argv = self._container.added(told["execID"])
            self._began(told["execID"], pid, argv, ts)
        elif action == "exec_die":
            self._ended(told["execID"], told.get("exitCode"), ts)
        elif action == "die":
            self._ended("", told.get("exitCode"), ts)
            return True
        return False

    def _began(self, key: str, pid: int, argv: Iterable[str], ts: int | None) -> None:
        words = list(argv)
        process_id = _ROOT + len(self._processes)
        self._processes[key] = process_id, pid
        exe, line = words[0] if words else None, shlex.join(words)
        cwd = None if key else self._folder  # docker exec may have chosen another
        self._put(ts, ProcessStart(process_id, pid, exe=exe, argv=line, cwd=cwd))
        self._put(ts, Exec(process_id, pid, exe, line, cwd))

    def _ended(self, key: str, code: str | None, ts: int | None) -> None:
        process_id, pid = self._processes.get(key, (None, None))
        if process_id is None or pid is None:
            return  # it began before the recording
        number = None if code is None else int(code)
        killed = number is not None and number > 128
        row = ProcessExit(
            process_id, pid, None if killed else number, number - 128 if killed and number else None
        )
        self._put(ts, row)

    def _put(self, ts: int | None, row: Row) -> None:
        self._sink.put(Stamp(ts or time.time_ns(), Quality.ARRIVAL, Source.KERNEL), row)
