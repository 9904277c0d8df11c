"""The questions that every walk is made of: who made this content, who took it in, and what went in and out.

Contents of one path are told apart by when the file was emptied, or another was moved there. Nothing is looked up
before a walk comes by, so that of a run of millions of accesses only a neighbourhood is ever in memory.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from review.detector import RunView
from review.lineage.copies import Copies
from review.lineage.edges import CLOCK_ERROR_US, Edge, Hashes, Judge
from review.lineage.file_uses import FAR_FUTURE, FileUse, Span, uses_by, uses_of_read, writers_of
from review.lineage.images import Carrier, Images
from review.lineage.kin import Kin
from review.lineage.names import NameChange, Names
from review.processes import ProcessTree


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
    use: FileUse
    """Under the name that it had then."""
    written: Span
    until_us: int
    """The content counts up to then."""
    carrier: Carrier
    changes: tuple[NameChange, ...] = ()
    """How the name it was written under became the name asked for."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stood in a file from a time on."""

    path: str
    since_us: int = 0
    written: Span | None = None
    """By whom it was written, as far as that is part of the walk; None for whatever was ever there."""
    writer: int | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """One process read a content."""

    path: str
    """The name under which it was asked for."""
    use: FileUse
    """Under the name that it had then."""
    read: Span
    carrier: Carrier


class Graph:
    """Makers and takers of contents in one run."""

    def __init__(self, run: RunView) -> None:
        self.run = run
        self.tree = run.once(ProcessTree.of)
        self.images = Images(run, self.tree)
        self.names = Names.of(run)
        self.hashes = Hashes(run)
        self.sees_pipes = bool(run.texts(r"^pipe:\["))
        """Whether the witness recorded what went through pipes."""
        self.kin = Kin(self.tree, self.images, pipes_recorded=self.sees_pipes)
        self._judge = Judge(self.images, self.hashes)

    def makers(self, contents: Iterable[Content]) -> list[list[Making]]:
        """Who wrote each of these contents; what was overwritten before counts no more."""
        wanted = list(contents)
        everything = {name.path for c in wanted for name in self.names.earlier(c.path, c.until_us)}
        by_path = _by_path(writers_of(self.run, everything))
        self.images.load(use.process_id for uses in by_path.values() for use in uses)
        return [self._makers(content, by_path) for content in wanted]

    def _makers(self, content: Content, by_path: Mapping[str, Sequence[FileUse]]) -> list[Making]:
        found: list[Making] = []
        waiting: list[tuple[str, int, tuple[NameChange, ...]]] = [(content.path, content.until_us, ())]
        known = {content.path}
        for path, until, changes in waiting:
            begun = self._begun(path, until, by_path)
            for use in by_path.get(path, ()):
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

    def _begun(self, path: str, until: int, by_path: Mapping[str, Sequence[FileUse]]) -> int:
        """When the content that stood at ``path`` at a time began: the file was emptied, or another moved there."""
        emptied = [use.emptied_us for use in by_path.get(path, ()) if use.emptied_us is not None]
        moved = [change.us for change, _ in self.names.given(path) if change.op == "rename"]
        return max((us for us in (*emptied, *moved) if us <= until), default=0)

    def inputs(self, makings: Iterable[Making]) -> list[list[Edge]]:
        """What each maker had read before it wrote."""
        wanted = list(makings)
        kin = {m.use.process_id: self.kin.sources(m.use.process_id) for m in wanted}
        process_ids = {relative.process_id for relatives in kin.values() for relative in relatives}
        self.images.load(process_ids)
        used = _by_process(uses_by(self.run, process_ids))
        copies = Copies(used, self.images, self.hashes)
        return [
            [
                copies.settled(edge)
                for relative in kin[making.use.process_id]
                for use in used.get(relative.process_id, ())
                if (
                    edge := self._judge.edge(
                        use, making.use, relative.kinship, min(making.until_us, relative.until_us)
                    )
                )
            ]
            for making in wanted
        ]

    def takers(self, contents: Iterable[Held]) -> list[list[Taking]]:
        """Who read each of these contents before it was overwritten or replaced."""
        wanted = list(contents)
        everything = {name.path for held in wanted for name in self.names.later(held.path, held.since_us)}
        by_path = _by_path(uses_of_read(self.run, everything))
        self.images.load(use.process_id for uses in by_path.values() for use in uses if use.read)
        return [self._takers(held, by_path) for held in wanted]

    def _takers(self, held: Held, by_path: Mapping[str, Sequence[FileUse]]) -> list[Taking]:
        found: list[Taking] = []
        for name in self.names.later(held.path, held.since_us):
            gone = self._gone(held, name.path, name.us, by_path)
            for use in by_path.get(name.path, ()):
                read = use.read
                if read is None or read.first_us > gone + CLOCK_ERROR_US:
                    continue
                if read.last_us >= name.us - CLOCK_ERROR_US:
                    carrier = self.images.carrier(use.process_id, min(read.last_us, gone))
                    found.append(Taking(held.path, use, read, carrier))
        return found

    def _gone(self, held: Held, path: str, since_us: int, by_path: Mapping[str, Sequence[FileUse]]) -> int:
        """When a written content was no more at ``path``: somebody else emptied the file, or moved another there."""
        if held.written is None:
            return FAR_FUTURE
        after = max(since_us, held.written.last_us if held.written.last_us < FAR_FUTURE else since_us)
        emptied = [
            use.emptied_us
            for use in by_path.get(path, ())
            if use.emptied_us is not None and use.process_id != held.writer
        ]
        moved = [change.us for change, _ in self.names.given(path) if change.op == "rename"]
        return min((us for us in (*emptied, *moved) if us > after), default=FAR_FUTURE)

    def outputs(self, takings: Iterable[Taking]) -> list[list[Edge]]:
        """What the reader and its kin wrote after each reading."""
        wanted = list(takings)
        kin = [self.kin.sinks(t.use.process_id, t.read.first_us) for t in wanted]
        process_ids = {relative.process_id for relatives in kin for relative in relatives}
        self.images.load(process_ids)
        used = _by_process(uses_by(self.run, process_ids))
        copies = Copies(used, self.images, self.hashes)
        return [
            [
                copies.settled(edge)
                for relative in relatives
                for use in used.get(relative.process_id, ())
                if (edge := self._judge.edge(taking.use, use, relative.kinship))
            ]
            for taking, relatives in zip(wanted, kin, strict=True)
        ]


def _by_path(uses: Iterable[FileUse]) -> dict[str, list[FileUse]]:
    found: dict[str, list[FileUse]] = defaultdict(list)
    for use in uses:
        found[use.path].append(use)
    return dict(found)


def _by_process(uses: Iterable[FileUse]) -> dict[int, list[FileUse]]:
    found: dict[int, list[FileUse]] = defaultdict(list)
    for use in uses:
        found[use.process_id].append(use)
    return dict(found)
