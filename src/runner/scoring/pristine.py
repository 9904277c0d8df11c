"""Copies of what is evaluated, made by ptb and hashed on the way: what the hash is of is what is run."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from store.durable import writing
from store.errors import StoreFailed

_PIECE = 8 << 20
_ROOM = 256 << 20
"""Bytes that a disk keeps free beside a copy."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A folder of copies that nobody writes to any more."""

    folder: Path
    hash: str
    """SHA-256 over the names and contents of its files."""
    files: Mapping[str, str]
    """Name → SHA-256."""


def copy_files(
    names: Iterable[str],
    open_file: Callable[[str], int],
    target: Path,
    went_on: Callable[[int], None] = lambda _bytes: None,
) -> Copied:
    """Copy the files that ``open_file`` gives descriptors for; ``went_on`` is told how many bytes were, and may raise."""
    files: dict[str, str] = {}
    for name in sorted(names):
        path = target / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(open_file(name), "rb", buffering=0) as source:
            files[name] = _copy(source.readinto, path, went_on)
    for folder in [target, *(one for one in target.rglob("*") if one.is_dir())]:
        folder.chmod(0o755)
    return Copied(target, hash_of(files), files)


def hash_of(files: Mapping[str, str]) -> str:
    """One hash over a folder's names and their SHA-256."""
    whole = hashlib.sha256()
    for name, digest in sorted(files.items()):
        whole.update(f"{name}\0{digest}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def check_room(folder: Path, size: int) -> None:
    """Raises :class:`StoreFailed` where a copy of ``size`` bytes would fill the disk."""
    free = shutil.disk_usage(folder).free
    if free < size + _ROOM:
        raise StoreFailed(
            f"{folder} has {free >> 20} MiB free, and a copy of the model needs {size >> 20}: set TMPDIR to another disk"
        )


def _copy(read: Callable[[memoryview], int | None], path: Path, went_on: Callable[[int], None]) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_PIECE))
    with writing(path), path.open("xb", buffering=0) as file:
        while count := read(buffer):
            digest.update(buffer[:count])
            done = 0
            while done < count:
                done += file.write(buffer[done:count])
            went_on(count)
        os.fchmod(file.fileno(), 0o444)
    return digest.hexdigest()
