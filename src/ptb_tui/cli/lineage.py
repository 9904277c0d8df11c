"""``ptb lineage``: where a file came from and where it went; how final_model was made."""

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import json_option, print_json, print_lines
from ptb_tui.state.times import brief, utc
from store.counting import counted
from store.instants import iso
from store.library import find_run
from store.plain import clip, plain

if TYPE_CHECKING:
    from review.lineage.made_from import DataFile, MadeFrom, Stage
    from review.lineage.of_path import Lineage
    from review.lineage.walk import Link

_WIDTH = 120
"""Characters of one command on a line."""
_MOST_POSSIBLE = 12
"""Merely possible links of the file that was asked about that are listed; those of others are counted."""


@click.command("lineage", short_help="where a file came from and where it went; how final_model was made")
@click.argument("run")
@click.argument("path", required=False)
@click.option("--final-model", is_flag=True, help="Tell how final_model was made.")
@click.option("--possible", is_flag=True, help="Follow links that are only possible, too.")
@json_option
def command(run: str, path: str | None, final_model: bool, possible: bool, as_json: bool) -> None:
    """Tell where PATH (absolute, or below the task folder) came from in RUN and where its content went.

    Each link is certain, likely or possible, with its reason. With --final-model: base, data, training, saves,
    and what came after.
    """
    from review.lineage.final_model import how_made
    from review.lineage.of_path import lineage_of
    from store.findings import Certainty

    if (path is None) != final_model:
        raise click.UsageError("name a path, or give --final-model")
    folder = find_run(run).folder
    if path is None:
        made = how_made(folder)
        if as_json:
            print_json(_made_object(made))
        else:
            print_lines(made_lines(made))
        return
    told = lineage_of(folder, path, Certainty.POSSIBLE if possible else Certainty.LIKELY)
    if as_json:
        print_json(_lineage_object(told))
    else:
        print_lines(lineage_lines(told))


def _lineage_object(told: "Lineage") -> dict[str, Any]:
    return {
        "run_id": told.run_id,
        "path": told.path,
        "ancestors": [_link_object(link) for link in told.ancestors],
        "descendants": [_link_object(link) for link in told.descendants],
        "same_bytes": told.same_bytes,
        "not_seen": told.not_seen,
    }


def _link_object(link: "Link") -> dict[str, Any]:
    return {
        "from": link.source,
        "to": link.target,
        "process_id": link.process_id,
        "command": link.command,
        "certainty": link.certainty,
        "reason": link.reason,
        "distance": link.distance,
        "steps": [
            {"seq": step.seq, "ts": iso(step.ts), "kind": step.kind, "text": step.text} for step in link.steps
        ],
    }


def lineage_lines(told: "Lineage") -> Iterator[str]:
    """Ancestors and descendants as two trees, for people."""
    yield f"{told.path}   in {told.run_id}"
    yield "came from" if told.ancestors else "came from: nothing that was seen"
    yield from _tree(told.ancestors, told.path, told.root, backwards=True)
    yield "went to" if told.descendants else "went to: nothing that was seen"
    yield from _tree(told.descendants, told.path, told.root, backwards=False)
    for path in told.same_bytes:
        yield f"same bytes   {_short(path, told.root)}"
    for sentence in told.not_seen:
        yield f"not seen     {sentence}"


def _tree(links: "Sequence[Link]", path: str, root: str | None, *, backwards: bool) -> Iterator[str]:
    by_near: dict[str | None, list[Link]] = {}
    for link in links:
        by_near.setdefault(link.target if backwards else link.source, []).append(link)
    shown: set[str] = set()

    def below(near: str, depth: int) -> Iterator[str]:
        if near in shown:
            return
        shown.add(near)
        possible, most = 0, _MOST_POSSIBLE if depth == 1 else 0
        for link in by_near.get(near, ()):
            far = link.source if backwards else link.target
            if link.certainty == "possible" and far not in by_near:
                possible += 1
                if possible > most:
                    continue
            yield from _link_lines(link, far, root, "←" if backwards else "→", depth, again=far in shown)
            if far is not None:
                yield from below(far, depth + 1)
        if possible > most:
            yield f"{'  ' * depth}… and {counted(possible - most, 'link that is only possible', 'links that are only possible')} (--json lists them)"

    yield from below(path, 1)


def _link_lines(
    link: "Link", far: str | None, root: str | None, arrow: str, depth: int, *, again: bool
) -> Iterator[str]:
    indent = "  " * depth
    when = next((utc(step.ts)[11:19] for step in link.steps if step.ts is not None), "")
    seqs = ", ".join(f"{step.kind} #{step.seq}" for step in link.steps if step.seq is not None)
    if far is None:
        yield f"{indent}· {when}  {clip(plain(link.command), _WIDTH)}: {link.reason}  ({seqs})"
        return
    repeated = "  (above)" if again else ""
    yield f"{indent}{arrow} {_short(far, root)}   {link.certainty}{repeated}"
    yield f"{indent}    {when}  {clip(plain(link.command), _WIDTH)}  ({seqs})"
    if link.certainty != "likely":
        yield f"{indent}    {clip(plain(link.reason), 2 * _WIDTH)}"


