"""The recorded processes as /proc shows them: those that were named, and all that descend from one."""

import os
import signal
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ENDED = frozenset("ZX")
_STOPPED = frozenset("Tt")
_STAT_STATE, _STAT_PARENT, _STAT_STARTED = 0, 1, 19
"""Fields of /proc/PID/stat after the name, from 0 (proc(5))."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that has not ended."""

    parent: int
    started: int
    """Clock ticks since boot: with the pid, this is one process and no later one of the same number."""
    stopped: bool


class Tree:
    """Remembers every process it has seen, so that one whose parents have ended is still known."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def add(self, pid: int) -> None:
        """A process is recorded."""
        found = _process(pid)
        if found:
            self._known[pid] = found.started

    def drop(self, pid: int) -> None:
        """A process has ended."""
        self._known.pop(pid, None)

    def members(self) -> dict[int, Process]:
        """The processes that live, by pid."""
        there = {pid: process for pid in _pids() if (process := _process(pid))}
        children = defaultdict(list)
        for pid, process in there.items():
            children[process.parent].append(pid)
        waiting = [
            pid for pid, started in self._known.items() if pid in there and there[pid].started == started
        ]
        found: dict[int, Process] = {}
        while waiting:
            pid = waiting.pop()
            if pid not in found and pid != os.getpid():
                found[pid] = there[pid]
                waiting += children[pid]
        self._known = {pid: process.started for pid, process in found.items()}
        return found


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal or a tracer."""
    found = _process(pid)
    return found is not None and found.stopped


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may have ended or be somebody else's."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _process(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    state = fields[_STAT_STATE].decode()
    if state in _ENDED:
        return None
    return Process(int(fields[_STAT_PARENT]), int(fields[_STAT_STARTED]), state in _STOPPED)
