"""How ``final_model`` was made: base, data, training, saves, and what came after, from what the kernel saw.

From the weights that stand in ``final_model`` back through renames and copies to the processes that wrote them, and on
through checkpoints made in the run, until nothing in the run made what was read.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from review.detector import RunView
from review.file_names import WEIGHTS, is_script, is_weights
from review.lineage.as_told import told_made
from review.lineage.checkpoints import checkpoint_folder, identify, in_hub_cache
from review.lineage.copies import COPIERS
from review.lineage.data_files import MOST_LISTED, data_edges, describe
from review.lineage.edges import Edge, weakest
from review.lineage.file_uses import FAR_FUTURE, has_file_accesses, uses_of, writers_of
from review.lineage.graph import Content, Graph, Making
from review.lineage.images import Carrier
from review.lineage.made_from import (
    Afterwards,
    Checkpoint,
    DataFile,
    GpuUse,
    MadeFrom,
    SavedFile,
    Stage,
    StageKind,
)
from review.lineage.names import NameChange
from review.run_view import open_run_view
from review.sql_literals import text_literal
from store.counting import counted
from store.findings import Certainty

_MOST_STAGES = 32
_MOST_SAVES = 200
_COPIERS = COPIERS | {"ln", "dd", "tar", "cat"}


def how_made(folder: Path) -> MadeFrom:
    """How the ``final_model`` of the run in ``folder`` was made.

    Raises :class:`PtbError` when the folder is no readable run.
    """
    with open_run_view(folder) as run:
        return made_from(run)


def made_from(run: RunView) -> MadeFrom:
    """How the ``final_model`` of ``run`` was made."""
    if not has_file_accesses(run):
        return told_made(run)
    graph, walk = run.once(Graph), run.once(_Walk)
    submitted = walk.submitted
    stages = sorted(walk.stages(), key=lambda stage: (stage.started_at is None, stage.started_at or 0))
    after = sorted(walk.after(submitted), key=lambda a: (a.ts is None, a.ts or 0, a.seq))
    base = {checkpoint.path: checkpoint for stage in stages for checkpoint in stage.checkpoints}
    links = [data.certainty for stage in stages for data in stage.data]
    return MadeFrom(
        run_id=run.manifest.run_id,
        submitted=tuple(submitted),
        base=tuple(base.values()),
        stages=tuple(stages),
        after=tuple(after),
        not_seen=tuple(_not_seen(run, graph, submitted, stages)),
        certainty=weakest([*links, *walk.certainties]) if submitted else Certainty.POSSIBLE,
    )


def standing_makers(run: RunView) -> frozenset[tuple[int, str]]:
    """Every process that made weights from which ``final_model`` descends, with the path that it wrote."""
    return run.once(_Walk).makers


def submitted_weights(run: RunView, graph: Graph) -> list[str]:
    """Paths of weights in ``final_model``, also those that only got there with a folder that was moved or linked."""
    root = run.manifest.facts.root
    place = f"{root.rstrip('/')}/final_model" if root else None
    named = run.texts(rf"(^|/)final_model/.*{WEIGHTS}")
    if place is not None:
        under = [path for path in named if path.startswith(f"{place}/")]
        named = under or named
    places = {place} if place else set()
    places |= {path[: path.index("final_model/") + len("final_model")] for path in named}
    moved = set(named)
    for folder in places:
        for change, other in graph.names.given(folder):
            if change.op != "link":
                moved |= {folder + path.removeprefix(other) for path in _weights_below(run, other)}
    known = {use.path for use in uses_of(run, moved)}
    return sorted(path for path in moved if path in known or graph.names.given(path))


def _weights_below(run: RunView, folder: str) -> list[str]:
    return run.texts(f"^{re.escape(folder)}/.*{WEIGHTS}")


class _Walk:
    """The way back from submitted weights, stage by stage."""

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._graph = run.once(Graph)
        self.submitted = submitted_weights(run, self._graph)
        self._makings: dict[int, list[Making]] = defaultdict(list)
        """By process."""
        self._inputs: dict[int, list[Edge]] = defaultdict(list)
        self._previous: dict[int, set[str]] = defaultdict(set)
        self._changes: dict[int, NameChange] = {}
        self.certainties: list[Certainty] = []
        self._go_back()

    @property
    def makers(self) -> frozenset[tuple[int, str]]:
        """Processes with the paths that they wrote."""
        return frozenset(
            (m.use.process_id, m.use.path) for makings in self._makings.values() for m in makings
        )

    def _go_back(self) -> None:
        """Look up makers of weights, and makers of the weights that they read, until none are left."""
        contents = [Content(path) for path in self.submitted]
        expanded: set[tuple[int, str]] = set()
        while contents and len(self._makings) < _MOST_STAGES:
            found = [m for makings in self._graph.makers(contents) for m in makings]
            new = [m for m in found if (m.use.process_id, m.use.path) not in expanded]
            expanded |= {(m.use.process_id, m.use.path) for m in new}
            for making in new:
                self._makings[making.use.process_id].append(making)
                self._changes |= {change.seq: change for change in making.changes}
            followed = [m for m in new if m.carrier is not Carrier.EVALUATION]
            contents = []
            for making, edges in zip(followed, self._graph.inputs(followed), strict=True):
                self._inputs[making.use.process_id] += edges
                contents += self._weights_read(edges)

    def _weights_read(self, edges: Sequence[Edge]) -> list[Content]:
        """The checkpoints that were read before writing, to be looked up in turn."""
        return [
            Content(edge.source.path, edge.read_until_us)
            for edge in edges
            if is_weights(edge.source.path) and not in_hub_cache(edge.source.path)
        ]

    def stages(self) -> list[Stage]:
        """One stage a process."""
        lives = _lives(self._run, self._makings)
        return [self._stage(process_id, *lives.get(process_id, (None, None))) for process_id in self._makings]

    def _stage(self, process_id: int, born_us: int | None, died_us: int | None) -> Stage:
        makings, edges = self._makings[process_id], self._inputs[process_id]
        image = self._graph.images.at(process_id, min(m.written.last_us for m in makings))
        weights = [edge for edge in edges if is_weights(edge.source.path)]
        data = data_edges(edges)
        described = describe(self._graph, data)
        read = self._checkpoints(weights)
        started = image.from_us or born_us
        kind = _kind(image.words, weights, data)
        self.certainties += [edge.certainty for edge in weights]
        return Stage(
            kind=kind,
            process_id=process_id,
            seq=image.seq,
            command=image.argv,
            started_at=_ns(started),
            ended_at=_ns(died_us),
            gpu=_gpu(self._run, process_id, self._graph, started, died_us),
            scripts=tuple(sorted({e.source.path for e in edges if is_script(e.source.path)})),
            checkpoints=read,
            previous=tuple(
                sorted({edge.source.path for edge in weights if self._made_here(edge.source.path)})
            ),
            data=() if kind is StageKind.COPIED else tuple(described),
            more_data=max(0, len({edge.source.path for edge in data}) - MOST_LISTED),
            saves=self._saves(makings),
        )

    def _made_here(self, path: str) -> bool:
        names = {name.path for name in self._graph.names.earlier(path, FAR_FUTURE)}
        return any(m.use.path in names for makings in self._makings.values() for m in makings)

    def _checkpoints(self, weights: Sequence[Edge]) -> tuple[Checkpoint, ...]:
        first: dict[str, Edge] = {}
        for edge in weights:
            if in_hub_cache(edge.source.path) or not self._made_here(edge.source.path):
                first.setdefault(checkpoint_folder(edge.source.path), edge)
        found = []
        for folder, edge in first.items():
            identity = identify(self._run, folder)
            found.append(
                Checkpoint(folder, identity.model, identity.relation, identity.how_known, edge.read.seq)
            )
        return tuple(found)

    def _saves(self, makings: Sequence[Making]) -> tuple[SavedFile, ...]:
        first = {making.use.path: making for making in makings}
        return tuple(
            SavedFile(
                path,
                making.written.seq,
                None if making.written.last_us >= FAR_FUTURE else making.written.last_us * 1000,
                making.written.size,
                self._graph.hashes.latest(path, making.path),
            )
            for path, making in sorted(first.items())[:_MOST_SAVES]
        )

    def after(self, submitted: Sequence[str]) -> list[Afterwards]:
        """Changes of names on the way, and weights in ``final_model`` that others overwrote."""
        told = [Afterwards(c.seq, c.us * 1000, c.op, f"{c.old} → {c.new}") for c in self._changes.values()]
        standing = self.makers
        for use in writers_of(self._run, submitted):
            if use.written is not None and (use.process_id, use.path) not in standing:
                command = self._graph.images.at(use.process_id, use.written.last_us).argv
                at = use.written.first_us * 1000
                told.append(
                    Afterwards(
                        use.written.seq,
                        at,
                        "overwritten",
                        f"{use.path}, written by {command}, was replaced later",
                    )
                )
        return told


def _kind(words: Sequence[str], weights: Sequence[Edge], data: Sequence[Edge]) -> StageKind:
    program = posixpath.basename(words[0]) if words else ""
    if weights and (program in _COPIERS or any(edge.certainty is Certainty.CERTAIN for edge in weights)):
        return StageKind.COPIED
    if data:
        return StageKind.TRAINED
    folders = {checkpoint_folder(edge.source.path) for edge in weights}
    if len(folders) > 1:
        return StageKind.MERGED
    return StageKind.CONVERTED if folders else StageKind.WRITTEN


def _lives(run: RunView, process_ids: Iterable[int]) -> dict[int, tuple[int | None, int | None]]:
    """Start and end of processes, µs."""
    wanted = ", ".join(map(str, sorted(process_ids))) or "NULL"
    rows = run.query(
        f"SELECT process_id, epoch_us(start_ts), epoch_us(end_ts) FROM processes WHERE process_id IN ({wanted})"
    )
    return {process_id: (start, end) for process_id, start, end in rows}


def _gpu(
    run: RunView, process_id: int, graph: Graph, started_us: int | None, ended_us: int | None
) -> GpuUse | None:
    if started_us is None:
        return None
    process = graph.tree.get(process_id)
    pid = None if process is None else process.pid
    pattern = text_literal(rf'"pid": ?{pid}\b')
    listed = "NULL" if pid is None else f"regexp_matches(processes, {pattern})"
    during = f"epoch_us(ts) BETWEEN {started_us} AND {FAR_FUTURE if ended_us is None else ended_us}"
    ((mean, samples, share),) = run.query(
        f"SELECT avg(util_pct), count(*), avg(({listed})::INTEGER) FROM gpu WHERE {during}"
    )
    return GpuUse(mean, samples, share) if samples else None


def _not_seen(run: RunView, graph: Graph, submitted: Sequence[str], stages: Sequence[Stage]) -> list[str]:
    """What keeps the answer from being whole."""
    told = []
    if not submitted:
        told.append("no weights in final_model were seen to be read or written")
    elif not stages:
        told.append(
            "who wrote the weights in final_model was not seen: they were there before, or the writer was lost"
        )
    losses, lost = run.query(
        "SELECT count(*), coalesce(sum(lost), 0)::BIGINT FROM gaps WHERE source = 'kernel' AND cause <> 'unavailable'"
    )[0]
    if losses:
        told.append(
            f"{counted(losses, 'gap')} of the kernel witness ({counted(lost, 'row')} known to be lost)"
        )
    if submitted and not graph.sees_pipes:
        told.append("what went through pipes and sockets: this witness did not record it")
    unhashed = [save.path for stage in stages for save in stage.saves if save.sha256 is None]
    if unhashed:
        told.append(
            f"the bytes of {counted(len(unhashed), 'weight file')}, which were not hashed, so copies are told by name"
        )
    if stages and not any(stage.checkpoints for stage in stages):
        told.append("which base the weights were trained from: no checkpoint was seen to be read")
    if any(_unknown_origin(data) for stage in stages for data in stage.data):
        told.append("where some data files came from: nothing wrote them in this run")
    if graph.kin.crowded:
        told.append(
            f"the workers of {counted(len(graph.kin.crowded), 'process', 'processes')} that started a thousand others and more"
        )
    return told


def _unknown_origin(data: DataFile) -> bool:
    return all(one.seq is None and one.certainty is Certainty.POSSIBLE for one in data.origins)


def _ns(us: int | None) -> int | None:
    return None if us is None else us * 1000
