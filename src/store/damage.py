"""Which sealed files of a run are missing or cut, told by their sizes alone: cheap enough to ask at every open.

Changed bytes take hashing to find; that is :mod:`store.verify`.
"""

from pathlib import Path

from store.counting import counted
from store.manifest import Manifest, Segment


def damaged_segments(folder: Path, manifest: Manifest) -> tuple[Segment, ...]:
    """The segments whose file is not there with the size it was sealed with."""
    return tuple(one for one in manifest.segments if not _is_whole(folder / one.file, one.size))


def tell_damage(damaged: tuple[Segment, ...]) -> str:
    """One sentence about them: how many rows of which tables cannot be read."""
    lost = [f"{counted(one.rows, 'row')} of {one.table}" for one in damaged]
    return f"damaged: {', '.join(lost)} cannot be read (see `ptb verify`)"


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
