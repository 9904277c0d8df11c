"""What /proc says about processes that were there before the recording."""

from collections import defaultdict
from pathlib import Path


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
