"""Opening a file that an adversary can replace at any moment.

The path is resolved beneath a root that symlinks and ``..`` cannot leave (``openat2(2)``, ``RESOLVE_IN_ROOT``), to
a handle that opens nothing yet (``O_PATH``). Only when the handle is the regular file that was meant is that same
inode opened for reading: no FIFO or device is ever touched, and no second look-up can be raced.
"""

import ctypes
import errno
import os
import stat
from dataclasses import dataclass
from typing import Final

_OPENAT2: Final = 437
"""Its number on every architecture."""
_RESOLVE_NO_MAGICLINKS: Final = 0x02
_RESOLVE_IN_ROOT: Final = 0x10
_ATTEMPTS: Final = 32
"""``openat2`` gives EAGAIN when a rename anywhere races with the look-up of ``..``."""

_HANDLE: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_WORDS: Final = {
    errno.ENOENT: "gone before it could be read",
    errno.ENOTDIR: "gone before it could be read",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EAGAIN: "held by a lease, or renamed while it was looked up",
    errno.ELOOP: "a symbolic link on its path",
    errno.ESTALE: "gone before it could be read",
}


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file an event spoke of."""

    dev: int
    """As ``st_dev`` has it."""
    inode: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A regular file, open for reading; the caller closes ``fd``."""

    fd: int
    stat: os.stat_result


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was opened."""

    reason: str


def open_root(path: str) -> int:
    """A handle on the folder that the sandbox takes for ``/``; raises OSError."""
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def open_root_of(pid: int) -> int:
    """A handle on the root of a process's mount namespace; raises OSError.

    Its own root will not do: a process can chroot at any moment, and the kernel witness's paths are the namespace's.
    ``..`` leads from there to the top of that namespace and no further, because our own root is not on the way.
    """
    current = open_root(f"/proc/{pid}/root")
    try:
        while True:
            above = os.open("..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=current)
            at_the_top = os.path.samestat(os.fstat(current), os.fstat(above))
            os.close(current)
            current = above
            if at_the_top:
                return current
    except OSError:
        os.close(current)
        raise


def open_regular(root: int, path: bytes, expected: Identity | None = None) -> Opened | Refused:
    """Open the regular file at ``path`` beneath ``root``, if it is still the ``expected`` one."""
    if b"\0" in path:
        return Refused("no path: it holds a NUL")
    try:
        handle = _resolve(root, path)
    except OSError as error:
        return Refused(_explain(error))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return Refused(f"{_kind(status.st_mode)} stands there, not a file")
        if expected is not None and not _same(status, expected):
            return Refused("another file stood there when it was read")
        # The magic link leads to the inode of the handle, whatever the path names by now.
        return Opened(os.open(f"/proc/self/fd/{handle}", _READ), status)
    except OSError as error:
        return Refused(_explain(error))
    finally:
        os.close(handle)


def open_folder(root: int, path: bytes) -> int:
    """A handle on the folder at ``path`` beneath ``root``; raises OSError."""
    handle = _resolve(root, path)
    try:
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(handle)


def _resolve(root: int, path: bytes) -> int:
    """An ``O_PATH`` handle on ``path`` beneath ``root``; a symlink at its end is not followed."""
    try:
        return _openat2(root, path)
    except OSError as error:
        # Kernels before 5.6 have no openat2, and Docker before 20.10 answers EPERM for what it does not know.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        return _step_by_step(root, path)


def _openat2(root: int, path: bytes) -> int:
    how = _OpenHow(_HANDLE, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
    libc = ctypes.CDLL(None, use_errno=True)
    for _ in range(_ATTEMPTS):
        fd = int(libc.syscall(_OPENAT2, root, ctypes.c_char_p(path), ctypes.byref(how), ctypes.sizeof(how)))
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        if code != errno.EAGAIN:
            break
    raise OSError(code, os.strerror(code))


def _step_by_step(root: int, path: bytes) -> int:
    """The same for kernels without openat2: every component by itself, and no symlink anywhere."""
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise OSError(errno.EACCES, "the path leaves its root")
    current = os.dup(root)
    try:
        for part in parts:
            following = os.open(part, _HANDLE, dir_fd=current)
            os.close(current)
            current = following
            if stat.S_ISLNK(os.fstat(current).st_mode) and part is not parts[-1]:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except OSError:
        os.close(current)
        raise
    return current


def _same(status: os.stat_result, expected: Identity) -> bool:
    """Same inode on the same device; overlay and btrfs show other (anonymous) devices to stat than the kernel has."""
    anonymous = os.major(status.st_dev) == 0 or os.major(expected.dev) == 0
    return status.st_ino == expected.inode and (anonymous or status.st_dev == expected.dev)


def _kind(mode: int) -> str:
    names = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFDIR: "a folder",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return names.get(stat.S_IFMT(mode), "something else")


def _explain(error: OSError) -> str:
    return _WORDS.get(error.errno or 0, error.strerror or "cannot be opened")
