"""Files of a folder that changed since a moment, without trusting anything in it.

The change time decides (``ctime``): no program can set it, as it can the modification time. The walk is a stack of
paths, not a recursion, so that a folder ten thousand levels deep costs time and nothing else.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from recorder.workspace.beneath import open_folder

MOST_ENTRIES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Changed:
    """A regular file as it was found."""

    path: bytes
    """Absolute, beneath the root."""
    stat: os.stat_result


@dataclass(slots=True)
class Unseen:
    """What a walk could not look at."""

    folders: int = 0
    reason: str = ""

    def add(self, reason: str) -> None:
        """One more folder, and why; the first reason is kept."""
        self.folders += 1
        self.reason = self.reason or reason


def changed_files(
    root: int, folder: bytes, since_ns: int, skip: frozenset[bytes], unseen: Unseen
) -> Iterator[Changed]:
    """Regular files in ``folder`` and below, but not in ``skip``, whose change time is ``since_ns`` or later.

    From ``/`` only the file system that it is on: what is mounted into a sandbox is the host's, and can be all of it.
    """
    waiting = [folder]
    entries = 0
    device = os.fstat(root).st_dev if folder == b"/" else None
    while waiting:
        path = waiting.pop()
        try:
            handle = open_folder(root, path)
        except OSError as error:
            unseen.add(error.strerror or "cannot be opened")
            continue
        try:
            with os.scandir(handle) as listing:
                for entry in listing:
                    entries += 1
                    if entries > MOST_ENTRIES:
                        unseen.add(f"more than {MOST_ENTRIES} entries")
                        return
                    below = os.path.join(path, os.fsencode(entry.name))
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        if below not in skip and device in (None, status.st_dev):
                            waiting.append(below)
                    elif stat.S_ISREG(status.st_mode) and status.st_ctime_ns >= since_ns:
                        yield Changed(below, status)
        except OSError as error:
            unseen.add(error.strerror or "cannot be listed")
        finally:
            os.close(handle)
