"""A control group (v2) of the recorded command's own: frozen or ended as one, whatever its processes fork meanwhile.

https://docs.kernel.org/admin-guide/cgroup-v2.html: ``cgroup.freeze``, ``cgroup.kill`` (Linux 5.14), ``cgroup.procs``.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self


class Cgroup:
    """One folder of the cgroup file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, name: str) -> Self | None:
        """A new one below our own; None where there is no hierarchy that we may write, or the kernel is too old."""
        own = _own()
        if own is None:
            return None
        group = cls(own / name)
        try:
            group.folder.mkdir()
        except OSError:
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
        found: list[int] = []
        for path, _, _ in os.walk(self.folder):
            with suppress(OSError):
                found += map(int, Path(path, "cgroup.procs").read_text().split())
        return found

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


def _own() -> Path | None:
    """The folder of the group that this process is in."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        (name,) = (
            line.split(":", 2)[2]
            for line in Path("/proc/self/cgroup").read_text().splitlines()
            if line[:3] == "0::"
        )
    except (OSError, ValueError):
        return None
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        if after.startswith("cgroup2 "):
            return Path(before.split()[4]) / name.lstrip("/")
    return None


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text)
    except OSError:
        return False
    return True
