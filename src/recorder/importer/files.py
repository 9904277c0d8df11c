"""Reading a results folder that somebody else wrote: regular files inside it only, and never more than a bound.

Symbolic links are told, not followed; devices and pipes are not opened; a file that grows while it is read stops
at its bound.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from store.readable import readable

PORTION = 1 << 20
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry under a folder."""

    path: Path
    relative: str
    """From the folder, with ``/``; invalid UTF-8 as ``\\xNN``."""
    size: int
    refused: str | None = None
    """Why its content is not looked at; None for a regular file."""


def open_regular(path: Path) -> int:
    """A file descriptor of a regular file; raises :class:`OSError` for a link, a device, a pipe or no file."""
    fd = os.open(path, os.O_RDONLY | _NO_LINKS)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"{path.name} is no regular file")
    return fd


def portions(path: Path, limit: int | None = None) -> Iterator[bytes]:
    """The content in portions, up to ``limit`` bytes; raises :class:`OSError`."""
    fd = open_regular(path)
    left = limit
    try:
        while data := os.read(fd, PORTION if left is None else min(PORTION, left)):
            yield data
            if left is not None:
                left -= len(data)
    finally:
        os.close(fd)


def read_whole(path: Path, limit: int) -> bytes | None:
    """The content, at most ``limit`` bytes of it; None when it is no readable regular file."""
    try:
        return b"".join(portions(path, limit))
    except OSError:
        return None


def size_of(path: Path) -> int | None:
    """Size of a regular file in bytes; None when there is none (a link is none)."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def walk(folder: Path, limit: int) -> Iterator[Found]:
    """Everything under ``folder`` that is no folder, by name, depth first; ends after ``limit`` entries."""
    waiting = [(folder, "")]
    seen = 0
    while waiting:
        here, prefix = waiting.pop()
        below: list[tuple[Path, str]] = []
        for entry in _entries(here):
            relative = prefix + readable(os.fsencode(entry.name))
            if entry.is_dir(follow_symlinks=False):
                below.append((Path(entry.path), relative + "/"))
                continue
            yield _found(entry, relative)
            seen += 1
            if seen >= limit:
                return
        waiting += reversed(below)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _found(entry: os.DirEntry[str], relative: str) -> Found:
    path = Path(entry.path)
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Found(path, relative, 0, f"cannot be looked at: {error.strerror}")
    if stat.S_ISREG(status.st_mode):
        return Found(path, relative, status.st_size)
    kind = "a symbolic link, not followed" if stat.S_ISLNK(status.st_mode) else "no regular file"
    return Found(path, relative, status.st_size, kind)
