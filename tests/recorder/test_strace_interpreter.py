"""Any tree of processes and threads, in any order in which strace may print it, comes out as that tree."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.strace.interpreter import Interpreter
from recorder.strace.stream import Stream
from store.rows import Exec, FileAccess, Gap, ProcessExit, ProcessStart
from tests.recorder.collected import Collected

ROOT = 100
PIDS = range(101, 112)
"""Few, so that they are used again; as the kernel's go round in a circle, not while a creation is under way."""


@dataclass
class Modelled:
    """A process as it really was."""

    number: int
    pid: int
    parent: int | None
    threads: set[int] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    code: int | None = None


class Kernel:
    """Makes processes act, and prints what strace would."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.processes: list[Modelled] = []
        self.owner: dict[int, Modelled] = {}
        self.pending: dict[int, str] = {}
        """Thread → second half of the call it is in."""
        self.used: set[int] = set()
        self.clock = 1000
        self.say(ROOT, 'execve("/bin/root", ["root"], []) = 0')
        self.add(ROOT, None)

    def say(self, tid: int, event: str) -> None:
        self.clock += 1
        self.lines.append(f"{tid} 1.{self.clock:09} {event}")

    def add(self, pid: int, parent: int | None) -> None:
        process = Modelled(len(self.processes), pid, parent, {pid})
        self.processes.append(process)
        self.owner[pid] = process

    @property
    def ready(self) -> list[int]:
        """Threads that are in no call."""
        return sorted(tid for tid in self.owner if tid not in self.pending)

    @property
    def free(self) -> list[int]:
        """Ids that the kernel may give next."""
        if not any("clone" in second for second in self.pending.values()):
            self.used.clear()
        return [pid for pid in PIDS if pid not in self.owner and pid not in self.used]

    def call(self, tid: int, first: str, second: str, *, split: bool, name: str) -> None:
        if split:
            self.say(tid, f"{first} <unfinished ...>")
            self.pending[tid] = f"<... {name} resumed>{second}"
        else:
            self.say(tid, first + second)

    def resume(self, tid: int) -> None:
        self.say(tid, self.pending.pop(tid))

    def make(self, tid: int, new: int, *, thread: bool, split: bool) -> None:
        self.used.add(new)
        flags = "CLONE_VM|CLONE_THREAD" if thread else "CLONE_CHILD_SETTID|SIGCHLD"
        self.call(tid, f"clone(child_stack=NULL, flags={flags}", f") = {new}", split=split, name="clone")
        process = self.owner[tid]
        if thread:
            process.threads.add(new)
            self.owner[new] = process
        else:
            self.add(new, process.number)

    def open(self, tid: int, name: str, *, split: bool) -> None:
        first, second = f'openat(AT_FDCWD</w>, "{name}", O_RDONLY', f") = 3</w/{name}>"
        self.call(tid, first, second, split=split, name="openat")
        self.owner[tid].opened.append(f"/w/{name}")

    def exit(self, tid: int, code: int) -> None:
        """One thread, or with its leader the whole process: the leader is reported last."""
        process = self.owner[tid]
        if tid != process.pid:
            self.gone(tid, code)
            process.threads.discard(tid)
            return
        if any(thread in self.pending for thread in process.threads):
            return
        for thread in sorted(process.threads - {tid}):
            self.gone(thread, code)
        self.gone(tid, code)
        process.code = code

    def gone(self, tid: int, code: int) -> None:
        self.say(tid, f"+++ exited with {code} +++")
        del self.owner[tid]

    def execute(self, tid: int, code: int) -> None:
        """A thread replaces its group; the leader's id goes on."""
        process = self.owner[tid]
        if any(thread in self.pending for thread in process.threads):
            return
        text = f'execve("/bin/x", ["x", "{code}"], []'
        if tid == process.pid and process.threads == {tid}:
            self.say(tid, text + ") = 0")
            return
        for thread in process.threads - {process.pid}:
            if thread != tid:
                self.say(thread, "+++ exited with 0 +++")
            del self.owner[thread]
        if tid != process.pid:
            self.say(tid, f"{text} <pid changed to {process.pid} ...>")
            self.say(process.pid, f"+++ superseded by execve in pid {tid} +++")
            self.say(process.pid, "<... execve resumed>) = 0")
        else:
            self.say(tid, text + ") = 0")
        process.threads = {process.pid}

    def finish(self) -> None:
        for tid in sorted(self.pending):
            self.resume(tid)
        for process in self.processes[::-1]:
            if process.code is None:
                self.exit(process.pid, 0)


