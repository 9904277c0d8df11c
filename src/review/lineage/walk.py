"""Ancestors and descendants of one file, as links that can be walked one by one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from review.lineage.context import AgentContext
from review.lineage.edges import Edge, at_least
from review.lineage.file_uses import FAR_FUTURE
from review.lineage.graph import Content, Graph, Held, Making, Taking
from review.lineage.images import Carrier
from review.lineage.names import NameChange, Names
from store.counting import counted
from store.findings import Certainty

_LONGEST_CHAIN = 16
_MOST_LINKS = 1000
_MOST_FROM_ONE = 60
"""Edges of one process that are told; it touched more than a person reads."""
_MOST_READERS = 100
"""Of a file made on the way, beyond which it is common property (a cache, a log) and tells nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """A recorded row on the way."""

    seq: int | None
    ts: int | None
    """Nanoseconds since the epoch."""
    kind: str
    """read, exec, write, rename, link, symlink."""
    text: str
    """Run text, hostile."""


@dataclass(frozen=True, slots=True)
class Link:
    """One edge: content went from a file into another, through a process or a change of names."""

    source: str | None
    """None where nothing was seen to go in."""
    target: str | None
    """None where nothing was seen to come out."""
    process_id: int | None
    command: str
    """Shell-quoted; run text, hostile."""
    certainty: Certainty
    reason: str
    steps: tuple[Step, ...]
    distance: int
    """Links between this one and the file that was asked about."""


class Walker:
    """Collects links in both directions."""

    def __init__(self, graph: Graph, floor: Certainty = Certainty.LIKELY) -> None:
        """``floor``: links less sure than this are told, but nothing is followed through them."""
        self._graph = graph
        self._floor = floor
        self._links: dict[tuple[str | None, str | None, int | None], Link] = {}
        self.not_followed: set[str] = set()
        """Sentences on where the walk stopped although there was more."""

    def ancestors(self, path: str) -> tuple[Link, ...]:
        """Where the content of ``path`` came from, nearest first."""
        self._links = {}
        contents = [Content(path)]
        done: set[tuple[int, str]] = set()
        for distance in range(_LONGEST_CHAIN):
            found = [m for makings in self._graph.makers(contents) for m in makings]
            new = {(m.use.process_id, m.use.path): m for m in sorted(found, key=lambda m: m.until_us)}
            fresh = [making for key, making in new.items() if key not in done]
            done |= new.keys()
            contents = list(self._back(fresh, distance))
            if not contents or self._is_full():
                break
        return tuple(self._links.values())

    def _back(self, makings: Sequence[Making], distance: int) -> Iterator[Content]:
        for making in makings:
            self._add_changes(making.changes, making.use.path, distance)
            if making.carrier in _ENDS:
                self._add(_made_by(self._graph, making, _ENDS[making.carrier], distance))
        followed = [making for making in makings if making.carrier not in _ENDS]
        for making, into in zip(followed, self._graph.inputs(followed), strict=True):
            if not into:
                self._add(_made_by(self._graph, making, "nothing that it read was seen to go in", distance))
            for edge in self._told(into):
                self._add(_link(self._graph, edge, distance))
                if at_least(edge.certainty, self._floor):
                    yield Content(edge.source.path, edge.read_until_us)

    def descendants(self, path: str) -> tuple[Link, ...]:
        """Where the content of ``path`` went, nearest first; last, what the agent may have carried in its head."""
        self._links = {}
        contents = [Held(path)]
        done: set[tuple[int, str]] = set()
        seen: list[Taking] = []
        for distance in range(_LONGEST_CHAIN):
            for held in contents:
                for name in self._graph.names.later(held.path, held.since_us):
                    self._add_changes(name.changes, held.path, distance)
            takings = zip(contents, self._graph.takers(contents), strict=True)
            new = {(t.use.process_id, t.use.path): t for t in self._uncommon(takings, distance)}
            fresh = [taking for key, taking in new.items() if key not in done]
            done |= new.keys()
            seen += fresh
            contents = list(self._forth(fresh, distance))
            if not contents or self._is_full():
                break
        self._through_the_agent(seen)
        return tuple(self._links.values())

    def _uncommon(self, takings: Iterable[tuple[Held, list[Taking]]], distance: int) -> Iterator[Taking]:
        for held, readers in takings:
            if distance and len({taking.use.process_id for taking in readers}) > _MOST_READERS:
                self.not_followed.add(f"{held.path}: more than {_MOST_READERS} processes read it")
            else:
                yield from readers

    def _forth(self, takings: Sequence[Taking], distance: int) -> Iterator[Held]:
        for taking in takings:
            if taking.carrier in _ENDS:
                self._add(_taken_by(self._graph, taking, _ENDS[taking.carrier], distance))
        followed = [taking for taking in takings if taking.carrier not in _ENDS]
        for taking, out_of in zip(followed, self._graph.outputs(followed), strict=True):
            if not out_of:
                self._add(
                    _taken_by(self._graph, taking, "nothing that it wrote was seen to follow", distance)
                )
            for edge in self._told(out_of):
                self._add(_link(self._graph, edge, distance))
                if at_least(edge.certainty, self._floor):
                    target = edge.target
                    yield Held(target.path, edge.written.first_us, edge.written, target.process_id)

    def _through_the_agent(self, takings: Sequence[Taking]) -> None:
        """What the agent was shown, it may have written into files in later tool calls."""
        context = AgentContext(self._graph.run, self._graph)
        first: set[str] = set()
        for shown in context.shown(takings):
            taking = shown.taking
            if taking.use.path in first or ":[" in taking.use.path:
                continue
            first.add(taking.use.path)
            by = f"`{shown.command}`" if shown.command else "the agent's own reading"
            for written in context.written_after(shown)[:_MOST_LINKS]:
                key = (taking.use.path, written.use.path, None)
                if key in self._links or written.use.path == taking.use.path:
                    continue
                reason = f"through the agent's context: shown by {by}, then {written.how}"
                read = Step(taking.read.seq, taking.read.first_us * 1000, "read", taking.use.path)
                write = Step(written.span.seq, written.span.first_us * 1000, "write", written.use.path)
                self._links[key] = Link(
                    *key, "the agent's context", Certainty.POSSIBLE, reason, (read, write), 0
                )

    def _told(self, edges: Sequence[Edge]) -> Sequence[Edge]:
        """The surest edges of one process, at most as many as a person reads."""
        ordered = sorted(
            edges, key=lambda edge: (not at_least(edge.certainty, self._floor), edge.read.first_us)
        )
        more = len(ordered) - _MOST_FROM_ONE
        if more > 0:
            self.not_followed.add(f"{counted(more, 'further file')} of {self._command(ordered[0])}")
        return ordered[:_MOST_FROM_ONE]

    def _command(self, edge: Edge) -> str:
        return self._graph.images.at(edge.target.process_id, edge.written.last_us).argv

    def _add_changes(self, changes: Iterable[NameChange], path: str, distance: int) -> None:
        for change in changes:
            name = Names.applied(change, path)
            by = (
                "?" if change.process_id is None else self._graph.images.at(change.process_id, change.us).argv
            )
            step = Step(change.seq, change.us * 1000, change.op, f"{change.old} → {change.new}")
            done = {"rename": "renamed", "link": "linked", "symlink": "linked by name"}[change.op]
            self._add(Link(path, name, change.process_id, by, Certainty.CERTAIN, done, (step,), distance))
            path = name

    def _add(self, link: Link) -> None:
        if not self._is_full():
            self._links.setdefault((link.source, link.target, link.process_id), link)

    def _is_full(self) -> bool:
        if len(self._links) >= _MOST_LINKS:
            self.not_followed.add(f"what goes beyond {_MOST_LINKS} links")
            return True
        return False


