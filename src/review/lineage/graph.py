"""The two questions that every walk is made of: who made this content, and what became of it.

A read before a write in one process is an edge, and so is what a process had read when it forked. Edges are *certain*
where the bytes are the same, *likely* where one program read and then wrote, and *possible* where only arguments,
environment or open descriptors passed on (an exec), where the order lies within the clocks' error, or where the process
between reads and writes everything (shells, servers, the agent itself). Nothing leads out of evaluate.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from review.detector import RunView
from review.lineage.images import Carrier, Images
from review.lineage.names import NameChange, Names
from review.lineage.uses import FAR_FUTURE, Span, Use, uses_by, writers_of
from review.processes import ProcessTree
from store.findings import Certainty

CLOCK_ERROR_US = 2
"""One kernel clock stamps all accesses, strace's within 1 µs; SQL rounds down to the µs."""

_SMALLEST_COPY = 64
"""Bytes; shorter contents are the same by chance."""
_MOST_HEIRS = 1000
"""Of one process, beyond which it starts everything and tells nothing."""
_RANKS = {Certainty.CERTAIN: 2, Certainty.LIKELY: 1, Certainty.POSSIBLE: 0}


@dataclass(frozen=True, slots=True)
class Content:
    """What stood in a file up to a time."""

    path: str
    until_us: int = FAR_FUTURE


@dataclass(frozen=True, slots=True)
class Making:
    """One process wrote (part of) a content."""

    path: str
    """The name under which it was asked for."""
    use: Use
    """With ``written``, under the name that it had then."""
    written: Span
    until_us: int
    """The content counts up to then."""
    carrier: Carrier
    changes: tuple[NameChange, ...] = ()
    """How the name it was written under became the name asked for."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Content of one file may have gone into another, through a process."""

    source: Use
    """With ``read``."""
    target: Use
    """With ``written``; of the same process, or of one that it forked."""
    read: Span
    written: Span
    certainty: Certainty
    reason: str


def weakest(certainties: Iterable[Certainty]) -> Certainty:
    """A chain is as sure as its weakest part; certain when it has none."""
    return min(certainties, key=_RANKS.__getitem__, default=Certainty.CERTAIN)


def at_least(certainty: Certainty, floor: Certainty) -> bool:
    """Whether one is as sure as the other or surer."""
    return _RANKS[certainty] >= _RANKS[floor]


