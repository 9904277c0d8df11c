"""Bytes by open file, for a trace that stops at reads and writes too: one row for each file a process had open.

A row is put when the process closes its last descriptor of the file, executes a program that does not inherit it, or
ends; a descriptor that stays open for long has a row every :data:`SWEEP_NS` with what came since. Byte columns are
deltas. What a child does through a descriptor that it inherited is the child's, under the same ``access_id``.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.strace.lexer import annotation, arguments
from recorder.strace.processes import Process
from recorder.strace.stream import Call
from store.readable import readable
from store.rows import FileAccess

SWEEP_NS = 10_000_000_000

CALLS = (
    *("read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "pwritev", "pwritev2"),
    *("sendfile", "splice", "copy_file_range", "mmap"),
    *("close", "close_range", "dup", "dup2", "dup3", "fcntl", "ioctl"),
)
"""What is traced besides; strace prints these raw (all numbers), so that no content passes through the trace."""
PIPES = ("pipe", "pipe2")
"""Traced too, and printed with the inode of the pipe."""

_READS = frozenset({"read", "pread64", "readv", "preadv", "preadv2"})
_WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2"})
_FROM_TO = {"sendfile": (1, 0), "splice": (0, 2), "copy_file_range": (0, 2)}
"""Positions of the source and the destination descriptor."""
_F_DUPFD, _F_SETFD, _F_DUPFD_CLOEXEC = 0, 2, 1030
_FD_CLOEXEC = 1
_FIO_CLEX = {0x5451: True, 0x5450: False}
"""FIOCLEX and FIONCLEX of ioctl, which Python uses instead of fcntl."""
_CLOSE_RANGE_CLOEXEC = 4
_MAP_ANONYMOUS = 0x20
_INODE = re.compile(r":\[(\d+)\]$")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file, however many descriptors and processes share it."""

    row: FileAccess
    """As it was opened; the row of a use starts from it."""


@dataclass(slots=True)
class Descriptor:
    """One number in a process's table."""

    opened: Opened
    closes_on_exec: bool


@dataclass(slots=True)
class Use:
    """What one process did through one open file since its last row."""

    since: int
    inherited: bool
    read: int = 0
    written: int = 0
    mapped: int = 0
    prot: int | None = None
    first_read: int | None = None
    last_read: int | None = None
    first_write: int | None = None
    last_write: int | None = None

    @property
    def idle(self) -> bool:
        """Nothing happened since the last row."""
        return self.first_read is None and self.first_write is None and self.prot is None


