"""What was laid over the grader without its files being named: folders copied, linked or mounted over theirs.

Also files of an installed framework that no installer wrote.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from review.commands.acts import Acts
from review.commands.effects import Transfer
from review.commands.shell.archives import ARCHIVERS, archived
from review.commands.shell.follow import ShellStep
from review.detector import RunView
from review.evaluation_inputs import installs
from review.flows import writers
from review.grader import FRAMEWORK, Grader
from review.lineage.graph import Graph
from review.processes import ProcessTree
from review.versions import recorded_versions

_FOLDERS = ("templates", "evaluation_code")
_CODE = re.compile(r"evaluation_code/.+\.py$")
_MOST_OF_ONE = 20
"""Files of a framework that a process changes; one that writes more of them unpacks it."""
_CONTAINERS = frozenset({"docker", "podman", "apptainer", "singularity", "bwrap"})
_VOLUME = re.compile(r"(?P<source>[^:,=]+):(?P<target>/[^:,]+)(:\w+)?$")


@dataclass(frozen=True, slots=True)
class Laid:
    """Something came to stand where a file of the grader stood."""

    name: str
    """Of the grader's file, or of the folder that holds some."""
    seqs: tuple[int, ...]
    source: str | None = None
    """The file that it was before, or still is, where that is known."""


def laid_by_words(grader: Grader, acts: Acts) -> Iterator[Laid]:
    """By commands: files written elsewhere under the grader's names that came over them with their folder, and mounts."""
    written: dict[str, int] = {}
    clean: set[str] = set()
    packed: dict[str, dict[str, int]] = {}
    for act in acts.acts:
        if act.failed:
            continue
        for step in act.effects.steps:
            for transfer in step.effects.transfers:
                yield from _with_folder(grader, step, transfer, written, clean, act.seq)
            yield from _mounted(grader, step, written, clean, act.seq)
            yield from _packed(grader, step, written, packed, act.seq)
            yield from _cut(grader, step, written, act.seq)
            for path in step.effects.writes:
                if grader.name(path) is None and (grader.copied(path) or _CODE.match(path)):
                    sources = {one.source for one in step.effects.transfers if one.target == path}
                    untouched = step.simple.program in ("cp", "install", "rsync", "ln", "mv") and any(
                        grader.name(one) is not None or one in clean for one in sources
                    )
                    (clean.add if untouched else clean.discard)(path)
                    written.pop(path, None) if untouched else written.setdefault(path, act.seq)


def _with_folder(
    grader: Grader, step: ShellStep, transfer: Transfer, written: dict[str, int], clean: set[str], seq: int
) -> Iterator[Laid]:
    source, target = transfer.source, transfer.target
    nests = step.simple.program in ("cp", "mv") and target in _FOLDERS and "*" not in source
    folder = source.rstrip("*").rstrip("/")
    if nests or grader.name(target) == target or (not folder and "*" not in source):
        return
    for path, made in written.items():
        inside = fnmatch.fnmatch(path, source) if "*" in source else path.startswith(f"{folder}/")
        if not inside or path in clean:
            continue
        rest = posixpath.basename(path) if "*" in source else path.removeprefix(f"{folder}/")
        name = grader.name(posixpath.join(target, rest))
        if name is not None:
            yield Laid(name, (made, seq))


def _packed(
    grader: Grader, step: ShellStep, written: dict[str, int], packed: dict[str, dict[str, int]], seq: int
) -> Iterator[Laid]:
    """Files of the grader's names that came out of an archive into which they were put under them."""
    if step.simple.program not in ARCHIVERS:
        return
    packing = archived(step.simple)
    if packing.target is None:
        return
    for source in packing.sources:
        for name, made in packed.get(source, {}).items():
            if (at := grader.name(posixpath.join(packing.target, name))) is not None:
                yield Laid(at, (made, seq))
        for path, made in written.items():
            if path == posixpath.normpath(source) or path.startswith(f"{posixpath.normpath(source)}/"):
                packed.setdefault(packing.target, {})[posixpath.basename(path)] = made


