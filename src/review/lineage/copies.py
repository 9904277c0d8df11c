"""Which of the files that a process read is the one that it wrote again: a copy has one source, not all that was read.

Without it, ``cp -r data backup`` would carry the first file's content into every other.
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from review.lineage.edges import Edge, Hashes
from review.lineage.file_uses import FileUse
from review.lineage.images import Images
from store.findings import Certainty

COPIERS = frozenset({"cp", "mv", "rsync", "install", "scp"})
"""Programs that write what they read, file by file, under the same names."""


class Copies:
    """The reads of the processes of one step of a walk."""

    def __init__(self, used: Mapping[int, Sequence[FileUse]], images: Images, hashes: Hashes) -> None:
        self._images = images
        self._hashes = hashes
        self._read = {
            process_id: {use.path for use in uses if use.read is not None}
            for process_id, uses in used.items()
        }
        self._names = {
            process_id: {posixpath.basename(path) for path in paths}
            for process_id, paths in self._read.items()
        }

    def settled(self, edge: Edge) -> Edge:
        """The edge, only possible where the target is known to be a copy of another file that its writer read."""
        if edge.certainty is not Certainty.LIKELY:
            return edge
        reason = self._other_source(edge)
        return edge if reason is None else replace(edge, certainty=Certainty.POSSIBLE, reason=reason)

    def _other_source(self, edge: Edge) -> str | None:
        writer = edge.target.process_id
        copied = self._hashes.holders(edge.target.path).keys() & self._read.get(writer, set())
        if copied - {edge.source.path, edge.target.path}:
            return f"the bytes are those of {min(copied)}, which it had read as well"
        name = posixpath.basename(edge.target.path)
        if posixpath.basename(edge.source.path) == name or name not in self._names.get(writer, set()):
            return None
        words = self._images.at(writer, edge.written.last_us).words
        if words and posixpath.basename(words[0]) in COPIERS:
            return "a program that copies file by file, and it had read another of that name"
        return None
