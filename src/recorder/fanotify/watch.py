"""The second witness: hears of opens, reads and changes of chosen files, whoever recorded them.

Marks are on inodes, so every mount, link and name of a file is covered by one, and a file outside costs nothing.
Below paths given by the user everything is heard. In the command's own folder, where work goes on, only opens, and
changes of files that stood there at the start: the task's own scripts and data. On the mounts of a container, when
asked, every open.
"""

import os
import re
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from recorder.fanotify.crosscheck import Crosscheck, Kinship, Sighting
from recorder.fanotify.evidence import Evidence
from recorder.fanotify.group import Event, Group, Kind, Mask
from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.counting import counted
from store.errors import PtbError, Unavailable
from store.manifest import SourceInfo
from store.readable import readable
from store.rows import Gap, Quality, Source, Stamp
from store.sink import Sink

_OPENS: Final = Mask.OPEN | Mask.OPEN_EXEC
_ALL: Final = _OPENS | Mask.ACCESS | Mask.MODIFY
_MOST_OWN: Final = 10_000
"""Files of the command's own folder that are marked; a mark keeps about a kilobyte of the kernel's memory."""
_MERGE_S: Final = 0.03
"""Between two reads: acts of one process on one file become one event meanwhile."""
_CHECK_S: Final = 0.5
_NO_FILES: Final = {
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "devpts",
    "mqueue",
    "securityfs",
    "debugfs",
    "tracefs",
}
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
"""How mountinfo writes blanks and backslashes."""


