"""The files of a run as its writer keeps them: manifest, chain, leases, and what is left to delete.

Every change of the file list is ordered so that a crash at any point leaves a run that opens: data files are on the
disk before the chain names them, the chain before the manifest, and what a manifest no longer names is deleted
only when no reader holds a generation that does.
"""

import contextlib
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from store.chain import Chain, Entry, SealedSegment, live_segments
from store.durable import writing
from store.locks import create_lease, retire_leases
from store.manifest import Manifest
from store.manifest_file import write_manifest
from store.parquet import FOLDER as SEGMENTS

LOG = "log"


class RunFiles:
    """Manifest and chain of a run being written; safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest, chain: Chain) -> None:
        self.folder = folder
        self._manifest = manifest
        self._chain = chain
        self._lock = threading.RLock()
        self._garbage: list[Path] = []

    @property
    def manifest(self) -> Manifest:
        """The manifest as last written."""
        return self._manifest

    @property
    def head(self) -> str:
        """The hash of the chain's last entry."""
        return self._chain.head

    @property
    def sealed(self) -> list[SealedSegment]:
        """The segments that stand."""
        return live_segments(self._chain.entries)

    @property
    def epochs(self) -> set[str]:
        """The log epochs that are sealed."""
        return {entry.epoch for entry in self._chain.entries if entry.epoch}

    def update(self, **changes: Any) -> None:
        """Write a manifest with some fields changed, as a new generation."""
        with self._lock, writing(self.folder):
            manifest = replace(self._manifest, generation=self._manifest.generation + 1, **changes)
            create_lease(self.folder, manifest.generation)
            write_manifest(self.folder, manifest)
            self._manifest = manifest

    def next_epoch(self) -> str:
        """The name of a log epoch that no file of this run bears yet."""
        used = [int(one.name) for one in (self.folder / LOG).glob("[0-9]*") if one.name.isdecimal()]
        used += [int(epoch) for epoch in self.epochs]
        return f"{max(used, default=0) + 1:06d}"

    def add_log(self, epoch: str) -> None:
        """A log epoch begins; in one step with the epochs that end meanwhile."""
        with self._lock:
            self.update(logs=(*self._manifest.logs, f"{LOG}/{epoch}"))

    def seal(self, epoch: str, sealed: Sequence[SealedSegment], next_seq: int) -> None:
        """The rows of a log epoch are in these segments now."""
        with self._lock:
            self._chain.append("seal", epoch=epoch, segments=tuple(sealed))
            self._adopt(epoch, next_seq)

    def merge(self, group: Sequence[SealedSegment], merged: SealedSegment) -> None:
        """One segment stands for several from now on."""
        files = tuple(one.segment.file for one in group)
        with self._lock:
            self._chain.append("merge", segments=(merged,), replaces=files)
            self._adopt(None, self._manifest.next_seq)
            self._garbage += [self.folder / file for file in files]

    def finish(self, recording_hash: str, facts_hash: str) -> Entry:
        """Pin the recording at the end of the chain."""
        with self._lock:
            return self._chain.append("close", recording_hash=recording_hash, facts_hash=facts_hash)

    def discard(self, path: Path) -> None:
        """Delete a file or folder as soon as no reader can need it."""
        with self._lock:
            self._garbage.append(path)

    def sweep(self) -> None:
        """Delete what can be deleted now; the rest waits for the next call."""
        with self._lock:
            if not self._garbage or not retire_leases(self.folder, self._manifest.generation):
                return
            # Recovery writes anew what a crash left behind, under the same names.
            standing = {self.folder / one.segment.file for one in self.sealed}
            garbage, self._garbage = [path for path in self._garbage if path not in standing], []
        for path in garbage:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def discard_strays(self) -> None:
        """Discard files that neither manifest nor chain names: what a crash left behind."""
        known = {one.segment.file for one in self.sealed}
        for path in (self.folder / SEGMENTS).glob("*"):
            if f"{SEGMENTS}/{path.name}" not in known:
                self.discard(path)
        for path in (self.folder / LOG).glob("*"):
            if f"{LOG}/{path.name}" not in self._manifest.logs:
                self.discard(path)

    def _adopt(self, epoch: str | None, next_seq: int) -> None:
        """Make the manifest say what the chain says."""
        logs = tuple(log for log in self._manifest.logs if log != f"{LOG}/{epoch}")
        segments = tuple(one.segment for one in self.sealed)
        self.update(segments=segments, logs=logs, next_seq=next_seq)
        if epoch is not None:
            self._garbage.append(self.folder / LOG / epoch)
