"""What an agent leaves in ``final_model``, taken out of its sandbox into the run: ``RUN/final_model``.

The folder is the agent's work and hostile: links are kept as links and never followed, and nothing but files, folders
and links is taken.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.task_folder import FINAL_MODEL
from store.durable import writing


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed in."""

    folder: Path
    """``RUN/final_model``; a symbolic link where the agent left one."""
    files: int
    bytes: int
    left_out: tuple[str, ...]
    """Devices, sockets and pipes."""


def keep_model(source: Path, run: Path) -> Handed | None:
    """Copy ``source`` into the run; None where there is nothing. Call it when no process of the agent is left."""
    target = run / FINAL_MODEL
    if source.is_symlink():
        with writing(run):
            target.symlink_to(source.readlink())
        return Handed(target, 0, 0, ())
    count = size = 0
    left_out: list[str] = []
    with writing(run):
        for entry, place in _entries(source, target):
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(os.readlink(entry.path))
            elif stat.S_ISREG(mode):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(entry.path, place, follow_symlinks=False)
                count, size = count + 1, size + place.stat().st_size
            else:
                left_out.append(str(place.relative_to(target)))
    if not target.exists() and not left_out:
        return None
    return Handed(target, count, size, tuple(left_out))


def _entries(folder: Path, target: Path) -> Iterator[tuple[os.DirEntry[str], Path]]:
    """Everything below a folder but the folders."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            place = target / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry.path), place)
            else:
                yield entry, place
