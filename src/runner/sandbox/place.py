"""A sandbox's folder on the host: its disks and mounts, under a lock that tells whether its owner still lives.

The kernel drops the lock when the owner dies, whatever it dies of; who gets it then cleans up.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from store.durable import writing
from store.library import runs_folder

_LOCK = "lock"
_RUN = "run"
"""Names the folder of the run that the sandbox was made for."""


def sandboxes_folder() -> Path:
    """Where sandboxes lie: beside the runs, because an agent fills a disk."""
    return runs_folder().absolute() / ".sandboxes"


class Place:
    """One sandbox's folder, locked."""

    def __init__(self, folder: Path, lock: int) -> None:
        """Use :meth:`create` or :meth:`take`."""
        self.folder = folder
        self._lock = lock

    @classmethod
    def create(cls, run_id: str, run: Path) -> Self:
        """A new one for the run that will lie at ``run``; raises :class:`store.errors.StoreFailed`."""
        folder = sandboxes_folder() / run_id
        with writing(folder):
            folder.mkdir(parents=True, mode=0o711)
            (folder / _RUN).write_text(str(run.absolute()))
            lock = _open(folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, lock)

    @classmethod
    def take(cls, folder: Path, *, wait: bool) -> Self | None:
        """That of an owner who is gone; None where it is cleaned up already or, without ``wait``, in use."""
        try:
            lock = _open(folder)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return cls(folder, lock)

    @property
    def run(self) -> Path | None:
        """The folder of the run, as far as it is known."""
        try:
            return Path((self.folder / _RUN).read_text())
        except OSError:
            return None

    def remove(self) -> list[str]:
        """Unmount and delete all of it, and let go of the lock; what could not be unmounted is left, and named."""
        stuck = [place for place in reversed(list(_mounts(self.folder))) if not _unmount(place)]
        if not stuck:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        return stuck


def _open(folder: Path) -> int:
    return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _mounts(folder: Path) -> Iterator[str]:
    """What is mounted below a folder, in the order in which it was."""
    above = str(folder.resolve()) + "/"
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        place = line.split()[4].replace("\\040", " ")
        if place.startswith(above):
            yield place


def _unmount(place: str) -> bool:
    with suppress(OSError):
        return subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0
    return False
