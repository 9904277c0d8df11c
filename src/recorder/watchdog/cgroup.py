"""A control group (v2) of what is recorded: frozen or ended as one, whatever its processes fork meanwhile.

https://docs.kernel.org/admin-guide/cgroup-v2.html: ``cgroup.freeze``, ``cgroup.kill`` (Linux 5.14), ``cgroup.procs``.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from recorder import cgroups
from store.errors import PtbError


class Cgroup:
    """One folder of the cgroup file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, name: str) -> Self | None:
        """A new one below our own; None where there is no hierarchy that we may write, or the kernel is too old."""
        try:
            group = cls(cgroups.of_process(os.getpid()) / name)
            group.folder.mkdir()
        except (PtbError, OSError):
            return None
        if all((group.folder / file).exists() for file in ("cgroup.freeze", "cgroup.kill")):
            return group
        group.remove()
        return None

    def add(self, pid: int) -> bool:
        """Move a process here; its children will be born here. Whether that worked."""
        return _write(self.folder / "cgroup.procs", str(pid))

    def members(self) -> list[int]:
        """The pids in it and below it."""
        try:
            return cgroups.members(self.folder)
        except OSError:
            return []  # it was taken away with what was in it

    def freeze(self) -> bool:
        """Begin to stop all members; whether that is allowed."""
        return _write(self.folder / "cgroup.freeze", "1")

    @property
    def is_frozen(self) -> bool:
        """Whether all members stand still."""
        try:
            return "frozen 1" in (self.folder / "cgroup.events").read_text()
        except OSError:
            return False

    def thaw(self) -> None:
        """Let all members go on."""
        _write(self.folder / "cgroup.freeze", "0")

    @property
    def is_held(self) -> bool:
        """Whether it is to stand still, which :meth:`thaw` by anyone ends."""
        try:
            return (self.folder / "cgroup.freeze").read_text().strip() == "1"
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL to all members, frozen ones too."""
        _write(self.folder / "cgroup.kill", "1")

    def remove(self) -> None:
        """Give what is left in it back to the group above, and take it away."""
        for pid in self.members():
            _write(self.folder.parent / "cgroup.procs", str(pid))
        for path, _, _ in os.walk(self.folder, topdown=False):
            with suppress(OSError):
                Path(path).rmdir()


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text)
    except OSError:
        return False
    return True