def _short(path: str, root: str | None) -> str:
    return path.removeprefix(root.rstrip("/") + "/") if root else path


def _made_object(made: "MadeFrom") -> dict[str, Any]:
    return {
        "run_id": made.run_id,
        "certainty": made.certainty,
        "submitted": made.submitted,
        "base": made.base,
        "stages": [_stage_object(stage) for stage in made.stages],
        "after": [{"seq": a.seq, "ts": iso(a.ts), "kind": a.kind, "text": a.text} for a in made.after],
        "not_seen": made.not_seen,
    }


def _stage_object(stage: "Stage") -> dict[str, Any]:
    return {
        "kind": stage.kind,
        "process_id": stage.process_id,
        "seq": stage.seq,
        "command": stage.command,
        "started_at": iso(stage.started_at),
        "ended_at": iso(stage.ended_at),
        "gpu": stage.gpu,
        "scripts": stage.scripts,
        "checkpoints": stage.checkpoints,
        "previous": stage.previous,
        "data": [_data_object(data) for data in stage.data],
        "more_data": stage.more_data,
        "saves": [
            {
                "path": save.path,
                "seq": save.seq,
                "saved_at": iso(save.saved_at),
                "size": save.size,
                "sha256": save.sha256,
            }
            for save in stage.saves
        ],
    }


def _data_object(data: "DataFile") -> dict[str, Any]:
    return {
        "path": data.path,
        "seq": data.seq,
        "read_at": iso(data.read_at),
        "bytes_read": data.bytes_read,
        "sha256": data.sha256,
        "certainty": data.certainty,
        "origins": data.origins,
    }


def made_lines(made: "MadeFrom") -> Iterator[str]:
    """How final_model was made, on one screen, for people."""
    yield f"final_model of {made.run_id}: how it was made ({made.certainty})"
    for checkpoint in made.base:
        model = checkpoint.model or posixpath.basename(checkpoint.path)
        yield f"base         {model}: {_RELATIONS[checkpoint.relation]} ({checkpoint.how_known}; #{checkpoint.seq})"
    for stage in made.stages:
        yield from _stage_lines(stage)
    for after in made.after:
        when = utc(after.ts)[11:19] if after.ts is not None else ""
        yield f"then         {when}  {after.kind}: {after.text}  (#{after.seq})"
    for sentence in made.not_seen:
        yield f"not seen     {sentence}"


_RELATIONS = {
    "base": "the base model that was given",
    "instruct": "a tuned sibling of the base, not the base",
    "other": "another model than the base that was given",
    "unknown": "not identified",
}


def _stage_lines(stage: "Stage") -> Iterator[str]:
    when = utc(stage.started_at)[11:19] if stage.started_at is not None else ""
    lasted = (
        f", {brief(stage.ended_at - stage.started_at)}"
        if stage.started_at is not None and stage.ended_at is not None
        else ""
    )
    at = f"  (#{stage.seq})" if stage.seq is not None else ""
    yield f"{stage.kind:<12} {when}{lasted}  {clip(plain(stage.command), _WIDTH)}{at}"
    if stage.gpu is not None and stage.gpu.mean_util_pct is not None:
        listed = "" if stage.gpu.listed is None else f", listed on it {stage.gpu.listed:.0%} of the time"
        yield f"  gpu        {stage.gpu.mean_util_pct:.0f} % in the mean{listed}"
    for script in stage.scripts:
        yield f"  script     {script}"
    for previous in stage.previous:
        yield f"  went on    from {previous}"
    for data in stage.data:
        size = "" if data.bytes_read is None else f", {counted(data.bytes_read, 'byte')} read"
        yield f"  data       {data.path}{size}, {data.certainty}  (#{data.seq})"
        for origin in data.origins:
            inputs = f", which had read {', '.join(origin.inputs)}" if origin.inputs else ""
            seq = f"  (#{origin.seq})" if origin.seq is not None else ""
            yield f"    from     {clip(plain(origin.text), _WIDTH)}{inputs}{seq}"
    if stage.more_data:
        yield f"  data       … and {counted(stage.more_data, 'more file')} (--json lists as many as are told)"
    for save in stage.saves:
        saved = utc(save.saved_at)[11:19] if save.saved_at is not None else ""
        size = "" if save.size is None else f", {counted(save.size, 'byte')}"
        sha256 = f", sha256 {save.sha256[:12]}" if save.sha256 else ", not hashed"
        yield f"  saved      {saved}  {save.path}{size}{sha256}  (#{save.seq})"