_ENDS = {
    Carrier.AGENT: "the agent itself: what it had seen may be in it, and what it sees it may use",
    Carrier.EVALUATION: "the benchmark's own evaluation: nothing leads out of it",
}
"""Processes through which nothing is followed, and why."""


def _link(graph: Graph, edge: Edge, distance: int) -> Link:
    writer = edge.target.process_id
    image = graph.images.at(writer, edge.written.last_us)
    return Link(
        edge.source.path,
        edge.target.path,
        writer,
        image.argv,
        edge.certainty,
        edge.reason,
        (
            Step(edge.read.seq, edge.read.first_us * 1000, "read", edge.source.path),
            Step(image.seq, image.from_us * 1000, "exec", image.argv),
            Step(
                edge.written.seq, _ns(edge.written.last_us, edge.written.first_us), "write", edge.target.path
            ),
        ),
        distance,
    )


def _made_by(graph: Graph, making: Making, reason: str, distance: int) -> Link:
    image = graph.images.at(making.use.process_id, making.written.last_us)
    step = Step(making.written.seq, making.written.first_us * 1000, "write", making.use.path)
    return Link(
        None,
        making.use.path,
        making.use.process_id,
        image.argv,
        Certainty.CERTAIN,
        f"written by {reason}" if making.carrier in _ENDS else reason,
        (step,),
        distance,
    )


def _taken_by(graph: Graph, taking: Taking, reason: str, distance: int) -> Link:
    image = graph.images.at(taking.use.process_id, taking.read.last_us)
    step = Step(taking.read.seq, taking.read.first_us * 1000, "read", taking.use.path)
    return Link(
        taking.use.path,
        None,
        taking.use.process_id,
        image.argv,
        Certainty.CERTAIN,
        f"read by {reason}" if taking.carrier in _ENDS else reason,
        (step,),
        distance,
    )


def _ns(us: int, otherwise: int) -> int:
    return (us if us < FAR_FUTURE else otherwise) * 1000
