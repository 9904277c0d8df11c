"""The workspace witness: the files of a run's folder as they were at the start, and versions of those it writes.

A kernel source tells it of each file closed after writing (:meth:`WorkspaceSource.note_write`), and one thread reads
them. Without such a source it looks for changed files every few seconds, which is weaker: who wrote is unknown,
and a file that comes and goes between two looks is never seen. Either way a last sweep at the end finds what no
event spoke of.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from recorder.redact import Redactor
from recorder.source import Target
from recorder.workspace.beneath import Identity, Refused, open_regular, open_root, open_root_of
from recorder.workspace.content import Content, Limits, read_content
from recorder.workspace.pending import Pending, Written
from recorder.workspace.sweep import Unseen, changed_files
from store.counting import counted
from store.errors import PtbError, Unavailable
from store.manifest import SourceInfo
from store.readable import readable
from store.rows import FileVersion, Gap, Quality, Source, Stamp
from store.sink import Sink

MOST_PENDING: Final = 50_000
MOST_AT_START: Final = 2_000
"""Files of the folder that are read before the command runs."""
MOST_STORED_AT_START: Final = 64 << 20
"""Bytes of content kept of them."""
MOST_SEEN: Final = 200_000
"""Paths whose last state is remembered; one that was forgotten may be read once more than need be."""
MOST_STORED: Final = 4 << 30
"""Bytes of content kept of one run; beyond it files are only hashed."""

_TICK_S: Final = 0.2
_CTIME_ERR_NS: Final = 10_000_000
"""File systems stamp with the tick of the kernel's clock, up to 10 ms early."""
_SCAN_SHARE: Final = 20
"""A look at the whole folder may take a twentieth of the time."""
_NO_CONTENT: Final = ("/proc/", "/sys/", "/dev/")
_SHARED_MEMORY: Final = "/dev/shm/"  # noqa: S108 - compared with, never opened