class Watch:
    """Cross-checks the kernel witness; implements :class:`recorder.source.Source`."""

    def __init__(
        self, paths: Sequence[Path], skip: Sequence[str], lives: Lives, *, mounts: bool, transfers: bool
    ) -> None:
        """``paths`` are watched wholly; ``skip``: folders in the command's own that are not its work.

        ``mounts``: every open on a mount of the container is heard; ``transfers``: the kernel witness tells of reads
        and changes, otherwise only opens are compared.
        """
        self._mounts = mounts
        self._transfers = transfers
        self._paths = [os.path.realpath(path) for path in paths]
        self._skip = {os.path.realpath(path) for path in skip}
        self._lives = lives
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._crosscheck: Crosscheck | None = None
        self.evidence: Evidence | None = None
        """Where the rows of the kernel witness are to be told while somebody compares them."""
        self._info = SourceInfo("crosscheck", "fanotify", "unavailable", "not started")

    @property
    def info(self) -> SourceInfo:
        """Name, backend, state, and what is watched."""
        return self._info

    def start(self, target: Target, sink: Sink) -> None:
        """Set the marks and begin; raises :class:`Unavailable` without the privilege."""
        try:
            self._group = Group(Kind.NOTIFY)
        except Unavailable as error:
            self._info = replace(self._info, reason=str(error))
            raise
        self._sink = sink
        self._kinship = Kinship(target, self._lives)
        self._marked = 0
        self._unmarked = 0
        heard = _ALL if self._transfers else _OPENS
        # Before the first mark: a container runs on meanwhile, and what is heard of it then has its rows then.
        self._read_until = time.time_ns()
        self.evidence = Evidence(sink)
        self._crosscheck = Crosscheck(self._lives, self.evidence, sink, heard)
        root = f"/proc/{target.root_pid}/root" if target.cgroup else ""
        for path in self._paths:
            self._mark_below(path, heard, heard, most=None)
            if root and os.path.lexists(root + path):
                self._mark_below(root + path, heard, heard, most=None)
        own = root + target.folder
        self._mark_below(own, heard & ~Mask.ACCESS, _OPENS, most=self._marked + _MOST_OWN)
        mounts = mounted(target.root_pid) if self._mounts else []
        for mount in mounts:
            self._group.mark_mount(os.fsencode(root + mount), _OPENS)
        self._info = replace(self._info, state="recording", reason=self._described(target, mounts))
        self._thread = threading.Thread(target=self._run, name="ptb-crosscheck", daemon=True)
        self._thread.start()

    def close_eyes(self) -> None:
        """See no more, before the kernel witness stops seeing; compare on."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._group.close()

    def stop(self) -> None:
        """Compare what is left with all that the kernel witness had to say, which must have stopped."""
        self.close_eyes()
        if self._info.state != "recording" or self._crosscheck is None:
            return
        self._crosscheck.check(last=True)
        self.evidence = None
        found = self._crosscheck
        counts = f"{counted(found.agreed, 'sighting agrees', 'sightings agree')} with the kernel witness, {counted(found.disagreed, 'does', 'do')} not"
        if found.outside:
            counts += f", {counted(found.outside, 'was', 'were')} of processes that are not recorded"
        self._info = replace(self._info, state="ended", reason=f"{self._info.reason}; {counts}")

    def _described(self, target: Target, mounts: list[str]) -> str:
        text = f"watches {counted(self._marked, 'file or folder', 'files and folders')}: {', '.join([*self._paths, target.folder])}"
        if mounts:
            text += f"; opens on {counted(len(mounts), 'mount')}: {', '.join(mounts)}"
        if self._unmarked:
            text += f"; {self._unmarked} more could not be watched or were too many"
        return text

    def _mark_below(self, top: str, files: Mask, folders: Mask, *, most: int | None) -> None:
        """Mark ``top`` and what is below it on the same file system, nearest first."""
        try:
            dev = os.lstat(top).st_dev
        except OSError:
            self._unmarked += 1
            return
        waiting = deque([top])
        while waiting:
            path = waiting.popleft()
            if most is not None and self._marked >= most:
                self._unmarked += 1 + len(waiting)
                return
            try:
                found = os.lstat(path)
                if stat.S_ISDIR(found.st_mode) and found.st_dev == dev and path not in self._skip:
                    self._group.mark(os.fsencode(path), folders | Mask.ON_CHILD, follow=False)
                    waiting += [entry.path for entry in os.scandir(path)]
                elif stat.S_ISREG(found.st_mode):
                    self._group.mark(os.fsencode(path), files, follow=False)
                else:
                    continue
                self._marked += 1
            except FileNotFoundError:
                continue
            except OSError:
                self._unmarked += 1

    def _run(self) -> None:
        assert self._crosscheck is not None
        waiting = select.poll()
        waiting.register(self._group.fd, select.POLLIN)
        next_check = time.monotonic() + _CHECK_S
        try:
            while not self._closing.is_set():
                if waiting.poll(_CHECK_S * 1000):
                    self._closing.wait(_MERGE_S)
                self._drain()
                if time.monotonic() >= next_check:
                    self._crosscheck.check()
                    next_check = time.monotonic() + _CHECK_S
            self._drain()
        except PtbError as error:  # the disk refused: the recording ends for the same reason
            self._info = replace(self._info, state="ended", reason=str(error))

    def _drain(self) -> None:
        """Take all events that wait."""
        while True:
            now = time.time_ns()
            try:
                events = self._group.take()
            except OSError as error:
                self._put_gap("unread", f"fanotify: a watched file could not be looked at: {error.strerror}")
                continue
            if not events:
                self._read_until = now
                return
            for event in events:
                try:
                    self._take(event, now)
                finally:
                    event.close()

    def _take(self, event: Event, now: int) -> None:
        if event.mask & Mask.OVERFLOW:
            reason = "fanotify lost events of watched files: what it saw there cannot be compared"
            self._put_gap("queue_full", reason)
            return
        if event.pid == os.getpid():
            return
        assert self._crosscheck is not None
        dev, inode = event.identity()
        path = readable(event.path())
        related = self._kinship.includes(event.pid)
        sighting = Sighting(event.mask, event.pid, dev, inode, path, self._read_until, now, related)
        self._crosscheck.add(sighting)

    def _put_gap(self, cause: str, reason: str) -> None:
        now = time.time_ns()
        gap = Gap(cause, reason, start_ts=self._read_until, end_ts=now)
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.RECORDER), gap)


def mounted(pid: int) -> list[str]:
    """Where the mounts with files of its own kind are that a process sees; see proc_pid_mountinfo(5)."""
    found = []
    for line in Path(f"/proc/{pid}/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.split()[0] not in _NO_FILES:
            found.append(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields.split()[4]))
    return found
