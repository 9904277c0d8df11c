"""Which of the files that a training process read are data, and where each came from, one level up."""

from collections.abc import Iterable, Sequence

from review.file_names import hub_dataset, is_data, is_script
from review.lineage.edges import Edge
from review.lineage.graph import Content, Graph, Making
from review.lineage.images import Carrier
from review.lineage.made_from import DataFile, DataOrigin
from store.findings import Certainty

MOST_LISTED = 50
"""Data files of one stage; the rest is counted."""
_MOST_ORIGINS = 5
_MOST_INPUTS = 8

_SURE_OF = {Carrier.PROGRAM: Certainty.LIKELY, Carrier.EVALUATION: Certainty.LIKELY}


def data_edges(edges: Iterable[Edge]) -> list[Edge]:
    """The edges that start at data: neither weights, nor scripts, nor what a program reads for itself.

    What is only possible counts where its name tells of data.
    """
    return [edge for edge in edges if is_data(edge.source.path, edge.certainty)]


def describe(graph: Graph, edges: Sequence[Edge]) -> list[DataFile]:
    """Data files with their origins, in the order in which they were read."""
    first: dict[str, Edge] = {}
    for edge in sorted(edges, key=lambda e: e.read.first_us):
        first.setdefault(edge.source.path, edge)
    listed = list(first.values())[:MOST_LISTED]
    found = graph.makers(Content(edge.source.path, edge.read_until_us) for edge in listed)
    latest = [_latest(makings) for makings in found]
    inputs = iter(graph.inputs(making for makings in latest for making in makings))
    return [
        DataFile(
            path=edge.source.path,
            seq=edge.read.seq,
            read_at=edge.read.first_us * 1000,
            bytes_read=edge.read.size,
            sha256=graph.hashes.latest(edge.source.path),
            certainty=edge.certainty,
            origins=_origins(graph, edge.source.path, [(making, next(inputs)) for making in makings]),
        )
        for edge, makings in zip(listed, latest, strict=True)
    ]


def _latest(makings: Sequence[Making]) -> list[Making]:
    return sorted(makings, key=lambda m: m.written.last_us, reverse=True)[:_MOST_ORIGINS]


def _origins(
    graph: Graph, path: str, makings: Sequence[tuple[Making, Sequence[Edge]]]
) -> tuple[DataOrigin, ...]:
    if makings:
        return tuple(_origin(graph, making, edges) for making, edges in makings)
    hub = hub_dataset(path)
    if hub:
        return (DataOrigin(f"{hub} of the hub", None, None, (), Certainty.LIKELY),)
    text = "not written in this run: there before, or its writer was not seen"
    return (DataOrigin(text, None, None, (), Certainty.POSSIBLE),)


def _origin(graph: Graph, making: Making, into: Sequence[Edge]) -> DataOrigin:
    seq = making.written.seq
    if making.carrier is Carrier.AGENT:
        return DataOrigin("written by the agent itself", seq, None, (), Certainty.CERTAIN)
    command = graph.images.at(making.use.process_id, making.written.last_us).argv
    edges = [*data_edges(into), *(edge for edge in into if is_script(edge.source.path))]
    read = tuple(dict.fromkeys(edge.source.path for edge in edges))
    same = bool(edges) and all(edge.certainty is Certainty.CERTAIN for edge in edges)
    by = "the benchmark's own evaluation, " if making.carrier is Carrier.EVALUATION else ""
    under = f", as {making.use.path}" if making.changes else ""
    return DataOrigin(
        f"written by {by}{command}{under}",
        seq,
        command,
        read[:_MOST_INPUTS],
        Certainty.CERTAIN if same else _SURE_OF.get(making.carrier, Certainty.POSSIBLE),
    )
