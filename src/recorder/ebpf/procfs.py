"""What /proc and the cgroup file system say about processes that were there before the recording."""

from collections import defaultdict
from pathlib import Path

from store.errors import BadInput, Unavailable

_ROOT_INODE = 1
"""Of the real root of a cgroup hierarchy; a cgroup namespace shows another folder as its root."""


def descendants(root: int) -> list[int]:
    """``root`` and all its descendants, parents first."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text("latin-1")
            except OSError:  # it has ended
                continue
            children[int(stat.rpartition(")")[2].split()[1])].append(int(entry.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def runs(pid: int) -> bool:
    """Whether there is a process ``pid`` that has not ended; one that waits to be reaped has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("latin-1")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def members(cgroup: Path) -> list[int]:
    """The processes in a cgroup and in those below it."""
    found: list[int] = []
    for file in sorted(cgroup.rglob("cgroup.procs")):
        found += map(int, file.read_text().split())
    return found


def cgroup(path: Path) -> tuple[int, int]:
    """Id of a cgroup of the unified hierarchy (v2), and its depth below the root."""
    mount = unified_mount()
    try:
        below = path.resolve(strict=True).relative_to(mount)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no cgroup below {mount}") from error
    if mount.stat().st_ino != _ROOT_INODE:
        raise Unavailable(f"{mount} shows only a part of the cgroups: record from outside the container")
    return path.stat().st_ino, len(below.parts)


def unified_mount() -> Path:
    """Where the cgroup v2 hierarchy is mounted; raises :class:`Unavailable` where it is not."""
    for line in Path("/proc/self/mountinfo").read_text("latin-1").splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return Path(fields.split()[4])
    raise Unavailable("no cgroup v2 hierarchy is mounted, and containers are recorded by theirs")
