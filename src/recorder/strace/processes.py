"""Who is who in a trace: threads to processes, processes to parents, and what each has inherited."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Process:
    """A process (thread group) as it is now; the fields change as calls come in."""

    process_id: int
    """Unique in the run."""
    pid: int
    parent: "Process | None"
    cwd: bytes
    uid: int | None
    exe: str | None = None
    argv: str | None = None
    root: bytes = b""
    """What chroot put before its absolute names; empty for the real root."""
    cwd_shown: str = ""
    """The working directory as strace last printed it, escaped: equal text needs no second look."""
    threads: set[int] = field(default_factory=set)
    """Ids of its live threads, the leader's among them."""


class Processes:
    """The threads and processes that are alive in a trace."""

    def __init__(self) -> None:
        self._by_tid: dict[int, Process] = {}
        self._next_id = 1

    def __contains__(self, tid: int) -> bool:
        return tid in self._by_tid

    def __iter__(self) -> Iterator[Process]:
        """The processes that have not ended."""
        return iter({p.process_id: p for p in list(self._by_tid.values())}.values())

    def of(self, tid: int) -> Process:
        """The process a live thread belongs to; KeyError for a thread never introduced."""
        return self._by_tid[tid]

    def start(self, pid: int, parent: Process | None, *, cwd: bytes, uid: int | None) -> Process:
        """A new process, which inherits from ``parent`` what fork copies."""
        process = Process(self._next_id, pid, parent, cwd, uid)
        if parent:
            process.exe, process.argv, process.root = parent.exe, parent.argv, parent.root
        self._next_id += 1
        self.add_thread(pid, process)
        return process

    def add_thread(self, tid: int, process: Process) -> None:
        """A new thread of a known process."""
        self._by_tid[tid] = process
        process.threads.add(tid)

    def keep_only_leader(self, process: Process) -> None:
        """An exec took the other threads away; the one that ran it goes on under the leader's id."""
        self._forget(process)
        self.add_thread(process.pid, process)

    def end(self, tid: int) -> Process | None:
        """Forget a thread; the process when that was its leader, which the kernel reports last."""
        process = self._by_tid.pop(tid, None)
        if process is None:
            return None
        process.threads.discard(tid)
        if process.pid != tid:
            return None
        self._forget(process)
        return process

    def _forget(self, process: Process) -> None:
        for tid in process.threads:
            self._by_tid.pop(tid, None)
        process.threads.clear()
