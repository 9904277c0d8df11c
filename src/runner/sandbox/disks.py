"""A sandbox's file systems: sparse images of a fixed size, and a copy-on-write view of the model cache.

What an agent writes ends at the image's size, so that it cannot fill the host's disk. Loop devices are the kernel's to give back:
``mount -o loop`` sets autoclear, and the device goes with the mount.
"""

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runner.sandbox.place import Place
from runner.sandbox.plan import Limits
from store.durable import writing
from store.errors import BadInput, Unavailable

USER = 1000
"""Uid and gid of the agent."""
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Disks:
    """Folders of the host that the sandbox gets."""

    home: Path
    temporary: Path
    final_model: Path
    model_cache: Path | None


def make_disks(place: Place, limits: Limits, model_cache: Path | None) -> Disks:
    """Make and mount them; raises :class:`Unavailable` where this machine does not let us, :class:`BadInput` where it lacks room.

    A disk that is larger than the room under it would end the recording, which lies there, too.
    """
    wanted, free = limits.disk_gib + limits.model_gib, shutil.disk_usage(place.folder).free / _GIB
    if wanted > free:
        raise BadInput(
            f"{place.folder.parent} has {free:.0f} GiB free, and the sandbox's disks may take {wanted:g}:"
            " give smaller --disk and --model-disk, or set PTB_RUNS to a larger disk"
        )
    work = _image(place.folder / "work", limits.disk_gib)
    final_model = _image(place.folder / "final_model", limits.model_gib)
    os.chown(final_model, USER, USER)
    home, temporary = work / "home", work / "tmp"
    for folder, mode in ((home, 0o755), (temporary, 0o1777)):
        folder.mkdir()
        os.chown(folder, USER, USER)
        folder.chmod(mode)
    cache = _overlay(place.folder / "model_cache", work, model_cache) if model_cache else None
    return Disks(home, temporary, final_model, cache)


def _image(folder: Path, size_gib: float) -> Path:
    image = folder.with_suffix(".img")
    with writing(image), image.open("wb") as file:
        file.truncate(int(size_gib * _GIB))
    folder.mkdir()
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", str(image))
    _run("mount", "-o", "loop,nosuid,nodev", str(image), str(folder))
    (folder / "lost+found").rmdir()
    return folder


def _overlay(folder: Path, work: Path, lower: Path) -> Path:
    """The cache with the sandbox's changes on top, which lie on its own disk.

    Folders are made anew on top, so that the agent may add to them. Files stay below; where only their owner may read them
    (``save_pretrained`` makes such), ``metacopy`` changes the mode on top without copying what is in them.
    """
    upper, scratch = work / "cache_upper", work / "cache_work"
    for one in (upper, scratch, folder):
        one.mkdir()
    closed = []
    for path, folders, names in os.walk(lower):
        inside = Path(path).relative_to(lower)
        for name in folders:
            if not Path(path, name).is_symlink():
                (upper / inside / name).mkdir()
        closed += [inside / name for name in names if _is_closed(Path(path, name))]
    for path, _, _ in os.walk(upper):
        os.chown(path, USER, USER)
    layers = f"lowerdir={_escaped(lower.resolve())},upperdir={_escaped(upper)},workdir={_escaped(scratch)}"
    _run("mount", "-t", "overlay", "overlay", "-o", f"nosuid,nodev,metacopy=on,{layers}", str(folder))
    for inside in closed:
        (folder / inside).chmod(0o644)
    return folder


def _is_closed(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) and not mode & stat.S_IROTH


def _escaped(path: Path) -> str:
    """For overlayfs, where ``,`` and ``:`` part options and layers."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _run(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise Unavailable(f"{words[0]} does not start ({error.strerror}): is e2fsprogs installed?") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"{words[0]} failed, and a sandbox's disks need it: {said}")
