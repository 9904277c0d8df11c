"""What connects a read with a write, and how sure that is.

*Certain*: the bytes are the same. *Likely*: one program read and then wrote, or memory passed on by fork. *Possible*:
only arguments, environment or open files passed on (an exec), the order lies within the clock's error, or the process
between reads and writes everything (shells, servers, the agent itself).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from review.detector import RunView
from review.lineage.file_uses import FAR_FUTURE, FileUse, Span
from review.lineage.images import Carrier, Images
from store.findings import Certainty

CLOCK_ERROR_US = 2
"""One kernel clock stamps all accesses, strace's within 1 µs; SQL rounds down to the µs."""

_SMALLEST_COPY = 64
"""Bytes; shorter contents are the same by chance."""
_RANKS = {Certainty.CERTAIN: 2, Certainty.LIKELY: 1, Certainty.POSSIBLE: 0}
_WHY = {
    Carrier.SHELL: "through a shell, which reads and writes everything",
    Carrier.SERVER: "through a server, which answers many",
    Carrier.AGENT: "through the agent's context",
    Carrier.EVALUATION: "inside the benchmark's own evaluation",
}


class Kinship(StrEnum):
    """What the process that read is to the one that wrote."""

    SAME = "same"
    WORKER = "worker"
    """It was forked by the writer and runs the same program."""
    FOREBEAR = "forebear"
    """The writer descends from it, and was forked after the read."""
    BESIDE = "beside"
    """A shell started both at a time, perhaps as a pipeline; only where pipes are not recorded."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Content of one file may have gone into another, through a process."""

    source: FileUse
    target: FileUse
    read: Span
    """Of the source."""
    written: Span
    """Of the target."""
    certainty: Certainty
    reason: str

    @property
    def read_until_us(self) -> int:
        """Up to when the content of the source counts: what was there before this write."""
        end = self.written.first_us if self.source.path == self.target.path else self.written.last_us
        return min(self.read.last_us, end)


def weakest(certainties: Iterable[Certainty]) -> Certainty:
    """A chain is as sure as its weakest part; certain when it has none."""
    return min(certainties, key=_RANKS.__getitem__, default=Certainty.CERTAIN)


def at_least(certainty: Certainty, floor: Certainty) -> bool:
    """Whether one is as sure as the other or surer."""
    return _RANKS[certainty] >= _RANKS[floor]


class Hashes:
    """SHA-256 of the contents that were recorded of each path."""

    def __init__(self, run: RunView) -> None:
        self._by_path: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, sha256, size in run.query(
            "SELECT path, sha256, size FROM file_versions WHERE sha256 IS NOT NULL ORDER BY ts, seq"
        ):
            self._by_path[path].append((sha256, size or 0))
            if (size or 0) >= _SMALLEST_COPY:
                self._paths[sha256].append(path)

    def latest(self, *paths: str) -> str | None:
        """Of the last content of the first of these paths that has one."""
        return next((self._by_path[path][-1][0] for path in paths if path in self._by_path), None)

    def shared(self, path: str, other: str) -> str | None:
        """A content that both files had at some time, large enough not to be alike by chance."""
        mine = {sha256 for sha256, size in self._by_path.get(path, ()) if size >= _SMALLEST_COPY}
        return min(mine & {sha256 for sha256, _ in self._by_path.get(other, ())}, default=None)

    def holders(self, path: str) -> dict[str, str]:
        """Other paths that had one of its contents, with that content's SHA-256."""
        return {
            other: sha256
            for sha256, size in self._by_path.get(path, ())
            if size >= _SMALLEST_COPY
            for other in self._paths[sha256]
            if other != path
        }


class Judge:
    """Decides about single edges."""

    def __init__(self, images: Images, hashes: Hashes) -> None:
        self._images = images
        self._hashes = hashes

    def edge(
        self, source: FileUse, target: FileUse, kinship: Kinship, read_until_us: int = FAR_FUTURE
    ) -> Edge | None:
        """The edge from a read to a write, None when nothing can have passed; reads after ``read_until_us`` do not count."""
        read, written = source.read, target.written
        if read is None or written is None:
            return None
        if source.path == target.path and read.first_us >= written.first_us:
            return None  # a process that reads back what it wrote
        if read.first_us > min(written.last_us, read_until_us) + CLOCK_ERROR_US:
            return None
        sha256 = None if source.path == target.path else self._hashes.shared(source.path, target.path)
        if sha256 is not None:
            reason = f"the same bytes (sha256 {sha256[:12]})"
            return Edge(source, target, read, written, Certainty.CERTAIN, reason)
        certainty, reason = self._judge(read, written, target.process_id, kinship)
        return Edge(source, target, read, written, certainty, reason)

    def _judge(self, read: Span, written: Span, writer: int, kinship: Kinship) -> tuple[Certainty, str]:
        if kinship is Kinship.BESIDE:
            return (
                Certainty.POSSIBLE,
                "beside it in a pipeline, perhaps: this witness did not record what pipes carry",
            )
        carrier = self._images.carrier(writer, written.last_us)
        if carrier is not Carrier.PROGRAM:
            return Certainty.POSSIBLE, _WHY[carrier]
        if written.last_us < read.first_us + CLOCK_ERROR_US:
            return Certainty.POSSIBLE, "read and write lie within the clock's error"
        match kinship:
            case Kinship.WORKER:
                return Certainty.LIKELY, "read by a worker that it forked"
            case Kinship.FOREBEAR if self._images.executed_by(writer, written.last_us):
                return (
                    Certainty.POSSIBLE,
                    "by a program that the reader started: arguments, environment, open files",
                )
            case Kinship.FOREBEAR:
                return Certainty.LIKELY, "read before the process forked, written by its child"
        if self._images.changed_between(writer, read.last_us, written.first_us):
            return Certainty.POSSIBLE, "another program by then: arguments, environment, open files"
        return Certainty.LIKELY, "read, then written by the same program"
