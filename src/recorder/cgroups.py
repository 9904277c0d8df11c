"""Control groups of the unified hierarchy (v2): which one a process is in, who is in one, and its id."""

import errno
import os
import re
from pathlib import Path

from store.errors import BadInput, Unavailable

_OWN_SLICE = re.compile(r"ptb[0-9a-z]+\.slice")
_GONE = (errno.ENOENT, errno.ENODEV)
"""Of a cgroup that was taken away before its file was opened, or before it was read."""
_ROOT_INODE = 1
"""Of the real root of a hierarchy; a cgroup namespace shows another folder as its root."""


def unified_mount() -> Path:
    """Where the v2 hierarchy is mounted; raises :class:`Unavailable` where it is not."""
    for line in Path("/proc/self/mountinfo").read_text("latin-1").splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return Path(fields.split()[4])
    raise Unavailable("no cgroup v2 hierarchy is mounted, and containers are recorded by theirs")


def own_slice(run_id: str) -> str:
    """Name of the slice for one run's only container: no ``-``, which systemd takes for a slice within a slice."""
    return f"ptb{run_id.replace('-', '')}.slice"


def is_own_slice(name: str) -> bool:
    """Whether a slice is such a one, so that whatever is in it belongs to the run."""
    return _OWN_SLICE.fullmatch(name) is not None


def of_process(pid: int) -> Path:
    """The folder of the cgroup that a process is in; raises :class:`BadInput` when there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text("latin-1").splitlines()
    except OSError:
        raise BadInput(f"process {pid} has ended") from None
    (path,) = [line.removeprefix("0::") for line in lines if line.startswith("0::")] or ["/"]
    return unified_mount() / path.lstrip("/")


def members(folder: Path) -> list[int]:
    """The processes in a cgroup and in those below it; nobody is in one that is gone."""
    found: list[int] = []
    for path, _, _ in os.walk(folder):
        try:
            found += map(int, Path(path, "cgroup.procs").read_text().split())
        except OSError as error:
            if error.errno not in _GONE:
                raise
    return found


def populated(folder: Path) -> bool:
    """Whether any process is in a cgroup or below it; one that is gone has none."""
    try:
        return "populated 1" in (folder / "cgroup.events").read_text()
    except OSError:
        return False


def identity(folder: Path) -> tuple[int, int]:
    """Id of a cgroup, and its depth below the root of the hierarchy."""
    mount = unified_mount()
    try:
        below = folder.resolve(strict=True).relative_to(mount)
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder} is no cgroup below {mount}") from error
    if mount.stat().st_ino != _ROOT_INODE:
        raise Unavailable(f"{mount} shows only a part of the cgroups: record from outside the container")
    return folder.stat().st_ino, len(below.parts)