def _cut(grader: Grader, step: ShellStep, written: dict[str, int], seq: int) -> Iterator[Laid]:
    """Files of the grader that were emptied, and its code that the catalog does not list, changed in place."""
    if step.simple.program == "truncate":
        for word in step.simple.operands:
            if (name := grader.name(word)) is not None:
                yield Laid(name, (seq,))
    for transfer in step.effects.transfers:
        local = posixpath.normpath(transfer.target.removeprefix(f"{grader.root}/"))
        if transfer.source == transfer.target and _CODE.match(local) and local not in written:
            yield Laid(local, (seq,))


def _mounted(
    grader: Grader, step: ShellStep, written: dict[str, int], clean: set[str], seq: int
) -> Iterator[Laid]:
    simple = step.simple
    if simple.program == "mount" and len(simple.operands) > 1:
        pairs = [(simple.operands[-2], simple.operands[-1])]
        if upper := re.search(r"upperdir=([^,\s]+)", " ".join(simple.arguments)):
            pairs.append((upper[1], simple.operands[-1]))
    elif simple.program in _CONTAINERS:
        pairs = [
            (found["source"], found["target"]) for word in simple.arguments if (found := _VOLUME.match(word))
        ]
    else:
        return
    for source, target in pairs:
        source = re.sub(r"^(\$\{?PWD\}?|\$\(pwd\)|\.)/", "", source)
        name = grader.name(target) or _folder(grader, target)
        if name is not None and source not in clean and grader.name(source) != name and source != name:
            yield Laid(name, (seq,))
        elif name is None:
            yield from (
                Laid(under, (made, seq))
                for path, made in written.items()
                if path.startswith(f"{source}/")
                and (under := grader.name(posixpath.join(target, path.removeprefix(f"{source}/"))))
                is not None
            )


def _folder(grader: Grader, target: str) -> str | None:
    local = posixpath.normpath(target.removeprefix(f"{grader.root}/"))
    return local if local in _FOLDERS else None


def laid_as_recorded(run: RunView, grader: Grader) -> Iterator[Laid]:
    """By file accesses: links and mounts on the grader's names, folders moved there, framework files written in place."""
    versions = run.once(recorded_versions)
    names = run.once(Graph).names
    for name, known in grader.versions.items():
        first = known[0]
        if first.process_id is not None or not first.whole:
            continue
        path = f"{grader.root}/{name}"
        for change, other in names.given(path):
            if not f"{path}/".startswith(f"{change.new}/"):
                continue  # the grader's file got a second name, which may be another file's by now
            before = [one for one in versions if one.path == other and one.text is not None]
            if change.op == "rename":
                before = [one for one in before if one.seq < change.seq]
            if before and before[-1].text != first.text:
                yield Laid(name, (before[-1].seq, change.seq), other)
    places = [f"{grader.root}/{name}" for name in (*grader.versions, *_FOLDERS)]
    listed = ", ".join("'" + place.replace("'", "''") + "'" for place in places)
    rows = run.query(
        f"SELECT seq, path FROM files WHERE op = 'mount' AND error IS NULL AND path IN ({listed}) ORDER BY seq LIMIT 8"
    )
    yield from (Laid(path.removeprefix(f"{grader.root}/"), (seq,)) for seq, path in rows)
    yield from _framework(run)


def _framework(run: RunView) -> Iterator[Laid]:
    paths = run.texts(FRAMEWORK.pattern)
    if not paths:
        return
    tree = run.once(ProcessTree.of)
    by_process: dict[int, list[tuple[str, int]]] = {}
    for write in writers(run, paths):
        by_process.setdefault(write.process_id, []).append((write.path, write.seq))
    for process_id, written in by_process.items():
        maker = tree.get(process_id)
        if len(written) > _MOST_OF_ONE or maker is None or installs(tree, maker):
            continue
        for path, seq in written:
            found = FRAMEWORK.search(path)
            if found is not None:
                yield Laid(found[0].lstrip("/"), (maker.seq, seq))
