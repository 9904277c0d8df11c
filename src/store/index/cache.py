"""Where built indexes are kept: ``index/`` in the user's cache folder, at most :data:`LIMIT_BYTES`, least used first out.

An index is one file, written beside its place and renamed, so that several processes may build the same one. A
file that is cut, damaged or of another version is built again. Deleting the folder costs nothing but time.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from store.index.block import Block
from store.index.columns import Columns, NotColumns
from store.manifest import Manifest

LIMIT_BYTES = 8 << 30
"""Room for about 200 M events. The index that was built last stays, even if it alone is larger."""
_SUFFIX = ".columns"
_ABANDONED_S = 24 * 3600

Build = Callable[[BinaryIO, BinaryIO], None]
"""Writes one block to the first file; the second is scratch room. Both are empty, read and sought in."""


def cache_folder() -> Path:
    """The folder of indexes; ``$XDG_CACHE_HOME/ptb/index`` on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("ptb", appauthor=False) / "index"


def closed_key(manifest: Manifest) -> str:
    """The key of a closed run: other rows, or other files of them, give another one."""
    return _key([manifest.run_id, manifest.recording_hash, [asdict(one) for one in manifest.segments]])


def growing_key(manifest: Manifest) -> str:
    """The key of a run that is being recorded, for an index of its first rows."""
    return _key([manifest.run_id, manifest.started_at])


def find(key: str) -> Block | None:
    """The index under ``key``; None when there is none that can be used."""
    path = cache_folder() / (key + _SUFFIX)
    try:
        block = Block(Columns.open(path))
    except (OSError, NotColumns):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return block


def keep(key: str, build: Build) -> Block:
    """Build an index and keep it under ``key``; in memory alone where the cache takes no file."""
    try:
        return kept(key, build)
    except OSError:
        return in_memory(build)


def kept(key: str, build: Build) -> Block:
    """Build an index and keep it under ``key``; raises ``OSError`` where the cache takes no file."""
    path = _write(key, build)
    block = Block(Columns.open(path))
    _evict(path)
    return block


def in_memory(build: Build) -> Block:
    """Build an index that is kept nowhere."""
    out = BytesIO()
    build(out, BytesIO())
    return Block(Columns(out.getbuffer()))


def _key(identity: object) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _write(key: str, build: Build) -> Path:
    import tempfile  # late: only a builder pays for it

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".tmp")
    temporary, path = Path(name), folder / (key + _SUFFIX)
    try:
        with open(descriptor, "w+b") as out, tempfile.TemporaryFile(dir=folder) as scratch:
            build(out, scratch)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _evict(newest: Path) -> None:
    """Delete what was used least lately until the rest fits, and what builders that died left behind."""
    with os.scandir(newest.parent) as entries:
        files = []
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                files.append((status.st_mtime, status.st_size, Path(entry.path)))
    room = LIMIT_BYTES
    for used, size, path in sorted(files, reverse=True):
        abandoned = path.suffix == ".tmp" and used < time.time() - _ABANDONED_S
        if path.suffix == _SUFFIX:
            room -= size
        if abandoned or (path.suffix == _SUFFIX and room < 0 and path != newest):
            with contextlib.suppress(OSError):
                path.unlink()
