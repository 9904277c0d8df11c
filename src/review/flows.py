"""Where the content of files may have gone, for rules: what the lineage graph says, without what is only possible.

Nothing is followed through the agent's own process, shells, servers or evaluate.py: what goes through them is possible
at most, and supports no finding (docs/lineage.md).
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from review.detector import RunView
from review.lineage.edges import at_least
from review.lineage.file_uses import FileUse, Span, uses_by, uses_of, writers_of
from review.lineage.graph import Graph, Held, Taking
from review.lineage.images import Carrier
from review.processes import ProcessTree
from store.findings import Certainty

__all__ = ["Access", "Flows", "Spread", "Hop", "Way", "names_on", "readers", "writers", "written_by"]

_LONGEST_CHAIN = 16
_MOST_READERS = 100
"""Of one file, beyond which it is common property (a cache, a log) and tells nothing of where content went."""


@dataclass(frozen=True, slots=True)
class Access:
    """All that one process read, or all that it wrote, through its opens of one path."""

    process_id: int
    path: str
    seq: int
    """Of the first row."""
    first_us: int
    """Not earlier than this."""
    last_us: int
    """Not later than this; far in the future where the end was not seen."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge: a process read a file that holds the content, and it or one of its kin wrote another."""

    read: Access
    write: Access
    certainty: Certainty
    reason: str


Way = tuple[Hop, ...]
"""How content got from the file it was in to the last file written."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where content may have gone."""

    ways: Mapping[str, Way]
    """The shortest way to each file, by path."""
    makers: frozenset[tuple[int, str]]
    """Every process that may have carried it into a file, with the file's path."""


def names_on(tree: ProcessTree, way: Way) -> tuple[str, ...]:
    """The short names on a way: the first file, then each program with the file that it wrote."""
    names = [way[0].read.path] if way else []
    for step in way:
        maker = tree.get(step.write.process_id)
        names += [maker.program if maker else "?", step.write.path]
    return tuple(posixpath.basename(name) or name for name in names)


def readers(run: RunView, paths: Iterable[str]) -> list[Access]:
    """Who read one of these files, in the order in which they came to it."""
    return [_access(use, use.read) for use in uses_of(run, paths) if use.read is not None]


def writers(run: RunView, paths: Iterable[str]) -> list[Access]:
    """Who wrote one of these files, in the order in which they came to it."""
    return [_access(use, use.written) for use in writers_of(run, paths) if use.written is not None]


def written_by(run: RunView, makers: Mapping[str, int]) -> list[Access]:
    """What each of these processes wrote of the path that it stands for; nothing where it is not known to have."""
    uses = uses_by(run, makers.values())
    return [
        _access(use, use.written) for use in uses if use.written and makers.get(use.path) == use.process_id
    ]


class Flows:
    """Follows content through one run."""

    def __init__(self, run: RunView) -> None:
        self._graph = run.once(Graph)
        self.common: set[str] = set()
        """Files with such content that so many processes read that nothing can be told of them."""

    @property
    def not_followed(self) -> set[int]:
        """Processes that read such content and started so many others that nothing can be told of them."""
        return self._graph.kin.crowded

    def follow(
        self, reads: Iterable[Access], *, only: str = "", cleared: Callable[[Access], bool] | None = None
    ) -> Spread:
        """The files that the content may have gone to.

        ``only`` is a regular expression for the files to follow; nothing is followed through files that are
        ``cleared`` (their content was compared, and is another).
        """
        ways: dict[str, Way] = {}
        makers: set[tuple[int, str]] = set()
        level: list[tuple[Access, Way]] = [(read, ()) for read in reads]
        for _ in range(_LONGEST_CHAIN):
            reached: list[Access] = []
            for step, way in self._steps(level, re.compile(only)):
                write = step.write
                if (write.process_id, write.path) in makers or (cleared and cleared(write)):
                    continue
                makers.add((write.process_id, write.path))
                ways.setdefault(write.path, (*way, step))
                reached.append(write)
            if not reached:
                break
            level = [(read, ways[write.path]) for write, read in self.readers_after(reached)]
        return Spread(ways, frozenset(makers))

    def readers_after(self, writes: Iterable[Access]) -> list[tuple[Access, Access]]:
        """Each write with everyone who read it, under its name or a later one, before it was overwritten."""
        wanted = list(writes)
        held = [Held(w.path, w.first_us, _span(w) if w.process_id else None, w.process_id) for w in wanted]
        found = []
        for write, takings in zip(wanted, self._graph.takers(held), strict=True):
            followed = [taking for taking in takings if taking.carrier not in _BARRED]
            if len({taking.use.process_id for taking in followed}) > _MOST_READERS:
                self.common.add(write.path)
            else:
                found += [(write, _access(taking.use, taking.read)) for taking in followed]
        return found

    def names_of(self, path: str) -> list[str]:
        """``path`` and the names that it was given by renaming or linking it, or a folder above it."""
        return [name.path for name in self._graph.names.later(path, 0)]

    def _steps(self, level: list[tuple[Access, Way]], only: re.Pattern[str]) -> list[tuple[Hop, Way]]:
        """What the readers and their kin wrote after reading."""
        images = self._graph.images
        images.load(read.process_id for read, _ in level)
        followed = [
            (read, way, carrier)
            for read, way in level
            if (carrier := images.carrier(read.process_id, read.last_us)) not in _BARRED
        ]
        takings = [
            Taking(read.path, FileUse(read.process_id, read.path, _span(read), None), _span(read), carrier)
            for read, _, carrier in followed
        ]
        return [
            (Hop(read, _access(edge.target, edge.written), edge.certainty, edge.reason), way)
            for (read, way, _), edges in zip(followed, self._graph.outputs(takings), strict=True)
            for edge in edges
            if at_least(edge.certainty, Certainty.LIKELY) and only.search(edge.target.path)
        ]


_BARRED = frozenset({Carrier.AGENT, Carrier.EVALUATION})


def _span(access: Access) -> Span:
    return Span(access.seq, access.first_us, access.last_us, None)


def _access(use: FileUse, span: Span) -> Access:
    return Access(use.process_id, use.path, span.seq, span.first_us, span.last_us)
