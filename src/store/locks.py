"""Who writes a run and who reads it: advisory locks that the kernel drops when their holder dies.

``writer.lock`` is held exclusively by the one writer; whether a run is live is whether that lock is held. Each
manifest generation has a lease file that readers of that generation hold shared, so that sealed-away logs and
merged inputs outlive open readers.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from store.durable import writing
from store.errors import BadInput

WRITER_LOCK = "writer.lock"
LEASES = ".leases"

_PAUSE_S = 0.005
_WRITER_S = 0.1
"""So long a writer waits for another one, which may be about to end."""
_READERS_S = 2.0
"""So long it waits for readers: one that asks :func:`is_live` holds the lock for an instant, unless it is held up there."""


class Lock:
    """An open, locked file; closing it (or dying) releases the lock."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    @property
    def fd(self) -> int:
        """The descriptor: a process that inherits it holds the lock, too. Not after :meth:`release`."""
        assert self._fd is not None
        return self._fd

    def release(self) -> None:
        """Let go; safe to call twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def lock_for_writing(folder: Path) -> Lock:
    """Become the writer of the run in ``folder``.

    Raises :class:`BadInput` while another process is, :class:`StoreFailed` where the folder is read-only.
    """
    with writing(folder):
        fd = os.open(folder / WRITER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    began = time.monotonic()
    while not _try(fd, fcntl.LOCK_EX):
        if time.monotonic() - began > (_READERS_S if _only_readers(fd) else _WRITER_S):
            os.close(fd)
            raise BadInput(
                f"{folder} is being written by another process; wait for it or choose another folder"
            )
        time.sleep(_PAUSE_S)
    return Lock(fd)


def is_live(folder: Path) -> bool:
    """Whether some process is writing the run now."""
    try:
        fd = os.open(folder / WRITER_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def create_lease(folder: Path, generation: int) -> None:
    """Make the lease file of a generation, before the manifest that announces it."""
    (folder / LEASES).mkdir(exist_ok=True)
    (folder / LEASES / str(generation)).touch()


def hold_lease(folder: Path, generation: int) -> Lock | None:
    """Keep the files of a generation from being deleted; None where the folder has no leases (a bare copy)."""
    try:
        fd = os.open(folder / LEASES / str(generation), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    _try(fd, fcntl.LOCK_SH)
    return Lock(fd)


def retire_leases(folder: Path, before: int) -> bool:
    """Delete the leases of generations older than ``before``; False when a reader still holds one."""
    try:
        leases = [
            one for one in (folder / LEASES).iterdir() if one.name.isdecimal() and int(one.name) < before
        ]
    except FileNotFoundError:
        return True
    for lease in leases:
        fd = os.open(lease, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not _try(fd, fcntl.LOCK_EX):
                return False
            with contextlib.suppress(FileNotFoundError):
                lease.unlink()
        finally:
            os.close(fd)
    return True


def _only_readers(fd: int) -> bool:
    """Whether nobody holds the lock but such as share it."""
    shared = _try(fd, fcntl.LOCK_SH)
    fcntl.flock(fd, fcntl.LOCK_UN)
    return shared


def _try(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a filesystem without locks: readers and writers are on their own
    return True