def act(kernel: Kernel, data: st.DataObject) -> None:
    under_way = sorted(kernel.pending)
    resumes: bool = data.draw(st.booleans())
    if under_way and resumes:
        kernel.resume(data.draw(st.sampled_from(under_way)))
        return
    if not kernel.ready:
        return
    tid = data.draw(st.sampled_from(kernel.ready))
    what: str = data.draw(st.sampled_from(["fork", "thread", "open", "exit", "exec"]))
    number: int = data.draw(st.integers(0, 255))
    split: bool = data.draw(st.booleans())
    if what in ("fork", "thread") and kernel.free:
        new = data.draw(st.sampled_from(kernel.free))
        kernel.make(tid, new, thread=what == "thread", split=split)
    elif what == "open":
        kernel.open(tid, f"f{number}", split=split)
    elif what == "exit" and tid != ROOT:
        kernel.exit(tid, number)
    elif what == "exec":
        kernel.execute(tid, number)


@settings(max_examples=100)
@given(st.data())
def test_the_tree_comes_out(data: st.DataObject) -> None:
    kernel = Kernel()
    for _ in range(data.draw(st.integers(0, 40))):
        act(kernel, data)
    kernel.finish()
    sink = Collected()
    stream = Stream()
    interpreter = Interpreter(sink, tracer_pid=1, folder=b"/w", uid=0)
    for line in kernel.lines:
        for record in stream.feed(line):
            interpreter.feed(record)
    for record in stream.close():
        interpreter.feed(record)
    interpreter.close()

    assert not sink.of(Gap)
    assert not interpreter.alive
    starts = sink.of(ProcessStart)
    ends = {row.process_id: row.exit_code for row in sink.of(ProcessExit)}
    found = sorted(
        (row.pid, parent_pid(row, starts), ends[row.process_id], sorted(opened(sink, row.process_id)))
        for row in starts
    )
    real = sorted(
        (p.pid, kernel.processes[p.parent].pid if p.parent is not None else 0, p.code, sorted(p.opened))
        for p in kernel.processes
    )
    assert found == real, "\n".join(kernel.lines)
    assert all(row.error is None for row in sink.of(Exec))


def parent_pid(row: ProcessStart, starts: list[ProcessStart]) -> int:
    return next((start.pid for start in starts if start.process_id == row.parent_id), 0)


def opened(sink: Collected, process_id: int) -> list[str]:
    return [row.path for row in sink.of(FileAccess) if row.process_id == process_id]


def test_a_thread_whose_creation_was_never_seen_is_kept() -> None:
    sink, stream = Collected(), Stream()
    interpreter = Interpreter(sink, tracer_pid=1, folder=b"/w", uid=0)
    lines = [
        '100 1.0 execve("/bin/root", ["root"], []) = 0',
        "100 1.1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
        '4194300 1.2 openat(AT_FDCWD</w>, "f", O_RDONLY) = 3</w/f>',
        "100 1.3 +++ killed by SIGKILL +++",
        '4194300 9.0 openat(AT_FDCWD</w>, "g", O_RDONLY) = 3</w/g>',
        "4194300 9.1 +++ exited with 0 +++",
    ]
    for line in lines:
        for record in stream.feed(line):
            interpreter.feed(record)
    interpreter.close()
    orphan = sink.of(ProcessStart)[1]
    assert orphan.parent_id is None
    assert opened(sink, orphan.process_id) == ["/w/f", "/w/g"]
    assert {row.process_id for row in sink.of(ProcessExit)} == {1, orphan.process_id}
