"""The way of a finding row by row: what was read, by which program, what it wrote, under which names."""

from collections.abc import Sequence

from review.commands.acts import Leg, Trail
from review.detector import RunView
from review.flows import Step
from review.lineage.context import AgentContext
from review.lineage.graph import Graph, Held
from review.sql_literals import text_literal
from review.versions import Version
from store.findings import Certainty, LineageStep

_WRITES = "coalesce(f.bytes_written > 0, f.op = 'create' OR f.flags & 3 <> 0, false)"
"""Whether an access writes, also where the witness counts no bytes."""


def walked(run: RunView, way: Sequence[Step], matched: Sequence[str] = ()) -> tuple[LineageStep, ...]:
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
    return tuple(steps)


def _touched(run: RunView, leg: Leg, name: str, kind: str) -> LineageStep:
    """The first access of a command's processes that reads a name, or writes it or something in it."""
    whole = text_literal(f"/{name.removeprefix('./').strip('/')}")
    found = run.query(
        "SELECT f.seq, f.path FROM files f JOIN processes p USING (process_id) "
        "JOIN commands c ON c.command_id = p.command_id "
        f"WHERE c.seq = {leg.act.seq} AND f.error IS NULL AND {_WRITES} = {kind == 'write'} "
        f"AND (ends_with('/' || f.path, {whole}) OR contains(f.path, {whole} || '/')) ORDER BY f.seq LIMIT 1"
    )
    if found:
        return LineageStep(found[0][0], kind, found[0][1], Certainty.CERTAIN)
    return LineageStep(None, "file", name, Certainty.CERTAIN)


def _renamed(graph: Graph, step: Step, read_as: str | None) -> list[LineageStep]:
    """How the written file got the name that it was then read under; at the end of the way, its last name."""
    names = graph.names.later(step.write.path, step.write.first_us)
    wanted = [name for name in names if name.path == read_as] if read_as else names[-1:]
    return [
        LineageStep(change.seq, change.op, f"{change.old} → {change.new}", Certainty.CERTAIN)
        for name in wanted
        for change in name.changes
    ]
