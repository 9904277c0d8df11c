"""What a trace means: records become rows, and processes are followed from fork to exit."""

import hashlib
import shlex
import signal
from collections.abc import Callable
from functools import lru_cache

from recorder.source import Ending
from recorder.strace.files import FileCalls
from recorder.strace.lexer import NotStrace, annotation, string, strings, unescape
from recorder.strace.network import connection
from recorder.strace.orphans import Held, Orphans
from recorder.strace.paths import Paths
from recorder.strace.proc_status import status
from recorder.strace.processes import Process, Processes
from recorder.strace.stream import Call, Ended, Record, Unparsed
from recorder.strace.transfers import CALLS as TRANSFERS
from recorder.strace.transfers import PIPES, SWEEP_NS, Transfers, descriptor_path
from store.counting import counted
from store.readable import readable
from store.rows import Exec, Gap, ProcessExit, ProcessStart, Quality, Row, Source, Stamp
from store.sink import Sink

_CLOCK_ERR_US = 1
"""strace reads the clock while the thread stands still in the call; it then prints microseconds or finer."""
_FORKS = frozenset({"fork", "vfork", "clone", "clone3"})
_EXECS = frozenset({"execve", "execveat"})


class Interpreter:
    """Follows the processes of one trace and puts their rows."""

    def __init__(
        self, sink: Sink, *, tracer_pid: int, folder: bytes, uid: int | None, count_bytes: bool = False
    ) -> None:
        self._sink = sink
        self._tracer_pid = tracer_pid
        self._folder = folder
        self._uid = uid
        self._processes = Processes()
        self._paths = Paths()
        self._files = FileCalls(self._paths)
        self._standard = {fd: path for fd in range(3) if (path := descriptor_path(tracer_pid, fd))}
        self._transfers = Transfers(self._put, self._files.next_access) if count_bytes else None
        self._swept = 0
        self._orphans = Orphans()
        self._rings: set[int] = set()
        self._unparsed = 0
        self._first_unparsed = ""
        self.root: Process | None = None
        """The recorded command."""
        self.ending: Ending | None = None
        """How it ended; None while it runs."""
        self._calls: dict[str, Callable[[Process, Call], None]] = {
            **dict.fromkeys(_FORKS, self._fork),
            **dict.fromkeys(_EXECS, self._exec),
            "connect": self._connect,
            "chdir": self._chdir,
            "fchdir": self._fchdir,
            "chroot": self._chroot,
            "io_uring_setup": self._io_uring,
            **dict.fromkeys(("setuid", "setreuid", "setresuid"), self._set_uid),
        }
        if self._transfers:
            self._calls |= dict.fromkeys(TRANSFERS, self._transfers.call)
            self._calls |= dict.fromkeys(PIPES, self._transfers.pipe)

    @property
    def alive(self) -> list[int]:
        """The pids of processes that have not ended."""
        return [process.pid for process in self._processes]

    def feed(self, record: Record) -> None:
        """Put the rows of one record."""
        if isinstance(record, Unparsed):
            self._unparsed += 1
            self._first_unparsed = self._first_unparsed or record.line
            return
        if record.tid in self._orphans or not self._introduced(record):
            self._orphans.hold(record, _made(record))
            return
        self._apply(record)
        if self._transfers and record.ts - self._swept >= SWEEP_NS:
            self._swept = record.ts
            for process in self._processes:
                self._transfers.sweep(process, record.ts)
        if self._orphans:
            self._adopt(self._orphans.overdue(record.ts))

    def close(self) -> None:
        """Put what still waits, and say what could not be read."""
        self._adopt(self._orphans.waiting())
        if self._transfers:
            for process in self._processes:
                self._transfers.end(process, self._swept)
        if self._unparsed:
            self._put_gap(
                "unparsed",
                f"{counted(self._unparsed, 'line of strace was', 'lines of strace were')} not understood, the first: {self._first_unparsed[:200]}",
                lost=self._unparsed,
            )

    def _introduced(self, record: Held) -> bool:
        """Whether the thread of a record is known; the first one of all is the command itself."""
        if self.root is None:
            self.root = self._processes.start(record.tid, None, cwd=self._folder, uid=self._uid)
            self._put_start(record.ts, self.root, self._tracer_pid)
            if self._transfers:
                self._transfers.begin(self.root, self._standard)
        return record.tid in self._processes

    def _adopt(self, tids: list[int]) -> None:
        """Take in threads whose fork was never seen to return, with what /proc still knows of them."""
        for tid in tids:
            records = self._orphans.release(tid)
            known = status(tid)
            if known and known.leader != tid and known.leader in self._processes:
                self._processes.add_thread(tid, self._processes.of(known.leader))
            else:
                parent = (
                    self._processes.of(known.parent) if known and known.parent in self._processes else None
                )
                self._start(records[0].ts, tid, parent)
            self._replay(records)

    def _replay(self, records: list[Held]) -> None:
        for record in records:
            if record.tid in self._processes:
                self._apply(record)
            else:  # what an orphan made has an end of its own, and its id came back
                self._orphans.hold(record, _made(record))

    def _apply(self, record: Held) -> None:
        if isinstance(record, Call):
            self._call(record)
        elif isinstance(record, Ended):
            self._end(record)
        else:
            process = self._processes.of(record.tid)
            self._processes.add_thread(record.by, process)
            self._replay(self._orphans.release(record.by))
            self._processes.keep_only_leader(process)

    def _call(self, call: Call) -> None:
        if call.error is not None and call.error.startswith("ERESTART"):
            return  # a signal came first: the kernel enters the call anew, on a line of its own
        process = self._processes.of(call.tid)
        try:
            handler = self._calls.get(call.name)
            if handler:
                handler(process, call)
                return
            row = self._files.row(process, call)
        except (NotStrace, IndexError, ValueError):
            self.feed(Unparsed(f"{call.name}({', '.join(call.arguments)})"))
            return
        if row is None:
            return
        if self._transfers and row.access_id is not None and call.result is not None:
            self._transfers.open(process, call.result, row, call.ts)
        else:
            self._put(call.ts, row)

    def _fork(self, process: Process, call: Call) -> None:
        child = call.result
        if child is None or child in self._processes:
            return
        if any("CLONE_THREAD" in argument for argument in call.arguments):
            self._processes.add_thread(child, process)
        else:
            self._start(call.ts, child, process)
        self._replay(self._orphans.release(child))

    def _exec(self, process: Process, call: Call) -> None:
        at = call.name == "execveat"
        file, argv, environment = call.arguments[1:4] if at else call.arguments[0:3]
        base = self._files.base(process, call.arguments[0]) if at else process.cwd
        name = string(file)
        exe = None
        if name is not None:
            exe = readable(self._paths.target(base, name, process.pid, root=process.root))
        words, truncated = strings(argv) or (None, False)
        text = None if words is None else shlex.join(map(readable, words))
        row = Exec(
            process.process_id,
            process.pid,
            exe,
            text,
            cwd=readable(process.cwd),
            env_hash=_env_hash(environment) if call.error is None else None,
            truncated=truncated,
            error=call.error,
        )
        self._put(call.ts, row)
        if call.error is None:
            process.exe, process.argv = exe, text
            if self._transfers:
                self._transfers.exec(process, call.ts)

    def _connect(self, process: Process, call: Call) -> None:
        row = connection(process, call)
        if row:
            self._put(call.ts, row)

    def _chdir(self, process: Process, call: Call) -> None:
        name = string(call.arguments[0])
        if call.error is None and name is not None:
            process.cwd = self._paths.target(process.cwd, name, process.pid, root=process.root)
            process.cwd_shown = ""

    def _fchdir(self, process: Process, call: Call) -> None:
        shown = annotation(call.arguments[0])
        if call.error is None and shown is not None:
            process.cwd = unescape(shown)
            process.cwd_shown = ""

    def _chroot(self, process: Process, call: Call) -> None:
        name = string(call.arguments[0])
        if call.error is None and name is not None:
            root = self._paths.target(process.cwd, name, process.pid, root=process.root)
            process.root = b"" if root == b"/" else root

    def _set_uid(self, process: Process, call: Call) -> None:
        """The effective user is the first argument of setuid and the second of the others; -1 leaves it."""
        chosen = call.arguments[0 if call.name == "setuid" else 1]
        if call.error is None and chosen.isdigit():
            process.uid = int(chosen)

    def _io_uring(self, process: Process, call: Call) -> None:
        if call.error is None and process.process_id not in self._rings:
            self._rings.add(process.process_id)
            self._put_gap(
                "unseen",
                f"pid {process.pid} set up an io_uring: what it does through it, strace cannot see",
                ts=call.ts,
            )

    def _start(self, ts: int, pid: int, parent: Process | None) -> None:
        process = self._processes.start(
            pid, parent, cwd=parent.cwd if parent else self._folder, uid=parent.uid if parent else self._uid
        )
        self._put_start(ts, process, parent.pid if parent else None)
        if self._transfers and parent:
            self._transfers.fork(parent, process)

    def _put_start(self, ts: int, process: Process, ppid: int | None) -> None:
        row = ProcessStart(
            process.process_id,
            process.pid,
            parent_id=process.parent.process_id if process.parent else None,
            ppid=ppid,
            exe=process.exe,
            argv=process.argv,
            cwd=readable(process.cwd),
            uid=process.uid,
        )
        self._put(ts, row)

    def _end(self, ended: Ended) -> None:
        process = self._processes.end(ended.tid)
        if process is None:
            return
        if self._transfers:
            self._transfers.end(process, ended.ts)
        number = _signal_number(ended.signal) if ended.signal else None
        self._put(ended.ts, ProcessExit(process.process_id, process.pid, ended.exit_code, number))
        if process is self.root:
            self.ending = Ending(ended.exit_code, number)

    def _put(self, ts: int, row: Row) -> None:
        self._sink.put(Stamp(ts, Quality.EXACT, Source.KERNEL, _CLOCK_ERR_US), row)

    def _put_gap(self, cause: str, reason: str, *, ts: int | None = None, lost: int | None = None) -> None:
        quality = Quality.EXACT if ts is not None else Quality.NONE
        self._sink.put(Stamp(ts, quality, Source.KERNEL), Gap(cause, reason, start_ts=ts, lost=lost))


def _made(record: Held) -> int | None:
    """The thread or process that a record says was created."""
    return record.result if isinstance(record, Call) and record.name in _FORKS else None


@lru_cache(maxsize=256)
def _env_hash(environment: str) -> str | None:
    """SHA-256 over the sorted environment, entries ended by NUL; None where strace shows none or not all."""
    found = strings(environment)
    if found is None or found[1]:
        return None
    return hashlib.sha256(b"".join(entry + b"\0" for entry in sorted(found[0]))).hexdigest()


def _signal_number(name: str) -> int | None:
    """``SIGKILL`` → 9, and strace's ``SIGRT_3`` → 35."""
    if name.startswith("SIGRT_") and name[6:].isdigit():
        return signal.SIGRTMIN - 2 + int(name[6:])
    found = signal.Signals.__members__.get(name)
    return int(found) if found else None
