"""Processes and their program images: records of a process's life as rows, with what a child inherits."""

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recorder.ebpf.layout import HEAD, Mark, RecordType
from recorder.ebpf.names import arguments, environment_hash, named, resolved
from recorder.ebpf.paths import UNREAD, parts
from store.readable import readable
from store.rows import Exec, Gap, ProcessExit, ProcessStart, Quality, Source, Stamp
from store.sink import Sink


@dataclass(frozen=True, slots=True)
class Record:
    """One record outside an array."""

    head: np.void
    """Of type :data:`recorder.ebpf.layout.HEAD`."""
    body: bytes
    """What follows the head."""
    ts: int
    """UTC nanoseconds."""

    @property
    def marks(self) -> Mark:
        """What the kernel half noted about it."""
        return Mark(int(self.head["marks"]))


def split(raw: bytes) -> tuple[np.void, bytes]:
    """Head and body of a record of any length."""
    head: np.void = np.frombuffer(raw, HEAD, 1)[0]
    return head, raw[HEAD.itemsize :]


@dataclass(frozen=True, slots=True)
class _Image:
    exe: str | None
    argv: str | None


class Lifecycle:
    """Writes process and exec rows."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._images: dict[int, _Image] = {}
        self._enrolled: dict[int, _Image] = {}

    def enrol(self, pid: int) -> None:
        """Remember what a process runs that is to be recorded, for the moment when the kernel half sees it."""
        self._enrolled[pid] = _image_of(pid)

    def put(self, record: Record) -> None:
        """Write the row of one START, EXEC, EXEC_FAILED or EXIT record; they come in the order of their times."""
        kind = int(record.head["type"])
        if kind == RecordType.START:
            self._put_start(record)
        elif kind == RecordType.EXEC:
            self._put_exec(record)
        elif kind == RecordType.EXEC_FAILED:
            self._put_failed_exec(record)
        else:
            self._put_exit(record)

    def _put_start(self, record: Record) -> None:
        head = record.head
        process, parent, pid = int(head["process"]), int(head["access"]), int(head["pid"])
        if Mark.ADOPTED in record.marks:
            image = self._enrolled.pop(pid, None) or _image_of(pid)
        else:
            image = self._images.get(parent, _Image(None, None))
        self._images[process] = image
        cwd = parts(record.body)[0]
        row = ProcessStart(
            process,
            pid,
            parent_id=parent or None,
            ppid=int(head["result"]),
            ns_pid=int(head["mode"]),
            exe=image.exe,
            argv=image.argv,
            cwd=readable(resolved(cwd)),
            uid=int(head["flags"]),
        )
        self._sink.put(_stamp(record), row)

    def _put_exec(self, record: Record) -> None:
        process, pid = int(record.head["process"]), int(record.head["pid"])
        exe, cwd, argv, environment = parts(record.body)
        image = _Image(readable(resolved(exe)), arguments(argv))
        self._images[process] = image
        row = Exec(
            process,
            pid,
            image.exe,
            image.argv,
            cwd=readable(resolved(cwd)),
            env_hash=None if Mark.CUT_ENV in record.marks else environment_hash(environment),
            truncated=Mark.TRUNCATED in record.marks,
        )
        seq = self._sink.put(_stamp(record), row)
        lost = int(record.head["access"])
        if lost:
            reason = f"the argument list of exec {seq} (pid {pid}) is longer than what is kept of it"
            self._sink.put(_stamp(record), Gap("truncated", reason, start_ts=record.ts, lost=lost))

    def _put_failed_exec(self, record: Record) -> None:
        pid = int(record.head["pid"])
        name, base, argv, _ = parts(record.body)
        path = named(name, base, pid)
        row = Exec(
            int(record.head["process"]),
            pid,
            readable(path) if path is not None else UNREAD,
            arguments(argv) if argv else None,
            cwd=readable(resolved(base)),
            truncated=Mark.TRUNCATED in record.marks,
            error=error_name(int(record.head["result"])),
        )
        self._sink.put(_stamp(record), row)

    def _put_exit(self, record: Record) -> None:
        process, pid = int(record.head["process"]), int(record.head["pid"])
        self._images.pop(process, None)
        status = int(record.head["result"])
        row = ProcessExit(process, pid)
        if status & 0x7F:
            row = replace(row, signal=status & 0x7F)
        else:
            row = replace(row, exit_code=status >> 8 & 0xFF)
        self._sink.put(_stamp(record), row)


def error_name(result: int) -> str | None:
    """The errno name of a call's negative result; None when it succeeded."""
    return errno.errorcode.get(-result, str(-result)) if result < 0 else None


def _stamp(record: Record) -> Stamp:
    return Stamp(record.ts, Quality.EXACT, Source.KERNEL)


def _image_of(pid: int) -> _Image:
    """What a process that was there before the recording runs; unknown where it has ended by now."""
    folder = Path(f"/proc/{pid}")
    try:
        exe = os.fsencode((folder / "exe").readlink())
        return _Image(readable(exe), arguments((folder / "cmdline").read_bytes()))
    except OSError:
        return _Image(None, None)