class BlobStore(Protocol):
    """Keeps content under its digest; :class:`store.writer.RunWriter` is one."""

    def put_blob(self, data: bytes) -> str:
        """Keep ``data`` and return its SHA-256."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """The state of a path when it was last read."""

    inode: int
    ctime_ns: int
    size: int
    sha256: str | None
    process_id: int | None


class WorkspaceSource:
    """Reads files after they were written; owns one thread between start and stop."""

    def __init__(
        self,
        blobs: BlobStore,
        redactor: Redactor,
        *,
        scan_s: float | None = None,
        root: str | None = None,
        since_ns: int | None = None,
        skip: Sequence[str] = (),
        limits: Limits | None = None,
        patience_s: float = 120.0,
    ) -> None:
        """``scan_s``: look for changed files that often, for runs without a kernel source.

        ``root`` is the folder that the run takes for ``/``; by default that of the mounts that the target's process sees.
        ``since_ns``: when the run began, if that is before :meth:`start` (UTC).
        ``skip``: folders that are not the run's work, such as the one the recording itself is written to.
        ``stop`` waits ``patience_s`` for the files that are still to be read.
        """
        self._blobs = blobs
        self._redactor = redactor
        self._scan_s = scan_s
        self._root_path = root
        self._skip = tuple(folder.rstrip("/") for folder in skip)
        self._limits = limits or Limits()
        self._patience_s = patience_s
        self._backend = "close" if scan_s is None else "scan"
        self._info = SourceInfo("workspace", self._backend, "unavailable", "not started")
        self._pending = Pending(MOST_PENDING)
        self._seen: dict[str, _Seen] = {}
        self._stored = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._sink: Sink | None = None
        self._root = -1
        self._mounts = -1
        """The target's mount namespace: files on its mounts can be read after its last process has ended."""
        self._folder = b""
        self._began_ns = since_ns
        self._since_ns = 0
        self._next_scan = 0.0

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state, for the manifest."""
        return self._info

    def note_write(
        self,
        path: str,
        process_id: int | None,
        pid: int | None,
        ts: int,
        dev: int | None = None,
        inode: int | None = None,
    ) -> None:
        """A process closed a file after writing, or renamed one to ``path``; never blocks, from any thread.

        ``path`` is absolute as the run sees it (invalid UTF-8 as ``\\xNN``), ``dev`` as ``st_dev`` has it.
        """
        if path.startswith(_NO_CONTENT) and not path.startswith(_SHARED_MEMORY):
            return
        if any(path.startswith(f"{folder}/") for folder in self._skip):
            return
        identity = Identity(dev, inode) if dev is not None and inode is not None else None
        self._pending.add(Written(path, ts, process_id, pid, identity))

    def settle(self, path: str) -> None:
        """Read ``path`` now if it waits: somebody opens or executes it."""
        self._pending.settle(path)

    def start(self, target: Target, sink: Sink) -> None:
        """Begin to read what :meth:`note_write` names, and what changes in the target's folder."""
        try:
            self._reach(target.root_pid)
        except OSError as error:
            reason = f"cannot reach the run's files through {error.filename or 'its root'}: {error.strerror}"
            self._info = SourceInfo("workspace", self._backend, "unavailable", reason)
            raise Unavailable(reason) from None
        self._sink = sink
        self._folder = os.fsencode(target.folder)
        self._since_ns = (self._began_ns or time.time_ns()) - _CTIME_ERR_NS
        try:
            self._take_stock(sink)
        except PtbError as error:
            self._let_go()
            self._info = SourceInfo("workspace", self._backend, "unavailable", str(error))
            raise
        weakness = (
            None
            if self._scan_s is None
            else f"no kernel source tells of writes: who wrote is unknown, and a file that lives under"
            f" {self._scan_s:g} s may never be seen"
        )
        self._info = SourceInfo("workspace", self._backend, "recording", weakness)
        self._thread = threading.Thread(target=self._run, args=(sink,), name="ptb-workspace", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read everything that still waits, sweep the folder, and say what was not kept."""
        thread, sink, self._thread = self._thread, self._sink, None
        if thread is None or sink is None:
            return
        self._stopping.set()
        self._pending.drain()
        thread.join(self._patience_s)
        reason = self._info.reason
        if thread.is_alive():
            reason = f"still reading files {self._patience_s:g} s after the end; the rest was not kept"
            _gap(sink, "hung", reason, len(self._pending) + 1)
        else:
            self._let_go()
        self._info = SourceInfo("workspace", self._backend, "ended", reason)

    def _reach(self, pid: int) -> None:
        if self._root_path is not None:
            self._root = open_root(self._root_path)
            return
        self._root = open_root_of(pid)
        with suppress(
            OSError
        ):  # a process that we may not look into; its files may be ours to read all the same
            self._mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def _let_go(self) -> None:
        os.close(self._root)
        if self._mounts >= 0:
            os.close(self._mounts)

    def _take_stock(self, sink: Sink) -> None:
        """Keep the folder's files as they are before the command runs: what it reads and changes is held against them."""
        if self._folder == b"/":
            return  # a whole file system is nobody's work
        first = self._stored
        for number, found in enumerate(changed_files(self._root, self._folder, 0, self._skipped(), Unseen())):
            if number == MOST_AT_START or self._stored - first > MOST_STORED_AT_START:
                reason = (
                    f"the folder held more than {number} files before the start; the others were not read"
                )
                _gap(sink, "too_many", reason, None)
                return
            path, status = readable(found.path), found.stat
            if self._began_ns is not None and status.st_ctime_ns >= self._since_ns:
                continue  # the run has changed it already
            identity = Identity(status.st_dev, status.st_ino)
            now = time.time_ns()
            written = Written(path, now, None, None, identity)
            large = status.st_size > self._limits.whole
            row = (
                _unread(written, "there before the start, large: not read")
                if large
                else self._version(written)
            )
            if row is not None:
                sink.put(Stamp(now, Quality.ARRIVAL, Source.WORKSPACE), row)

    def _run(self, sink: Sink) -> None:
        """Until told to stop: read what is due. Then the rest, then the sweep."""
        try:
            while not self._stopping.is_set():
                self._scan_when_due()
                self._read_next(sink, _TICK_S)
            while self._read_next(sink, 0.0):
                continue
            unseen = Unseen()
            for _ in self._look_for_changes(unseen):
                if len(self._pending) > MOST_PENDING // 2:
                    self._read_next(sink, 0.0)
            while self._read_next(sink, 0.0):
                continue
            if unseen.folders:
                reason = f"{counted(unseen.folders, 'folder')} could not be swept ({unseen.reason})"
                _gap(sink, "unreadable", reason, None)
            if self._pending.coalesced:
                _gap(
                    sink,
                    "coalesced",
                    "files were rewritten faster than versions are kept; the last of each was kept",
                    self._pending.coalesced,
                )
        except PtbError as error:
            self._info = SourceInfo("workspace", self._backend, "ended", str(error))

    def _scan_when_due(self) -> None:
        if self._scan_s is None or (started := time.monotonic()) < self._next_scan:
            return
        for _ in self._look_for_changes(Unseen()):
            continue
        took = time.monotonic() - started
        self._next_scan = started + max(self._scan_s, took * _SCAN_SHARE)

    def _skipped(self) -> frozenset[bytes]:
        return frozenset(map(os.fsencode, self._skip))

    def _look_for_changes(self, unseen: Unseen) -> Iterator[str]:
        """Let every file of the folder wait whose present state was not read; gives the path of each."""
        for changed in changed_files(self._root, self._folder, self._since_ns, self._skipped(), unseen):
            path, status = readable(changed.path), changed.stat
            seen = self._seen.get(path)
            if path in self._pending or (seen is not None and _unchanged(seen, status)):
                continue
            identity = Identity(status.st_dev, status.st_ino)
            self._pending.add(Written(path, status.st_ctime_ns, None, None, identity))
            yield path

    def _read_next(self, sink: Sink, patience_s: float) -> bool:
        """Read one file that is due; whether there was one."""
        if refused := self._pending.take_refused():
            _gap(sink, "queue_full", f"more than {MOST_PENDING} written files waited to be read", refused)
        written = self._pending.take(patience_s)
        if written is None:
            return False
        read_at = time.time_ns()
        row = self._version(written)
        if seen := self._seen.get(written.path):
            self._pending.rest(written.path, seen.size)
        if row is not None:
            # What was read may be newer than the close that announced it, by as much as the reading came later.
            late_us = max(0, read_at - written.ts) // 1000 + 1
            sink.put(Stamp(written.ts, Quality.EXACT, Source.WORKSPACE, err_us=late_us), row)
        return True

    def _version(self, written: Written) -> FileVersion | None:
        """The row for one written file; None when the same process wrote the same content as before."""
        path = written.path
        opened = open_regular(self._root, os.fsencode(path), written.identity)
        if isinstance(opened, Refused) and "\\x" in path:
            opened = open_regular(self._root, _unescaped(path), written.identity)
        if isinstance(opened, Refused):
            return _unread(written, opened.reason)
        try:
            content = read_content(opened.fd, self._limits, self._redactor)
        except OSError as error:
            return _unread(written, error.strerror or "cannot be read")
        finally:
            os.close(opened.fd)
        status, before = opened.stat, self._seen.pop(path, None)
        if len(self._seen) >= MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[path] = _Seen(
            status.st_ino, status.st_ctime_ns, status.st_size, content.sha256, written.process_id
        )
        if (
            before is not None
            and content.sha256 is not None
            and (before.sha256, before.process_id) == (content.sha256, written.process_id)
        ):
            return None
        return self._row(written, content)

    def _row(self, written: Written, content: Content) -> FileVersion:
        """A version with its text in place, or in a blob, or left out when the run's budget is spent."""
        text, blob, captured, reason = content.text, None, content.captured, content.reason
        if text is not None:
            data = text.encode("utf-8", "backslashreplace")
            self._stored += len(data)
            if self._stored > MOST_STORED:
                self._stored -= len(data)
                text, captured = None, "none"
                reason = f"the run's {MOST_STORED >> 30} GiB of file contents are spent"
            elif captured == "ends" or content.size > self._limits.inline:
                text, blob = None, self._blobs.put_blob(data)
        return FileVersion(
            path=written.path,
            sha256=content.sha256,
            size=content.size,
            captured=captured,
            text=text,
            blob=blob,
            redacted=content.redacted and captured != "none",
            process_id=written.process_id,
            pid=written.pid,
            reason=reason,
        )


def _unread(written: Written, reason: str) -> FileVersion:
    return FileVersion(
        path=written.path,
        sha256=None,
        size=None,
        captured="none",
        process_id=written.process_id,
        pid=written.pid,
        reason=reason,
    )


def _unchanged(seen: _Seen, status: os.stat_result) -> bool:
    return (seen.inode, seen.ctime_ns, seen.size) == (status.st_ino, status.st_ctime_ns, status.st_size)


def _unescaped(path: str) -> bytes:
    """The bytes that :func:`store.readable.readable` wrote as ``\\xNN``."""
    head, *rest = path.split("\\x")
    out = os.fsencode(head)
    for part in rest:
        try:
            out += bytes.fromhex(part[:2]) + os.fsencode(part[2:])
        except ValueError:
            out += b"\\x" + os.fsencode(part)
    return out


def _gap(sink: Sink, cause: str, reason: str, lost: int | None) -> None:
    now = time.time_ns()
    sink.put(Stamp(now, Quality.ARRIVAL, Source.WORKSPACE), Gap(cause, reason, end_ts=now, lost=lost))
