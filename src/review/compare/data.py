"""What went into the weights, and which repositories of the hub were named or cached."""

import posixpath
import re
from collections.abc import Iterator

from review.commands.issued import issued
from review.commands.programs import programs
from review.compare.part import Deed, Figure, Part, Unit, gather
from review.detector import RunView
from review.file_names import hub_dataset
from review.lineage.final_model import made_from

_CALLED = re.compile(
    r"(?:load_dataset|from_pretrained|snapshot_download|hf_hub_download|load_dataset_builder|LLM)\(\s*"
    r"(?:\w+\s*=\s*)?[\"'](?P<id>[\w][\w.-]*/[\w.-]+)[\"']"
)
_DOWNLOADED = re.compile(r"\b(?:hf|huggingface-cli)\s+download\s+(?:--\S+\s+)*(?P<id>[\w][\w.-]*/[\w.-]+)")
_CACHED = r"/(datasets|models)--[^/]+--|/datasets/[^/]+___"
_CACHED_MODEL = re.compile(r"/models--(?P<owner>[^/]+?)--(?P<name>[^/]+)")


def made_of(run: RunView) -> Part:
    """How the submitted weights came to be: figures of the making, and data files by name."""
    made = made_from(run)
    root = (run.manifest.facts.root or "").rstrip("/") + "/"
    data = [one for stage in made.stages for one in stage.data]
    deeds = [Deed("data", one.path.removeprefix(root), one.seq) for one in data]
    commands = [stage.command for stage in made.stages if stage.command]
    base = ", ".join(
        dict.fromkeys(one.model or posixpath.basename(one.path.rstrip("/")) for one in made.base)
    )
    figures = (
        Figure("read from", base or None, seq=made.base[0].seq if made.base else None),
        Figure("stages", len(made.stages), Unit.COUNT),
        Figure(
            "made by",
            "; ".join(dict.fromkeys(command.removeprefix(root) for command in commands)) or None,
            seq=made.stages[-1].seq if made.stages else None,
        ),
        Figure("data files", len(data) + sum(stage.more_data for stage in made.stages), Unit.COUNT),
    )
    return Part(figures, gather(deeds))


def hub_deeds(run: RunView) -> tuple[Deed, ...]:
    """Repositories of the hub in commands, in programs that ran, and in the caches."""
    return gather(_hub(run))


def _hub(run: RunView) -> Iterator[Deed]:
    for one in issued(run):
        for pattern in (_CALLED, _DOWNLOADED):
            yield from (Deed("hub", match["id"], one.seq) for match in pattern.finditer(one.text))
    for program in programs(run):
        seq = program.version_seq or (program.ran[0].seq if program.ran else None)
        yield from (Deed("hub", match["id"], seq) for match in _CALLED.finditer(program.text))
    for path in run.texts(_CACHED):
        model = _CACHED_MODEL.search(path)
        name = f"{model['owner']}/{model['name']}" if model else hub_dataset(path)
        if name is not None:
            yield Deed("hub", name, None)