class Transfers:
    """Follows descriptors and counts what goes through them."""

    def __init__(self, put: Callable[[int, FileAccess], None], next_access: Callable[[], int]) -> None:
        self._put = put
        self._next_access = next_access
        self._tables: dict[int, dict[int, Descriptor]] = {}
        self._uses: dict[int, dict[int, tuple[Opened, Use]]] = {}
        """process_id → identity of the open file → its use."""

    def open(self, process: Process, descriptor: int, row: FileAccess, ts: int) -> None:
        """A call returned a new descriptor; its row is put when the use ends."""
        self._close(process, descriptor, ts)
        opened = Opened(row)
        closes = row.flags is not None and bool(row.flags & os.O_CLOEXEC)
        self._table(process)[descriptor] = Descriptor(opened, closes)
        self._uses_of(process)[id(opened)] = (opened, Use(ts, inherited=False))

    def pipe(self, process: Process, call: Call) -> None:
        """Two descriptors of a new pipe: ``pipe2([3<pipe:[14705]>, 4<pipe:[14705]>], O_CLOEXEC)``."""
        if call.error is not None:
            return
        ends, _ = arguments(call.arguments[0], 1)
        closes = len(call.arguments) > 1 and "O_CLOEXEC" in call.arguments[1]
        for end in ends:
            number, _, _ = end.partition("<")
            opened = self._inherited(process, annotation(end) or "")
            self._table(process)[int(number)] = Descriptor(opened, closes)

    def begin(self, process: Process, paths: Mapping[int, str]) -> None:
        """The descriptors that the command was started with."""
        table = self._table(process)
        for descriptor, path in paths.items():
            table[descriptor] = Descriptor(self._inherited(process, path), closes_on_exec=False)

    def fork(self, parent: Process, child: Process) -> None:
        """The child starts with the parent's descriptors."""
        table = self._tables.get(parent.process_id, {})
        self._tables[child.process_id] = {fd: replace(entry) for fd, entry in table.items()}

    def exec(self, process: Process, ts: int) -> None:
        """The descriptors that do not outlive an exec are closed."""
        table = self._table(process)
        for fd in [fd for fd, entry in table.items() if entry.closes_on_exec]:
            self._close(process, fd, ts)

    def end(self, process: Process, ts: int) -> None:
        """All uses of a process end with it."""
        self._tables.pop(process.process_id, None)
        for opened, use in self._uses.pop(process.process_id, {}).values():
            self._emit(process, opened, use, ts, final=True)

    def call(self, process: Process, call: Call) -> None:
        """Count one call, or follow a descriptor."""
        result = call.result
        if result is None:
            return
        numbers = [int(argument.partition(" ")[0], 0) for argument in call.arguments]
        if call.name in _READS:
            self._read(process, numbers[0], result, call.ts)
        elif call.name in _WRITES:
            self._write(process, numbers[0], result, call.ts)
        elif call.name in _FROM_TO:
            source, destination = _FROM_TO[call.name]
            self._read(process, numbers[source], result, call.ts)
            self._write(process, numbers[destination], result, call.ts)
        elif call.name == "mmap":
            self._map(process, numbers, call.ts)
        else:
            self._follow(process, call.name, numbers, result, call.ts)

    def sweep(self, process: Process, now: int) -> None:
        """Put what long-lived uses of a process came to since their last row."""
        uses = self._uses.get(process.process_id, {})
        for key, (opened, use) in list(uses.items()):
            if now - use.since >= SWEEP_NS and not use.idle:
                self._emit(process, opened, use, now, final=False)
                uses[key] = (opened, Use(now, use.inherited))

    def _follow(self, process: Process, name: str, numbers: list[int], result: int, ts: int) -> None:
        table = self._table(process)
        if name == "close":
            self._close(process, numbers[0], ts)
        elif name == "close_range":
            self._close_range(process, *numbers[:3], ts=ts)
        elif name == "dup":
            self._duplicate(process, numbers[0], result, ts, closes_on_exec=False)
        elif name in ("dup2", "dup3"):
            flags = numbers[2] if name == "dup3" else 0
            self._duplicate(process, numbers[0], result, ts, closes_on_exec=bool(flags & os.O_CLOEXEC))
        elif name == "ioctl":
            if (closes := _FIO_CLEX.get(numbers[1])) is not None and (entry := table.get(numbers[0])):
                entry.closes_on_exec = closes
        elif numbers[1] in (_F_DUPFD, _F_DUPFD_CLOEXEC):
            closes = numbers[1] == _F_DUPFD_CLOEXEC
            self._duplicate(process, numbers[0], result, ts, closes_on_exec=closes)
        elif numbers[1] == _F_SETFD and (entry := table.get(numbers[0])):
            entry.closes_on_exec = bool(numbers[2] & _FD_CLOEXEC)

    def _duplicate(self, process: Process, old: int, new: int, ts: int, *, closes_on_exec: bool) -> None:
        entry = self._table(process).get(old)
        if old == new:
            return
        self._close(process, new, ts)
        if entry:
            self._table(process)[new] = Descriptor(entry.opened, closes_on_exec)

    def _close_range(self, process: Process, first: int, last: int, flags: int, *, ts: int) -> None:
        table = self._table(process)
        for fd in [fd for fd in table if first <= fd <= last]:
            if flags & _CLOSE_RANGE_CLOEXEC:
                table[fd].closes_on_exec = True
            else:
                self._close(process, fd, ts)

    def _close(self, process: Process, descriptor: int, ts: int) -> None:
        table = self._table(process)
        entry = table.pop(descriptor, None)
        if entry is None or any(other.opened is entry.opened for other in table.values()):
            return
        used = self._uses_of(process).pop(id(entry.opened), None)
        if used:
            self._emit(process, *used, ts, final=True)

    def _read(self, process: Process, descriptor: int, count: int, ts: int) -> None:
        use = self._use(process, descriptor, ts)
        use.read += count
        use.first_read = ts if use.first_read is None else use.first_read
        use.last_read = ts

    def _write(self, process: Process, descriptor: int, count: int, ts: int) -> None:
        use = self._use(process, descriptor, ts)
        use.written += count
        use.first_write = ts if use.first_write is None else use.first_write
        use.last_write = ts

    def _map(self, process: Process, numbers: list[int], ts: int) -> None:
        _, length, prot, flags, descriptor, *_ = numbers
        if flags & _MAP_ANONYMOUS:
            return
        use = self._use(process, descriptor, ts)
        use.mapped += length
        use.prot = (use.prot or 0) | prot

    def _use(self, process: Process, descriptor: int, ts: int) -> Use:
        """The use of a descriptor; one that was never seen to be opened is looked up in /proc."""
        table = self._table(process)
        entry = table.get(descriptor)
        if entry is None:
            entry = table[descriptor] = Descriptor(self._found(process, descriptor), closes_on_exec=False)
        uses = self._uses_of(process)
        used = uses.get(id(entry.opened))
        if used is None:
            used = uses[id(entry.opened)] = (entry.opened, Use(ts, inherited=True))
        return used[1]

    def _found(self, process: Process, descriptor: int) -> Opened:
        path = descriptor_path(process.pid, descriptor) or f"(descriptor {descriptor})"
        return self._inherited(process, path)

    def _inherited(self, process: Process, path: str) -> Opened:
        """An open file that no recorded call opened by name."""
        inode = _INODE.search(path)
        return Opened(
            FileAccess(
                process.process_id,
                process.pid,
                "open",
                path,
                access_id=self._next_access(),
                inode=int(inode[1]) if inode else None,
            )
        )

    def _emit(self, process: Process, opened: Opened, use: Use, ts: int, *, final: bool) -> None:
        row = replace(
            opened.row,
            process_id=process.process_id,
            pid=process.pid,
            end_ts=ts,
            first_read_ts=use.first_read,
            last_read_ts=use.last_read,
            first_write_ts=use.first_write,
            last_write_ts=use.last_write,
            bytes_read=use.read,
            bytes_written=use.written,
            bytes_mapped=use.mapped,
            mmap_prot=use.prot,
            final=final,
            via="inherited" if use.inherited else "syscall",
        )
        if use.inherited and row.op == "create":
            row = replace(row, op="open")
        self._put(use.since, row)

    def _table(self, process: Process) -> dict[int, Descriptor]:
        return self._tables.setdefault(process.process_id, {})

    def _uses_of(self, process: Process) -> dict[int, tuple[Opened, Use]]:
        return self._uses.setdefault(process.process_id, {})


def descriptor_path(pid: int, descriptor: int) -> str | None:
    """What the kernel calls a descriptor of a live process."""
    try:
        return readable(os.fsencode(Path(f"/proc/{pid}/fd/{descriptor}").readlink()))
    except OSError:
        return None
