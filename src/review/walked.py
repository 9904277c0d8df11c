"""The way of a finding row by row: what was read, by which program, what it wrote, under which names."""

import re
from collections.abc import Iterable, Sequence

from review.commands.acts import Leg, Trail
from review.detector import RunView
from review.flows import Hop
from review.hub_names import hub_pattern
from review.lineage.context import AgentContext
from review.lineage.graph import Graph, Held
from review.sql_literals import text_literal
from review.uses import Use
from review.versions import Version
from store.findings import Certainty, LineageStep

_WRITES = "coalesce(f.bytes_written > 0, f.op = 'create' OR f.flags & 3 <> 0, false)"
"""Whether an access writes, also where the witness counts no bytes."""
_MOVED = "coalesce(f.bytes_read, 0) + coalesce(f.bytes_mapped, 0) + coalesce(f.bytes_written, 0)"
_HUB_ID = re.compile(r"(?P<id>[\w][\w.-]*/[\w.-]+)(#.*)?")
"""A dataset or model of the hub, perhaps with its split, as a program names it."""


def walked(run: RunView, way: Sequence[Hop], matched: Sequence[str] = ()) -> tuple[LineageStep, ...]:
    """The rows of a way; what leads into a ``matched`` file is certain, because its content was compared."""
    graph = run.once(Graph)
    steps: list[LineageStep] = []
    for place, step in enumerate(way):
        certainty = Certainty.CERTAIN if step.write.path in matched else step.certainty
        image = graph.images.at(step.write.process_id, step.write.last_us)
        steps += [
            LineageStep(step.read.seq, "read", step.read.path, certainty),
            LineageStep(image.seq, "exec", image.argv, certainty),
            LineageStep(step.write.seq, "write", step.write.path, certainty),
            *_renamed(graph, step, way[place + 1].read.path if place + 1 < len(way) else None),
        ]
    return tuple(steps)


def shown_and_written(run: RunView, path: str, version: Version) -> tuple[LineageStep, ...]:
    """From the agent's look at ``path`` to a content that it wrote itself and in which that file's stands.

    The look is only possibly how the content came there; that it did is certain. Empty where no look was seen.
    """
    graph = run.once(Graph)
    (takings,) = graph.takers([Held(path)])
    when = run.query(f"SELECT epoch_us(ts) FROM events WHERE seq = {version.seq}")
    before = when[0][0] if when else None
    for shown in AgentContext(run, graph).shown(takings):
        if before is None or shown.taking.read.first_us <= before:
            seen_by = graph.images.at(shown.taking.use.process_id, shown.taking.read.last_us)
            return (
                LineageStep(shown.taking.read.seq, "read", path, Certainty.POSSIBLE),
                LineageStep(seen_by.seq, "exec", seen_by.argv, Certainty.POSSIBLE),
                LineageStep(version.seq, "version", version.path, Certainty.CERTAIN),
            )
    return ()


def walked_use(run: RunView, use: Use, matched: Sequence[str] = ()) -> tuple[LineageStep, ...]:
    """The rows of a way into training: as commands tell it, else as files show it."""
    return told_way(run, use.trail) if use.told else walked(run, use.way, matched)


def told_way(run: RunView, trail: Trail) -> tuple[LineageStep, ...]:
    """The rows of a way that commands tell: what each took in, its scripts, itself, and what it made.

    A file is shown by the access of the command's own processes, and is a mere name where none was recorded.
    """
    steps: list[LineageStep] = []
    for leg in trail:
        steps += [
            _touched(run, leg, leg.transfer.source, "read"),
            *(
                LineageStep(script.seq, "version", script.path, Certainty.CERTAIN)
                for script in leg.act.scripts
            ),
            LineageStep(leg.act.seq, "exec", leg.act.text, Certainty.CERTAIN),
            _touched(run, leg, leg.transfer.target, "write"),
        ]
    return tuple(_once(steps))


def _once(steps: Iterable[LineageStep]) -> Iterable[LineageStep]:
    """The steps, less a name that only repeats the one before: what one command made, the next took in."""
    before: LineageStep | None = None
    for step in steps:
        if step != before or step.seq is not None:
            yield step
        before = step


def _touched(run: RunView, leg: Leg, name: str, kind: str) -> LineageStep:
    """The access of a command's processes that moved the most of what a name means: a file, a folder, a dataset."""
    found = run.query(
        "SELECT f.seq, f.path FROM files f JOIN processes p USING (process_id) "
        "JOIN commands c ON c.command_id = p.command_id "
        f"WHERE c.seq = {leg.act.seq} AND f.error IS NULL AND {_WRITES} = {kind == 'write'} "
        f"AND ({_means(name)}) ORDER BY {_MOVED} DESC, f.seq LIMIT 1"
    )
    if found:
        return LineageStep(found[0][0], kind, found[0][1], Certainty.CERTAIN)
    return LineageStep(None, "file", name, Certainty.CERTAIN)


def _means(name: str) -> str:
    """A condition in SQL: the path is what a command calls so, or lies in it."""
    plain = f"/{name.removeprefix('./').strip('/')}"
    whole = text_literal(plain)
    told = [f"ends_with('/' || f.path, {whole})", f"contains(f.path, {whole} || '/')"]
    if "*" in plain:
        told.append(f"('/' || f.path) GLOB {text_literal('*' + plain)}")
    if hub := _HUB_ID.fullmatch(name):
        told.append(f"regexp_matches(f.path, {text_literal(hub_pattern([hub['id']]) or '')})")
    return " OR ".join(told)


def _renamed(graph: Graph, step: Hop, read_as: str | None) -> list[LineageStep]:
    """How the written file got the name that it was then read under; at the end of the way, its last name."""
    names = graph.names.later(step.write.path, step.write.first_us)
    wanted = [name for name in names if name.path == read_as] if read_as else names[-1:]
    return [
        LineageStep(change.seq, change.op, f"{change.old} → {change.new}", Certainty.CERTAIN)
        for name in wanted
        for change in name.changes
    ]
