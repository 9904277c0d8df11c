"""The two calls of fanotify(7) through ctypes, and the records that its descriptor gives.

Events carry an open descriptor of the file (not its handle, FAN_REPORT_FID), because overlayfs, which containers
live on, has no handles to give. Numbers and layouts: include/uapi/linux/fanotify.h.
"""

import ctypes
import errno
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final

from store.errors import Unavailable

_CLOEXEC: Final = 0x01
_NONBLOCK: Final = 0x02
_UNLIMITED_QUEUE: Final = 0x10
"""Without it the kernel drops events past 16,384 waiting ones; with it only memory bounds them."""
_UNLIMITED_MARKS: Final = 0x20

_ADD: Final = 0x01
_DONT_FOLLOW: Final = 0x04
_MOUNT: Final = 0x10

_METADATA: Final = struct.Struct("=IBBHQii")
"""``struct fanotify_event_metadata``: length, version, reserved, its own length, mask, descriptor, pid."""
_VERSION: Final = 3
_RESPONSE: Final = struct.Struct("=iI")
"""``struct fanotify_response``: descriptor, answer."""
_ALLOW: Final = 0x01
_DENY: Final = 0x02
_GONE: Final = b" (deleted)"
"""What the kernel puts after a name that is gone, whether or not the file has another."""
_READ_BYTES: Final = 170 * _METADATA.size
"""A read opens a descriptor for each event it takes: few enough for any limit on open files."""


class Kind(Enum):
    """What a group may do."""

    NOTIFY = 0x00
    """Hear what has happened."""
    GATE = 0x04
    """Be asked before it happens (FAN_CLASS_CONTENT)."""


class Mask(IntFlag):
    """What a mark asks for and what an event says."""

    ACCESS = 0x01
    MODIFY = 0x02
    OPEN = 0x20
    OPEN_EXEC = 0x1000
    OVERFLOW = 0x4000
    """Events were lost: there was no memory for them."""
    OPEN_PERM = 0x10000
    OPEN_EXEC_PERM = 0x40000
    ON_CHILD = 0x08000000
    """For the mark of a folder: the files in it too, by whatever name and mount they are reached."""
    ON_FOLDER = 0x40000000
    """Folders too, not only files."""


@dataclass(frozen=True, slots=True)
class Event:
    """One or, merged, several acts of one process on one file."""

    mask: int
    fd: int
    """Of the file, to be closed by whoever takes the event; -1 for an overflow."""
    pid: int
    """The process; 0 where it cannot be seen from here."""

    def path(self) -> bytes:
        """Where the file is found, or was until the name went by which it was opened."""
        path = os.readlink(b"/proc/self/fd/%d" % self.fd)
        return path[: -len(_GONE)] if path.endswith(_GONE) and not self._is_at(path) else path

    def identity(self) -> tuple[int, int]:
        """``st_dev`` and ``st_ino`` of the file."""
        found = os.fstat(self.fd)
        return found.st_dev, found.st_ino

    def _is_at(self, path: bytes) -> bool:
        """Whether the file has this very name, which may itself end like one that is gone."""
        for root in (b"", b"/proc/%d/root" % self.pid):  # a container's path is not ours
            with suppress(OSError):
                if os.path.samestat(os.lstat(root + path), os.fstat(self.fd)):
                    return True
        return False

    def close(self) -> None:
        """Let go of the file."""
        if self.fd >= 0:
            os.close(self.fd)


class Group:
    """A fanotify descriptor with its marks; closing it lets everything through that waits for an answer."""

    def __init__(self, kind: Kind) -> None:
        """Raises :class:`Unavailable` where the kernel or a privilege is lacking."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "fanotify_init"):
            raise Unavailable("only Linux has fanotify")
        self._libc.fanotify_mark.argtypes = [
            *(ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
        ]
        flags = kind.value | _CLOEXEC | _NONBLOCK | _UNLIMITED_QUEUE | _UNLIMITED_MARKS
        self.fd: int = self._libc.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME)
        if self.fd < 0:
            code = ctypes.get_errno()
            why = "it needs root (CAP_SYS_ADMIN)" if code == errno.EPERM else os.strerror(code)
            raise Unavailable(f"fanotify: {why}")

    def mark(self, path: bytes, mask: Mask, *, at: int = -100, follow: bool = True) -> None:
        """Ask for events of the file or folder at ``path`` below the folder ``at``.

        The mark is on the inode: other names, links and mounts of the file are the same to it. Raises
        :class:`OSError` where it cannot be set.
        """
        self._mark(path, mask, at, 0 if follow else _DONT_FOLLOW)

    def mark_mount(self, path: bytes, mask: Mask) -> None:
        """Ask for events of every file that is reached through the mount at ``path``; raises :class:`OSError`."""
        self._mark(path, mask, -100, _MOUNT)

    def _mark(self, path: bytes, mask: Mask, at: int, flags: int) -> None:
        if self._libc.fanotify_mark(self.fd, _ADD | flags, mask, at, path) < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)

    def take(self) -> list[Event]:
        """The events that wait, some hundred at most; empty when there are none.

        Raises :class:`OSError` where the file of an event cannot be opened: that event is lost.
        """
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return []
        events = []
        at = 0
        while at < len(data):
            length, version, _, _, mask, fd, pid = _METADATA.unpack_from(data, at)
            assert version == _VERSION
            events.append(Event(mask, fd, pid))
            at += length
        return events

    def allow(self, event: Event) -> None:
        """Let the process go on that waits for an answer."""
        os.write(self.fd, _RESPONSE.pack(event.fd, _ALLOW))

    def deny(self, event: Event) -> None:
        """Fail its open with EPERM."""
        os.write(self.fd, _RESPONSE.pack(event.fd, _DENY))

    def close(self) -> None:
        """End it; safe to call twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
