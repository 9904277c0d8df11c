"""Writing so that a crash leaves either the old file or the new one, never half of one."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from store.errors import StoreFailed

_FULL = {errno.ENOSPC, errno.EDQUOT}


def explain(error: OSError, where: Path | str) -> StoreFailed:
    """What a failed write means to the user, as the error to raise."""
    if error.errno in _FULL:
        return StoreFailed(f"the disk is full at {where}: free some space; what was committed is kept")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreFailed(
            f"{where} cannot be written ({error.strerror}): choose another folder with PTB_RUNS"
        )
    return StoreFailed(f"{where} cannot be written: {error.strerror or error}")


@contextlib.contextmanager
def writing(where: Path | str) -> Iterator[None]:
    """Turn any ``OSError`` of the block into a :class:`StoreFailed` that names ``where``."""
    try:
        yield
    except OSError as error:
        raise explain(error, where) from error


def write_all(fd: int, data: bytes, offset: int) -> None:
    """``pwrite`` until every byte of ``data`` is written at ``offset``."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def sync_file(path: Path) -> None:
    """Force a file's bytes to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries (creations, renames) to the disk."""
    sync_file(folder)


def temporary_beside(path: Path) -> Path:
    """A name for what will be put at ``path`` when it is whole, which no other writer takes."""
    # A pid would not do: threads share it, and so do containers that share a folder.
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step: temporary file, fsync, rename, fsync of the folder.

    Where several do so at once, the last one stands. Raises :class:`StoreFailed`.
    """
    temporary = temporary_beside(path)
    with writing(path):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            try:
                write_all(fd, data, 0)
                os.fsync(fd)
            finally:
                os.close(fd)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