class Graph:
    """Makers and readers of contents in one run, looked up where a walk comes by."""

    def __init__(self, run: RunView) -> None:
        self.run = run
        self.tree = run.once(ProcessTree.of)
        self.images = Images(run, self.tree)
        self.names = Names.of(run)
        self.crowded: set[int] = set()
        """Processes that started so many others that nothing can be told of them."""
        self._versions = _versions(run)
        self._pipes = bool(run.texts(r"^pipe:\["))

    @property
    def sees_pipes(self) -> bool:
        """Whether the witness recorded what went through pipes."""
        return self._pipes

    def latest_hash(self, *paths: str) -> str | None:
        """SHA-256 of the last recorded content of the first of these paths that has one."""
        return next((self._versions[path][-1][0] for path in paths if path in self._versions), None)

    def _same_bytes(self, path: str, other: str) -> str | None:
        """The SHA-256 of a content that both files had, however briefly."""
        mine = {sha for sha, size in self._versions.get(path, ()) if size >= _SMALLEST_COPY}
        common = mine & {sha for sha, _ in self._versions.get(other, ())}
        return min(common, default=None)

    def makers(self, contents: Iterable[Content]) -> dict[str, list[Making]]:
        """Who wrote these contents, by the path asked for; what was overwritten before counts no more."""
        wanted = list(contents)
        everything = {name.path for c in wanted for name in self.names.earlier(c.path, c.until_us)}
        by_path: dict[str, list[Use]] = defaultdict(list)
        for use in writers_of(self.run, everything):
            by_path[use.path].append(use)
        self.images.load(use.process_id for uses in by_path.values() for use in uses)
        return {content.path: self._makers(content, by_path) for content in wanted}

    def _makers(self, content: Content, by_path: Mapping[str, list[Use]]) -> list[Making]:
        found: list[Making] = []
        waiting: list[tuple[str, int, tuple[NameChange, ...]]] = [(content.path, content.until_us, ())]
        known = {content.path}
        for path, until, changes in waiting:
            begun = self._begun(path, until, by_path)
            for use in by_path[path]:
                written = use.written
                if written is None or written.first_us > until + CLOCK_ERROR_US:
                    continue
                if written.last_us >= begun - CLOCK_ERROR_US:
                    carrier = self.images.carrier(use.process_id, min(written.last_us, until))
                    found.append(Making(content.path, use, written, until, carrier, changes))
            for change, other in self.names.given(path):
                moved = change.op == "rename"
                if other in known or change.us > until or (moved and change.us < begun):
                    continue
                known.add(other)
                waiting.append((other, change.us if moved else until, (change, *changes)))
        return found

    def _begun(self, path: str, until: int, by_path: Mapping[str, list[Use]]) -> int:
        """When the content that stood at ``path`` at a time began: the file was emptied, or another moved there."""
        emptied = [use.emptied_us for use in by_path[path] if use.emptied_us is not None]
        moved = [change.us for change, _ in self.names.given(path) if change.op == "rename"]
        return max((us for us in (*emptied, *moved) if us <= until), default=0)

    def inputs(self, makings: Iterable[Making]) -> dict[tuple[int, str], list[Edge]]:
        """What each maker had read before it wrote, by its process and the name it wrote under."""
        wanted = list(makings)
        kin = {m.use.process_id: self._kin(m.use.process_id) for m in wanted}
        process_ids = {process_id for relatives in kin.values() for process_id in relatives}
        self.images.load(process_ids)
        read_by: dict[int, list[Use]] = defaultdict(list)
        for use in uses_by(self.run, process_ids):
            if use.read is not None:
                read_by[use.process_id].append(use)
        return {
            (own := making.use.process_id, making.use.path): [
                edge
                for process_id, until in kin[own].items()
                for use in read_by[process_id]
                if (edge := self.edge(use, making.use, min(making.until_us, until))) is not None
            ]
            for making in wanted
        }

    def edge(self, source: Use, target: Use, read_until_us: int = FAR_FUTURE) -> Edge | None:
        """What connects a read with a write; None when nothing can have passed."""
        read, written = source.read, target.written
        if read is None or written is None or source.path == target.path:
            return None
        if read.first_us > min(written.last_us, read_until_us) + CLOCK_ERROR_US:
            return None
        certainty, reason = self._judge(source, read, target, written)
        return Edge(source, target, read, written, certainty, reason)

    def _judge(self, source: Use, read: Span, target: Use, written: Span) -> tuple[Certainty, str]:
        same = self._same_bytes(source.path, target.path)
        if same is not None:
            return Certainty.CERTAIN, f"the same bytes (sha256 {same[:12]})"
        own, other = target.process_id, source.process_id
        carrier = self.images.carrier(own, written.last_us)
        if carrier is not Carrier.PROGRAM:
            return Certainty.POSSIBLE, _WHY[carrier]
        if written.last_us < read.first_us + CLOCK_ERROR_US:
            return Certainty.POSSIBLE, "read and write lie within the clock's error"
        if own == other:
            if self.images.changed_between(own, read.last_us, written.first_us):
                return Certainty.POSSIBLE, "another program by then: arguments, environment, open files"
            return Certainty.LIKELY, "read, then written by the same program"
        if (self.images.started_us(other) or 0) > (self.images.started_us(own) or 0):
            return Certainty.LIKELY, "read by a worker that it forked"
        if self.images.executed_by(own, written.last_us):
            return (
                Certainty.POSSIBLE,
                "passed to a program that it started: arguments, environment, open files",
            )
        return Certainty.LIKELY, "read before the process forked, written by its child"

    def _kin(self, process_id: int) -> dict[int, int]:
        """The process, those that it was forked from and its forked workers, each with the time up to which it counts."""
        found = {process_id: FAR_FUTURE}
        workers = self.images.workers(process_id)
        if len(workers) > _MOST_HEIRS:
            self.crowded.add(process_id)
        else:
            found |= dict.fromkeys(workers, FAR_FUTURE)
        child = process_id
        for _ in range(_MOST_FORKS):
            parent, started = self.images.parent(child), self.images.started_us(child)
            if parent is None or started is None:
                break
            if self.images.carrier(parent.process_id, started) is not Carrier.PROGRAM:
                break
            child = parent.process_id
            found[child] = started
        return found


_MOST_FORKS = 8
_WHY = {
    Carrier.SHELL: "through a shell, which reads and writes everything",
    Carrier.SERVER: "through a server, which answers many",
    Carrier.AGENT: "through the agent's context: it had seen the one before it wrote the other",
    Carrier.EVALUATION: "inside the benchmark's own evaluation",
}


def _versions(run: RunView) -> dict[str, list[tuple[str, int]]]:
    """SHA-256 and size of the recorded contents of each path, in the order of time."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for path, sha256, size in run.query(
        "SELECT path, sha256, size FROM file_versions WHERE sha256 IS NOT NULL ORDER BY ts, seq"
    ):
        found[path].append((sha256, size or 0))
    return dict(found)
