"""How ``final_model`` was made, as a section of Case: base, data, training, saves, and what keeps that from being whole.

Asks the lineage graph, which imports DuckDB: never called before the first paint, and from a thread.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, line
from ptb_tui.state.times import brief, counted, size
from review.lineage.final_model import how_made
from review.lineage.made_from import Checkpoint, DataFile, MadeFrom, Relation, Stage, StageKind
from review.reviewed import Reviewed
from store.errors import PtbError
from store.findings import Severity

TITLE = "how final_model was made"
_WORD_WIDTH = 9
_COMMAND_CHARS = 300
_REMEMBERED = 128
_IN_HUB_CACHE = re.compile(
    r"/(?:models|datasets)--(?P<owner>[^/]+?)--(?P<name>[^/]+)(?:/snapshots/[0-9a-f]+/(?P<file>.+))?$"
)
_RELATIONS = {
    Relation.BASE: ("the base that the task gives", "good"),
    Relation.INSTRUCT: ("▲ a tuned sibling of the base", "violation"),
    Relation.OTHER: ("△ not the base that the task gives", "suspicious"),
    Relation.UNKNOWN: ("◐ not identified", "suspicious"),
}


def making(reviewed: Reviewed) -> Section:
    """What is known of the making; errors are told in the place where it would stand."""
    manifest = reviewed.manifest
    try:
        made = _known(reviewed.folder, manifest.recording_hash, manifest.generation)
    except (PtbError, OSError) as error:
        return Section(TITLE, (Item((line((f"cannot be worked out: {error}", "violation")),)),))
    return Section(TITLE, tuple(_items(made, reviewed)), f"{made.certainty}" if made.submitted else "")


@lru_cache(_REMEMBERED)
def _known(folder: Path, _recording_hash: str | None, _generation: int) -> MadeFrom:
    """Worked out once for each state of a recording."""
    return how_made(folder)


def _items(made: MadeFrom, reviewed: Reviewed) -> Iterator[Item]:
    root = reviewed.manifest.facts.root
    suspects = _suspects(reviewed)
    if not made.submitted:
        yield Item((line(("no weights were seen in final_model", "suspicious")),))
    for checkpoint in made.base:
        yield _item("base", _base(checkpoint, root), ("base", checkpoint.seq), checkpoint.seq)
    for stage in made.stages:
        for data in stage.data:
            yield _item("data", _data(data, root, suspects), ("data", stage.process_id, data.path), data.seq)
        if stage.more_data:
            yield _item(
                "data",
                [line((f"and {counted(stage.more_data, 'more file', 'more files')}", "soft"))],
                None,
                None,
            )
        yield _item(stage.kind.value, _stage(stage, root), ("stage", stage.process_id), stage.seq)
        for save in stage.saves:
            known = " · ".join(
                filter(
                    None,
                    (
                        size(save.size) if save.size else "",
                        f"sha256 {save.sha256[:12]}" if save.sha256 else "",
                    ),
                )
            )
            told = line((_short(save.path, root), "strong"), "  ", (known, "soft"), hang=2)
            yield _item("saved", [told], ("save", save.seq), save.seq)
    for after in made.after:
        yield _item(
            "then",
            [line((after.kind, "suspicious"), "  ", after.text, hang=2)],
            ("then", after.seq),
            after.seq,
        )
    for sentence in made.not_seen:
        yield Item((line(("◐ not seen  ", "suspicious"), (sentence, "soft"), hang=4),))


def _item(word: str, lines: list[Line], key: tuple[object, ...] | None, seq: int | None) -> Item:
    """Lines beside a word that says which part of the making they are."""
    first, *rest = lines
    head = line(
        (f"{word:<{_WORD_WIDTH}}", "soft"), *((p.text, p.ink) for p in first.pieces), hang=_WORD_WIDTH + 2
    )
    under = [
        line(" " * _WORD_WIDTH, *((p.text, p.ink) for p in one.pieces), hang=_WORD_WIDTH + 2) for one in rest
    ]
    return Item((head, *under), key=key, seq=seq)


def _base(checkpoint: Checkpoint, root: str | None) -> list[Line]:
    said, ink = _RELATIONS[checkpoint.relation]
    name = checkpoint.model or _short(checkpoint.path, root)
    return [line((name, "strong"), "  ", (said, ink), "  ", (f"({checkpoint.how_known})", "soft"))]


def _data(data: DataFile, root: str | None, suspects: dict[str, Severity]) -> list[Line]:
    severity = suspects.get(posixpath.basename(data.path))
    flag = f"{SYMBOLS[severity]} {severity.value}" if severity else ""
    amount = size(data.bytes_read) if data.bytes_read else ""
    known = " · ".join(filter(None, (amount, data.certainty.value)))
    lines = [
        line(
            (_short(data.path, root), "strong"),
            "  ",
            (known, "soft"),
            "  ",
            (flag, severity.value if severity else "soft"),
        )
    ]
    for origin in data.origins:
        inputs = ", ".join(_short(path, root) for path in origin.inputs)
        lines.append(
            line(("← ", "files"), (origin.text, "ink"), (f" from {inputs}" if inputs else "", "files"))
        )
    return lines


def _stage(stage: Stage, root: str | None) -> list[Line]:
    lasted = ""
    if stage.started_at is not None and stage.ended_at is not None:
        lasted = brief(stage.ended_at - stage.started_at)
    gpu = "no GPU sample while it ran"
    if stage.gpu is not None and stage.gpu.mean_util_pct is not None:
        gpu = f"GPU {stage.gpu.mean_util_pct:.0f} % busy"
    went_on = ", ".join(_short(path, root) for path in stage.previous)
    known = " · ".join(filter(None, (lasted, gpu if stage.kind is StageKind.TRAINED else "")))
    command = stage.command if len(stage.command) <= _COMMAND_CHARS else f"{stage.command[:_COMMAND_CHARS]}…"
    return [
        line((command or "a program that was not seen", "exec")),
        *([line((known, "soft"))] if known else []),
        *([line((f"went on from {went_on}", "soft"))] if went_on else []),
    ]


def _suspects(reviewed: Reviewed) -> dict[str, Severity]:
    """Names of files on the way of standing violations and suspicions, with the gravest."""
    found: dict[str, Severity] = {}
    for one in reversed(reviewed.standing):
        if one.severity in (Severity.VIOLATION, Severity.SUSPICIOUS):
            found |= dict.fromkeys(map(posixpath.basename, one.finding.lineage), one.severity)
    return found


def _short(path: str, root: str | None) -> str:
    """A path from the agent's folder on; what lies in the hub's cache by its name there."""
    if match := _IN_HUB_CACHE.search(path):
        return f"{match['owner']}/{match['name']}" + (f": {match['file']}" if match["file"] else "")
    return path.removeprefix(f"{root.rstrip('/')}/") if root else path
