"""The seam every witness fits in: start, push rows into the store, say what it could not see, stop.

A source owns its threads or processes. It writes rows through the sink it is given, never to disk itself, and
reports loss as :class:`store.rows.Gap` rows.
"""

from dataclasses import dataclass
from typing import Protocol

from store.manifest import SourceInfo
from store.sink import Sink


@dataclass(frozen=True, slots=True)
class Target:
    """What is being recorded."""

    root_pid: int
    """The first process; recorded with all its descendants."""
    folder: str
    """The folder it works in, absolute."""
    cgroup: str | None = None
    """Folder of the cgroup (v2) to record instead of a process tree: a container, with all that is nested in it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the recorded command ended: by one of the two."""

    exit_code: int | None
    signal: int | None


class Source(Protocol):
    """One witness of a run."""

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state, for the manifest; changes as the source starts and stops."""
        ...

    def start(self, target: Target, sink: Sink) -> None:
        """Begin to record; raises :class:`store.errors.Unavailable` with the reason when it cannot."""
        ...

    def stop(self) -> None:
        """Write everything still held, then end; safe to call twice and after a failed start."""
        ...
