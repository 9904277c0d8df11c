"""Lineage of a run without a kernel witness: what its commands, and the scripts they run, say of content.

Nothing here is certain: nobody saw a process. What passes content on is likely, what only counts or chooses is possible.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from review.commands.acts import Act, told_acts
from review.commands.effects import Effects, How
from review.commands.same_file import same
from review.detector import RunView
from review.file_names import data_names, hub_dataset, is_script, is_submitted, is_weights
from review.lineage.checkpoints import checkpoint_folder, identify
from review.lineage.data_files import MOST_LISTED
from review.lineage.made_from import (
    Afterwards,
    Checkpoint,
    DataFile,
    DataOrigin,
    MadeFrom,
    SavedFile,
    Stage,
    StageKind,
)
from review.lineage.walk import Link, Step
from review.versions import recorded_versions
from store.findings import Certainty

NO_WITNESS = (
    "no kernel witness: who read and wrote files was not recorded; this is what commands and scripts say"
)

_LONGEST_CHAIN = 16
_MOST_LINKS = 1000
_SAID = "as the text of the command, and of the script it runs, says"
_MODEL_SIZED = ("final_model", "checkpoint", "merged", "adapter", "lora")


@dataclass(frozen=True, slots=True)
class Said:
    """One command, or tool call, said to have put content of one name into another."""

    source: str | None
    """None for what the agent wrote itself."""
    target: str
    seq: int
    command: str
    certainty: Certainty
    reason: str

    def link(self, distance: int) -> Link:
        """As an edge of a walk."""
        step = Step(self.seq, None, "command" if self.source else "version", self.command)
        return Link(
            self.source, self.target, None, self.command, self.certainty, self.reason, (step,), distance
        )


def said(run: RunView) -> list[Said]:
    """Everything that is said, in the order of the run; for :meth:`RunView.once`."""
    found = [
        Said(
            None, v.path, v.seq, "the agent", Certainty.LIKELY, "written by the agent, as its tool call says"
        )
        for v in run.once(recorded_versions)
    ]
    for act in run.once(told_acts).acts:
        if not act.failed:
            found += _of_act(act)
    return sorted(found, key=lambda one: one.seq)


def _of_act(act: Act) -> Iterator[Said]:
    for name in act.effects.contents:
        reason = "the text stands in the agent's own command"
        yield Said(None, name, act.seq, act.text, Certainty.LIKELY, reason)
    for transfer in act.effects.transfers:
        certainty = Certainty.LIKELY if transfer.how is How.VALUE else Certainty.POSSIBLE
        yield Said(transfer.source, transfer.target, act.seq, act.text, certainty, _SAID)
    for program in act.effects.programs:
        for model in program.models:
            for name in program.reads:
                if not same(name, model):
                    yield Said(name, model, act.seq, act.text, Certainty.LIKELY, _SAID)


def told_names(run: RunView) -> list[str]:
    """Every name that something is said of."""
    names = {name: None for one in run.once(said) for name in (one.source, one.target) if name}
    return list(names)


def told_ancestors(run: RunView, path: str) -> tuple[Link, ...]:
    """Where the content of ``path`` is said to have come from, nearest first."""
    links: dict[tuple[str | None, str, int], Link] = {}
    level = [(path, 2**62)]
    for distance in range(_LONGEST_CHAIN):
        onward: list[tuple[str, int]] = []
        for name, before in level:
            for one in run.once(said):
                key = (one.source, one.target, one.seq)
                if one.seq > before or key in links or not same(one.target, name):
                    continue
                links[key] = one.link(distance)
                if one.source is not None and one.certainty is not Certainty.POSSIBLE:
                    onward.append((one.source, one.seq))
        level = onward
        if not level or len(links) > _MOST_LINKS:
            break
    return tuple(links.values())


def told_descendants(run: RunView, path: str) -> tuple[Link, ...]:
    """Where the content of ``path`` is said to have gone, nearest first."""
    links: dict[tuple[str | None, str, int], Link] = {}
    level = [(path, -1)]
    for distance in range(_LONGEST_CHAIN):
        onward: list[tuple[str, int]] = []
        for name, after in level:
            for one in run.once(said):
                key = (one.source, one.target, one.seq)
                if one.source is None or one.seq < after or key in links or not same(one.source, name):
                    continue
                links[key] = one.link(distance)
                if one.certainty is not Certainty.POSSIBLE:
                    onward.append((one.target, one.seq))
        level = onward
        if not level or len(links) > _MOST_LINKS:
            break
    return tuple(links.values())


def told_made(run: RunView) -> MadeFrom:
    """How ``final_model`` is said to have been made."""
    wanted = ["final_model"]
    stages: list[Stage] = []
    after: list[Afterwards] = []
    for act in reversed(run.once(told_acts).acts):
        if act.failed:
            continue
        writing = [p for p in act.effects.programs if _match(p.models, wanted)]
        for program in writing:
            wanted = [name for name in wanted if not _match(program.models, [name])]
            stages.append(_stage(run, act, program))
            wanted += [name for name in program.reads if _may_be_own(name)]
        if not writing:
            for transfer in act.effects.transfers:
                if transfer.how is How.VALUE and _match([transfer.target], wanted):
                    wanted.append(transfer.source)
                    text = f"{transfer.source} → {transfer.target}"
                    after.append(Afterwards(act.seq, None, "copy", text))
    stages.reverse()
    base = {checkpoint.path: checkpoint for stage in stages for checkpoint in stage.checkpoints}
    not_seen = [NO_WITNESS]
    if not stages:
        not_seen.append("no command that writes final_model could be read")
    elif not base:
        not_seen.append("which base the weights were trained from: no command names one")
    return MadeFrom(
        run_id=run.manifest.run_id,
        submitted=tuple(
            dict.fromkeys(save.path for stage in stages for save in stage.saves if is_submitted(save.path))
        ),
        base=tuple(base.values()),
        stages=tuple(stages),
        after=tuple(reversed(after)),
        not_seen=tuple(not_seen),
        certainty=Certainty.LIKELY if stages else Certainty.POSSIBLE,
    )


def _stage(run: RunView, act: Act, program: Effects) -> Stage:
    checkpoints = list(_checkpoints(run, act, program.reads))
    folders = {checkpoint.path for checkpoint in checkpoints}
    others = [
        name for name in program.reads if checkpoint_folder(name) not in folders and name not in folders
    ]
    data = [name for name in data_names(others) if not _may_be_own(name)]
    kind = StageKind.TRAINED if data else StageKind.WRITTEN
    if not data and checkpoints:
        kind = StageKind.MERGED if len(checkpoints) > 1 else StageKind.CONVERTED
    return Stage(
        kind=kind,
        process_id=None,
        seq=act.seq,
        command=act.text,
        started_at=None,
        ended_at=None,
        gpu=None,
        scripts=tuple(dict.fromkeys(version.path for version in act.scripts)),
        checkpoints=tuple(checkpoints),
        previous=tuple(name for name in others if _may_be_own(name)),
        data=tuple(_data(run, act, name) for name in data[:MOST_LISTED]),
        more_data=max(0, len(data) - MOST_LISTED),
        saves=tuple(SavedFile(name, act.seq, None, None, None) for name in program.models),
    )


def _checkpoints(run: RunView, act: Act, names: Iterable[str]) -> Iterator[Checkpoint]:
    known: set[str] = set()
    for name in names:
        folder = checkpoint_folder(name) if is_weights(name) else name
        identity = identify(run, folder)
        if folder not in known and (
            identity.model is not None or (is_weights(name) and not _may_be_own(name))
        ):
            known.add(folder)
            yield Checkpoint(folder, identity.model, identity.relation, identity.how_known, act.seq)


def _data(run: RunView, act: Act, name: str) -> DataFile:
    makers = [one for one in run.once(said) if one.seq < act.seq and same(one.target, name)]
    origins: list[DataOrigin] = []
    for seq in dict.fromkeys(one.seq for one in reversed(makers)):
        written = [one for one in makers if one.seq == seq]
        inputs = tuple(dict.fromkeys(one.source for one in written if one.source is not None))
        text = f"written by {written[0].command}"
        origins.append(DataOrigin(text, seq, written[0].command, inputs, written[0].certainty))
    if not origins:
        hub = hub_dataset(name)
        text = f"{hub} of the hub" if hub else "no command is known to write it"
        origins.append(DataOrigin(text, None, None, (), Certainty.POSSIBLE))
    return DataFile(name, act.seq, None, None, None, Certainty.LIKELY, tuple(origins[:1]))


def _match(names: Iterable[str], wanted: Sequence[str]) -> bool:
    return any(same(name, one) for name in names for one in wanted)


def _may_be_own(name: str) -> bool:
    """Whether a name may be a checkpoint that the run made itself."""
    last = posixpath.basename(name.rstrip("/"))
    return not is_script(name) and "models--" not in name and any(part in last for part in _MODEL_SIZED)
