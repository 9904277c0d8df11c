"""Calls that open, create, name or remove files, as rows of the ``files`` table."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

from recorder.strace.lexer import annotation, fields, string, unescape
from recorder.strace.paths import Paths
from recorder.strace.processes import Process
from recorder.strace.stream import Call
from store.readable import readable
from store.rows import FileAccess

_INODE = re.compile(rb"^(?:pipe|socket):\[(\d+)\]$")
_UNNAMED = b"(unnamed)"
_EXTRA_FLAGS = {"O_PATH": 0o10000000, "O_TMPFILE": 0o20200000, "O_LARGEFILE": 0o100000, "__O_SYNC": 0o4000000}


@dataclass(frozen=True, slots=True)
class _Name:
    """Where in the arguments a name stands."""

    name: int
    directory: int | None = None
    """The descriptor that a relative name starts from; None for the working directory."""
    follow: bool = False
    """A symbolic link as last component is followed."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """An operation on one or two names."""

    op: str
    first: _Name
    second: _Name | None = None
    moves: bool = False
    """Directories resolved before may resolve differently after it."""


_OPERATIONS: dict[str, _Operation] = {
    "unlink": _Operation("unlink", _Name(0)),
    "unlinkat": _Operation("unlink", _Name(1, 0)),
    "mkdir": _Operation("mkdir", _Name(0)),
    "mkdirat": _Operation("mkdir", _Name(1, 0)),
    "rmdir": _Operation("rmdir", _Name(0), moves=True),
    "mknod": _Operation("mknod", _Name(0)),
    "mknodat": _Operation("mknod", _Name(1, 0)),
    "truncate": _Operation("truncate", _Name(0, follow=True)),
    "chmod": _Operation("chmod", _Name(0, follow=True)),
    "fchmodat": _Operation("chmod", _Name(1, 0, follow=True)),
    "fchmodat2": _Operation("chmod", _Name(1, 0, follow=True)),
    "rename": _Operation("rename", _Name(0), _Name(1), moves=True),
    "renameat": _Operation("rename", _Name(1, 0), _Name(3, 2), moves=True),
    "renameat2": _Operation("rename", _Name(1, 0), _Name(3, 2), moves=True),
    "link": _Operation("link", _Name(0), _Name(1)),
    "linkat": _Operation("link", _Name(1, 0), _Name(3, 2)),
    "umount2": _Operation("umount", _Name(0, follow=True), moves=True),
}
_ON_DESCRIPTOR = {"ftruncate": "truncate", "fchmod": "chmod"}


class FileCalls:
    """Turns file calls into rows."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        access_ids = count(1)
        self.next_access: Callable[[], int] = lambda: next(access_ids)
        """An ``access_id`` that was not given before."""
        self._special: dict[str, Callable[[Process, Call], FileAccess | None]] = {
            "open": lambda process, call: self._open(process, call, _Name(0), call.arguments[1]),
            "creat": lambda process, call: self._open(process, call, _Name(0), "O_WRONLY|O_CREAT|O_TRUNC"),
            "openat": lambda process, call: self._open(process, call, _Name(1, 0), call.arguments[2]),
            "openat2": self._openat2,
            "open_by_handle_at": self._open_by_handle,
            "memfd_create": self._memfd,
            "symlink": lambda process, call: self._symlink(process, call, _Name(1)),
            "symlinkat": lambda process, call: self._symlink(process, call, _Name(2, 1)),
            "mount": self._mount,
        }

    def row(self, process: Process, call: Call) -> FileAccess | None:
        """The row of a call; None where it is not a file call or does not say which file it meant."""
        special = self._special.get(call.name)
        if special:
            return special(process, call)
        operation = _OPERATIONS.get(call.name)
        if operation:
            return self._named(process, call, operation)
        op = _ON_DESCRIPTOR.get(call.name)
        return self._on_descriptor(process, call, op) if op else None

    def base(self, process: Process, argument: str) -> bytes:
        """What a directory descriptor stands for; strace's word on the working directory corrects ours."""
        shown = annotation(argument)
        if shown is None:
            return process.cwd
        if not argument.startswith("AT_FDCWD"):
            return unescape(shown)
        if shown != process.cwd_shown:
            process.cwd_shown = shown
            process.cwd = unescape(shown).removesuffix(b" (deleted)")
        return process.cwd

    def path(self, process: Process, call: Call, where: _Name) -> bytes | None:
        """The absolute path of a name in the arguments; None where strace could not read it."""
        name = string(call.arguments[where.name])
        if name is None:
            return None
        base = process.cwd if where.directory is None else self.base(process, call.arguments[where.directory])
        resolve = self._paths.target if where.follow else self._paths.absolute
        return resolve(base, name, process.pid, root=process.root)

    def _open(self, process: Process, call: Call, where: _Name, flags: str) -> FileAccess:
        """A new descriptor; the path is the kernel's own where the call succeeded."""
        wanted = _open_flags(flags)
        if where.directory is not None:
            self.base(process, call.arguments[where.directory])
        if call.resolved is not None:
            path = unescape(call.resolved)
        else:
            path = self.path(process, call, where) or _UNNAMED
        return self._opened(process, call, path, wanted)

    def _opened(self, process: Process, call: Call, path: bytes, flags: int | None) -> FileAccess:
        special = _INODE.match(path)
        return FileAccess(
            process.process_id,
            process.pid,
            "create" if flags is not None and flags & os.O_CREAT else "open",
            readable(path),
            access_id=self.next_access() if call.error is None else None,
            inode=int(special[1]) if special else None,
            flags=flags,
            final=True,
            error=call.error,
            via="syscall",
        )

    def _openat2(self, process: Process, call: Call) -> FileAccess:
        how = fields(call.arguments[2])
        return self._open(process, call, _Name(1, 0), how.get("flags", "0"))

    def _open_by_handle(self, process: Process, call: Call) -> FileAccess:
        path = unescape(call.resolved) if call.resolved is not None else _UNNAMED
        return self._opened(process, call, path, _open_flags(call.arguments[2]))

    def _memfd(self, process: Process, call: Call) -> FileAccess:
        path = unescape(call.resolved) if call.resolved else b"/memfd:" + (string(call.arguments[0]) or b"")
        return self._opened(process, call, path, os.O_RDWR | os.O_CREAT)

    def _named(self, process: Process, call: Call, operation: _Operation) -> FileAccess:
        op = operation.op
        if call.name == "unlinkat" and "AT_REMOVEDIR" in call.arguments[2]:
            op = "rmdir"
        path = self.path(process, call, operation.first)
        second = self.path(process, call, operation.second) if operation.second else None
        if (operation.moves or op == "rmdir") and call.error is None:
            self._paths.moved()
        return self._operation(process, call, op, path, second)

    def _symlink(self, process: Process, call: Call, where: _Name) -> FileAccess:
        self._paths.moved()
        path = self.path(process, call, where)
        return self._operation(process, call, "symlink", path, string(call.arguments[0]))

    def _mount(self, process: Process, call: Call) -> FileAccess:
        path = self.path(process, call, _Name(1, follow=True))
        self._paths.moved()
        return self._operation(process, call, "mount", path, string(call.arguments[0]))

    def _on_descriptor(self, process: Process, call: Call, op: str) -> FileAccess:
        shown = annotation(call.arguments[0])
        return self._operation(process, call, op, unescape(shown) if shown is not None else None, None)

    def _operation(
        self, process: Process, call: Call, op: str, path: bytes | None, second: bytes | None
    ) -> FileAccess:
        row = FileAccess(
            process.process_id,
            process.pid,
            op,
            readable(path if path is not None else _UNNAMED),
            final=True,
            error=call.error,
            via="syscall",
        )
        return replace(row, path2=readable(second)) if second is not None else row


@lru_cache(maxsize=1024)
def _open_flags(text: str) -> int | None:
    """``O_WRONLY|O_CREAT`` or ``O_RDONLY|0x8000`` as a number; None where a word is unknown."""
    total = 0
    for word in text.split("|"):
        value = _EXTRA_FLAGS.get(word, getattr(os, word, None) if word.startswith("O_") else None)
        if value is None:
            try:
                value = int(word, 0)
            except ValueError:
                return None
        total |= value
    return total
