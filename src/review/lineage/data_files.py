"""Which of the files that a training process read are data, and where each came from, one level up."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from review.lineage.edges import Edge, at_least
from review.lineage.graph import Content, Graph, Making
from review.lineage.images import Carrier
from review.lineage.made_from import DataFile, Origin
from review.lineage.uses import DATA_NAME, FAR_FUTURE, WEIGHTS
from store.findings import Certainty

MOST_LISTED = 50
"""Data files of one stage; the rest is counted."""
_MOST_ORIGINS = 5
_MOST_INPUTS = 8

_SCRIPT = re.compile(r"\.(py|pyi|ipynb|sh|bash|js|ts|R|jl)$")
_NO_DATA = re.compile(
    r"\.(pyc|so(\.\d+)*|h|c|cpp|cu|cubin|ptx|hsaco|md|log|lock|toml|ya?ml|ini|cfg|jinja|tag|metadata)$"
    r"|/(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|preprocessor_config"
    r"|processor_config|adapter_config|trainer_state|modules|chat_template|dataset_info(s)?|state)\.json$"
    r"|\.index\.json$|/(merges\.txt|vocab\.txt|tokenizer\.model|spiece\.model|refs/[^/]+)$"
    r"|/models--|torchinductor|/\.triton/|/\.nv/|/\.config/|/huggingface/(modules|hub/\.locks|token)|/pip/|/matplotlib/"
    r"|^(pipe|socket):|^/(proc|sys|dev)/|/\.(claude|codex|gemini)/|/tmp/claude-|/opencode/(storage|log)/"
)
_HUB_DATA = re.compile(r"/datasets--(?P<owner>[^/]+?)--(?P<name>[^/]+)/|/datasets/(?P<cached>[^/]+___[^/]+)/")


def is_script(path: str) -> bool:
    """Whether a file is source that an interpreter runs."""
    return _SCRIPT.search(path) is not None


def is_weights(path: str) -> bool:
    """Whether a file holds weights, by its name."""
    return re.search(WEIGHTS, path) is not None or ("/models--" in path and "/blobs/" in path)


def data_edges(edges: Iterable[Edge]) -> list[Edge]:
    """The edges that start at data: neither weights, nor scripts, nor what a program reads for itself.

    What is only possible counts where its name tells of data.
    """
    return [edge for edge in edges if _is_data(edge.source.path, edge.certainty)]


def _is_data(path: str, certainty: Certainty) -> bool:
    if is_weights(path) or is_script(path) or _NO_DATA.search(path):
        return False
    return certainty is not Certainty.POSSIBLE or re.search(DATA_NAME, path) is not None


def describe(graph: Graph, edges: Sequence[Edge]) -> list[DataFile]:
    """Data files with their origins, in the order in which they were read."""
    first: dict[str, Edge] = {}
    for edge in sorted(edges, key=lambda e: e.read.first_us):
        first.setdefault(edge.source.path, edge)
    listed = list(first.values())[:MOST_LISTED]
    makers = graph.makers(
        Content(edge.source.path, min(edge.read.last_us, edge.written.last_us)) for edge in listed
    )
    latest = {path: _latest(found) for path, found in makers.items()}
    inputs = graph.inputs(making for found in latest.values() for making in found)
    return [
        DataFile(
            path=path,
            seq=edge.read.seq,
            read_at=edge.read.first_us * 1000,
            bytes_read=edge.read.size,
            sha256=graph.hashes.latest(path),
            certainty=edge.certainty,
            origins=tuple(_origins(graph, path, latest[path], inputs)),
        )
        for path, edge in first.items()
        if path in latest
    ]


def _latest(makings: Sequence[Making]) -> list[Making]:
    return sorted(makings, key=lambda m: m.written.last_us, reverse=True)[:_MOST_ORIGINS]


def _origins(
    graph: Graph, path: str, makings: Sequence[Making], inputs: dict[tuple[int, str], list[Edge]]
) -> list[Origin]:
    if not makings:
        hub = hub_dataset(path)
        text = (
            f"{hub} of the hub"
            if hub
            else "not written in this run: there before, or its writer was not seen"
        )
        return [Origin(text, None, None, (), Certainty.LIKELY if hub else Certainty.POSSIBLE)]
    return [_origin(graph, making, inputs) for making in makings]


def _origin(graph: Graph, making: Making, inputs: dict[tuple[int, str], list[Edge]]) -> Origin:
    own, seq = making.use.process_id, making.written.seq
    if making.carrier is Carrier.AGENT:
        return Origin("written by the agent itself", seq, None, (), Certainty.CERTAIN)
    command = graph.images.at(own, min(making.written.last_us, FAR_FUTURE)).argv
    edges = [
        *data_edges(all_edges := inputs[own, making.use.path]),
        *(e for e in all_edges if is_script(e.source.path)),
    ]
    by_certainty: dict[str, Certainty] = defaultdict(lambda: Certainty.POSSIBLE)
    for edge in edges:
        known = by_certainty[edge.source.path]
        by_certainty[edge.source.path] = edge.certainty if at_least(edge.certainty, known) else known
    read = tuple(by_certainty)
    certainty = Certainty.LIKELY if making.carrier is Carrier.PROGRAM else Certainty.POSSIBLE
    if read and len(read) == len([path for path in read if by_certainty[path] is Certainty.CERTAIN]):
        certainty = Certainty.CERTAIN
    text = f"written by {command}"
    if making.changes:
        text += f", as {making.use.path}"
    if making.carrier is Carrier.EVALUATION:
        text = f"written by the benchmark's own evaluation ({command})"
    return Origin(text, seq, command, read[:_MOST_INPUTS], certainty)


def hub_dataset(path: str) -> str | None:
    """The hub id of the dataset that a cached file belongs to."""
    found = _HUB_DATA.search(path)
    if not found:
        return None
    return found["cached"].replace("___", "/") if found["cached"] else f"{found['owner']}/{found['name']}"
