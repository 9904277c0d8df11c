"""Which files a gate stands before: the denied paths with all below them, now and as names come and go.

Two groups ask the gate. Whatever the *sealed* group asks about is denied: its marks are on the inodes of denied
files and folders, so no symlink, hard link or mount gets round them. The *awaited* group asks about everything that
is opened in the folders where a denied path may yet appear; of that only what stands at the path itself is denied.
"""

import os
import stat
from dataclasses import dataclass, field
from typing import Final

from recorder.fanotify.group import Event, Group, Kind, Mask
from recorder.fanotify.inotify import Inotify, NewName

_ASK: Final = Mask.OPEN_PERM | Mask.OPEN_EXEC_PERM
_ASK_IN: Final = _ASK | Mask.ON_CHILD | Mask.ON_FOLDER
_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOATIME


@dataclass(slots=True)
class _Folder:
    """A folder that is watched for new names."""

    fd: int
    sealed: bool = False
    awaited: set[bytes] = field(default_factory=set)
    """The denied paths that are to appear in it, or below it."""


class Perimeter:
    """Sets the marks and keeps them as names change.

    The listing of sealed folders is itself asked about, so somebody else must answer for both groups, in another
    thread, before :meth:`deny` is called.
    """

    def __init__(self) -> None:
        """Raises :class:`store.errors.Unavailable` without the privilege."""
        self.sealed = Group(Kind.GATE)
        self.awaited = Group(Kind.GATE)
        self.names = Inotify()
        self.paths: tuple[bytes, ...] = ()
        """The denied paths, without symlinks."""
        self._folders: dict[int, _Folder] = {}

    def deny(self, path: bytes) -> None:
        """Seal what is at ``path`` and what appears there; raises :class:`OSError` where that cannot be done."""
        real = os.path.realpath(path)
        self.paths = (*self.paths, real)
        self._await(real)
        if os.path.lexists(real):
            self._seal(os.path.dirname(real), real, given=True)

    def is_denied(self, event: Event) -> bool:
        """Whether an event of the *awaited* group is about something at a denied path."""
        identity = event.identity()
        for path in self.paths:
            try:
                found = os.lstat(path)
            except OSError:
                continue
            if (found.st_dev, found.st_ino) == identity:
                return True
        return False

    def follow(self) -> list[str]:
        """Take in the names that appeared; what could not be sealed, a sentence each."""
        news = self.names.take()
        if news is None:
            news = self._every_name()
        unsealed = []
        for new in news:
            try:
                self._appeared(new)
            except FileNotFoundError:
                continue  # gone again
            except OSError as error:
                unsealed.append(f"{os.fsdecode(new.name)}: {error.strerror}")
        return unsealed

    def _appeared(self, new: NewName) -> None:
        folder = self._folders.get(new.watch)
        if folder is None:
            return
        for path in list(folder.awaited):
            self._await(path)
            if os.path.lexists(path):
                self._seal(os.path.dirname(path), path, given=False)
        if folder.sealed:
            self._seal(folder.fd, new.name, given=False)

    def _every_name(self) -> list[NewName]:
        return [
            NewName(watch, name) for watch, folder in self._folders.items() for name in _listed(folder.fd)
        ]

    def _await(self, path: bytes) -> None:
        """Ask about what is opened in the folder of ``path``, or watch for the folder where there is none yet."""
        while True:
            parent = above = os.path.dirname(path)
            while not os.path.isdir(above):
                above = os.path.dirname(above)
            folder = self._watch(os.open(above, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
            folder.awaited.add(path)
            if above == parent:
                self.awaited.mark(b".", _ASK_IN, at=folder.fd)
                return
            below = path[: path.find(b"/", len(above.rstrip(b"/")) + 1)]
            if not os.path.isdir(below):
                return

    def _seal(self, at: int | bytes, name: bytes, *, given: bool) -> None:
        """Seal a file, or a folder with all below it; ``given``: by the user, not by a name that appeared later."""
        waiting: list[tuple[int, bytes]] = []
        opened = os.open(at, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if isinstance(at, bytes) else at
        try:
            self._seal_one(opened, os.path.basename(name), waiting, given=given)
            while waiting:
                folder, entry = waiting.pop()
                try:
                    self._seal_one(folder, entry, waiting, given=given)
                except FileNotFoundError:
                    continue
        finally:
            if isinstance(at, bytes):
                os.close(opened)

    def _seal_one(self, at: int, name: bytes, waiting: list[tuple[int, bytes]], *, given: bool) -> None:
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            folder = self._watch(os.open(name, _FOLDER, dir_fd=at))
            if not folder.sealed:
                self.sealed.mark(b".", _ASK_IN, at=folder.fd)
                folder.sealed = True
                waiting += [(folder.fd, entry) for entry in _listed(folder.fd)]
        elif stat.S_ISREG(found.st_mode):
            # A link made later may be one to a library that every program opens: its other names stay usable.
            if given or found.st_nlink == 1:
                self.sealed.mark(name, _ASK, at=at, follow=False)
        elif stat.S_ISLNK(found.st_mode) and given:
            self._seal_target(at, name)

    def _seal_target(self, at: int, link: bytes) -> None:
        """Seal the file behind a symlink: snapshots of the Hugging Face cache are such links."""
        try:
            target = os.stat(link, dir_fd=at)
        except OSError:
            return
        if stat.S_ISREG(target.st_mode):
            self.sealed.mark(link, _ASK, at=at)

    def _watch(self, fd: int) -> _Folder:
        """Watch an open folder for new names; takes over ``fd``."""
        watch = self.names.watch(fd)
        known = self._folders.get(watch)
        if known is not None:
            os.close(fd)
            return known
        folder = self._folders[watch] = _Folder(fd)
        return folder


def _listed(folder: int) -> list[bytes]:
    """The names in a folder opened with O_PATH."""
    fd = os.open(b".", _LIST, dir_fd=folder)
    try:
        with os.scandir(fd) as entries:
            return [os.fsencode(entry.name) for entry in entries]
    finally:
        os.close(fd)
