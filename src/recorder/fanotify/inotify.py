"""inotify(7) through ctypes, for the one thing that fanotify without file handles cannot tell: new names in a folder.

Numbers and layout: include/uapi/linux/inotify.h.
"""

import ctypes
import os
import struct
from dataclasses import dataclass
from typing import Final

_CREATE: Final = 0x100
_MOVED_TO: Final = 0x80
_ONLYDIR: Final = 0x01000000
_OVERFLOW: Final = 0x4000
_EVENT: Final = struct.Struct("=iIII")
"""``struct inotify_event``: watch, mask, cookie, length of the name that follows."""
_READ_BYTES: Final = 65536


@dataclass(frozen=True, slots=True)
class NewName:
    """Something was created in a watched folder, linked or moved into it."""

    watch: int
    name: bytes


class Inotify:
    """Watches folders for new names."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def watch(self, folder: int) -> int:
        """Begin to watch an open folder; the number that its events carry, the same each time for one folder."""
        path = b"/proc/self/fd/%d" % folder
        return self._checked(self._libc.inotify_add_watch(self.fd, path, _CREATE | _MOVED_TO | _ONLYDIR))

    def take(self) -> list[NewName] | None:
        """What waits; None where the kernel lost some: look at every folder again."""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return []
        found = []
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            if mask & _OVERFLOW:
                return None
            at += _EVENT.size + length
            if mask & (_CREATE | _MOVED_TO):
                found.append(NewName(watch, data[at - length : at].rstrip(b"\0")))
        return found

    def _checked(self, result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result
