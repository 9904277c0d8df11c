"""What the ``config.json`` of the submitted model says in the end, as far as commands tell.

Commands are followed in their order: a configuration is written, edited, copied, put back, moved with its folder. What
was a switch for one evaluation and is undone before the end is none.
"""

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from review.commands.acts import Act
from review.commands.effects import How, Transfer
from review.commands.same_file import same
from review.commands.shell.file_words import COPIERS, copied, laid
from review.commands.shell.follow import ShellStep
from review.commands.shell.launch import Language, launched
from review.file_names import is_weights
from review.identity_changes import Change, change_of, sets_config
from review.model_identity import Identity, Own, told_by_json
from review.saved_class import saved_classes
from review.versions import Version

_CONFIG = "config.json"
_SUBMITTED = "final_model/config.json"
_WRITES = re.compile(
    r"writeFile|createWriteStream|File\.(write|open)|IO\.write|file_put_contents|open\b[^;\n]{0,200}['\"][>wa+]|Bun\.write"
)
_CONFIGS_NAMED = re.compile(r"[\w./~-]{0,200}config\.json")
_MOST = 1000
"""Configurations that are followed; a folder that is copied into itself again and again would have no end of them."""
_PASSING = frozenset({"tee", "sponge", "cat", "dd"})
"""Programs that write what they are piped."""


@dataclass(frozen=True, slots=True)
class Says:
    """What one configuration says, and what made it say so."""

    identity: Identity
    seqs: tuple[int, ...] = ()


def told_config(acts: Iterable[Act], edits: Iterable[Version], own: Own, root: str) -> Says:
    """What the submitted configuration says after all ``acts`` and ``edits`` (contents that tools of the agent wrote)."""
    told = _Told(own, root)
    done: list[Act | Version] = [*acts, *edits]
    for one in sorted(done, key=lambda one: one.seq):
        if isinstance(one, Version):
            told.edited(one)
        elif not one.failed:
            told.passed_on = Change()
            for step in one.effects.steps:
                told.follow(step, one)
    return told.submitted


class _Told:
    """All configurations of a run, by their names."""

    def __init__(self, own: Own, root: str) -> None:
        self._own = own
        self._root = f"{root.rstrip('/')}/"
        self._says: dict[str, Says] = {}
        self.passed_on = Change()
        """What the command before did to what it hands on in a pipe."""

    @property
    def submitted(self) -> Says:
        return self._says.get(_SUBMITTED, Says(Identity()))

    def edited(self, version: Version) -> None:
        """A tool of the agent wrote a file."""
        path = self._local(version.path)
        identity = told_by_json(version.text, self._own)
        if posixpath.basename(path) == _CONFIG and identity is not None:
            self._says[path] = Says(identity, (version.seq,))

    def follow(self, step: ShellStep, act: Act) -> None:
        """A simple command ran."""
        folder = self._folder(act)
        if step.simple.program in ("rm", "rmdir", "trash"):
            for word in step.simple.operands:
                self._forget(self._local(word, folder))
            return
        change = change_of(step)
        if change == Change() and step.simple.program in _PASSING:
            change = self.passed_on
        self.passed_on = Change() if step.effects.writes else change
        moved = [
            self._placed(transfer, folder) for transfer in step.effects.transfers if transfer.how is How.VALUE
        ]
        before = dict(self._says)
        settled = {path for transfer in moved for path in self._moved(transfer, before, step, act.seq)}
        settled |= set(self._trained_from(step, folder, act.seq))
        self._replaced(step, folder, moved, settled)
        if step.simple.program == "mv" and (copy := copied(step.simple)) is not None:
            for word in copy.sources:
                self._forget(self._local(word, folder))
        for target in dict.fromkeys(self._local(name, folder) for name in step.effects.writes):
            path = self._config_at(target, step, moved)
            if path is not None and (path == target or sets_config(step)):
                self._change(path, change, act.seq)
        self._laid(step, folder, act.seq)
        self._by_other_language(step, folder, change, act.seq)
        for saved in (one for code in step.effects.code for one in saved_classes(code, self._own)):
            for model in step.effects.models:
                path = posixpath.join(self._local(model, folder), _CONFIG)
                if saved.target is None or same(saved.target, model):
                    self._says[path] = Says(saved.identity, (act.seq,))

    def _trained_from(self, step: ShellStep, folder: str, seq: int) -> Iterator[str]:
        """A model says what the one that its program started from says."""
        for program in step.effects.programs:
            taken = {self._local(name, folder) for name in program.reads}
            taken |= {posixpath.dirname(name) for name in taken if is_weights(name)}
            for model in (
                self._local(name, folder) for name in program.models if not posixpath.splitext(name)[1]
            ):
                for one in sorted(taken - {model}):
                    says = self._says.get(posixpath.join(one, _CONFIG))
                    if says is not None and says.identity != Identity():
                        path = posixpath.join(model, _CONFIG)
                        self._says[path] = replace(says, seqs=(*says.seqs, seq))
                        yield path

    def _replaced(
        self, step: ShellStep, folder: str, moved: Iterable[Transfer], settled: Collection[str]
    ) -> None:
        """Configurations are gone where something of which nothing is known was laid, or a model was saved anew."""
        for transfer in moved:
            path = self._config_at(transfer.target, step, [transfer])
            other = path not in settled and transfer.source != transfer.target
            if path is not None and other and _holds_config(transfer.source, transfer.target):
                self._says.pop(path, None)
        taken = {self._local(name, folder) for name in (*step.effects.reads, *step.effects.checkpoints)}
        for model in {self._local(name, folder) for name in step.effects.models}:
            path = posixpath.join(model, _CONFIG)
            if model not in taken and path not in settled and not posixpath.splitext(model)[1]:
                self._says.pop(path, None)

    def _change(self, path: str, change: Change, seq: int) -> None:
        says = self._says.get(path, Says(Identity()))
        identity = change.applied(says.identity, self._own)
        if identity != says.identity:
            self._says[path] = Says(identity, (*says.seqs, seq))

    def _moved(self, transfer: Transfer, before: dict[str, Says], step: ShellStep, seq: int) -> Iterator[str]:
        """Configurations go along with a file or folder; where they then are."""
        source, target = transfer.source, transfer.target
        carried = dict(_carried(source, target, before, is_copy=step.simple.program in COPIERS))
        if len(self._says) > _MOST:
            carried = {}
        for path, says in carried.items():
            self._says[path] = replace(says, seqs=(*says.seqs, seq)) if says.identity != Identity() else says
            yield path
        there = self._config_at(target, step, [transfer])
        from_hub = self._own.of_hub(source)
        if not carried and there and from_hub is not None and _takes_config(step, source):
            self._says[there] = Says(from_hub, (seq,))
            yield there

    def _config_at(self, target: str, step: ShellStep, moved: Iterable[Transfer]) -> str | None:
        """The configuration that is written where a command writes ``target``; None where it writes none."""
        if posixpath.basename(target) == _CONFIG or target in self._says:
            return target
        sources = [one.source for one in moved if one.target == target]
        if any(posixpath.basename(one) == _CONFIG or one in self._says for one in sources):
            return posixpath.join(target, _CONFIG) if target.rpartition("/")[2] == "final_model" else target
        models = {self._local(name) for name in step.effects.models}
        folder = not posixpath.splitext(target)[1]
        if folder and (target in models or self._own_folder(target) or "final_model" in target.split("/")):
            return posixpath.join(target, _CONFIG)
        return None

    def _own_folder(self, target: str) -> bool:
        return posixpath.join(target, _CONFIG) in self._says

    def _laid(self, step: ShellStep, folder: str, seq: int) -> None:
        for name, text in laid(step.simple):
            self._lay(self._local(name, folder), text, seq)
        if step.effects.code:
            for name, text in step.effects.contents.items():
                if any(same(name, written) for written in step.effects.writes):
                    self._lay(self._local(name, folder), text, seq)

    def _by_other_language(self, step: ShellStep, folder: str, change: Change, seq: int) -> None:
        launch = launched(step.simple)
        if launch is None or launch.language is not Language.OTHER or launch.text is None:
            return
        if _WRITES.search(launch.text):
            for name in _CONFIGS_NAMED.findall(launch.text):
                self._change(self._local(name, folder), change, seq)

    def _lay(self, path: str, text: str, seq: int) -> None:
        identity = told_by_json(text, self._own)
        if posixpath.basename(path) == _CONFIG and identity is not None:
            self._says[path] = Says(identity, (seq,))

    def _forget(self, path: str) -> None:
        for known in [one for one in self._says if one == path or one.startswith(f"{path.rstrip('/*')}/")]:
            del self._says[known]

    def _placed(self, transfer: Transfer, folder: str) -> Transfer:
        return replace(
            transfer, source=self._local(transfer.source, folder), target=self._local(transfer.target, folder)
        )

    def _folder(self, act: Act) -> str:
        return self._local(act.issued.cwd) if act.issued.cwd else ""

    def _local(self, name: str, folder: str = "") -> str:
        """The name below the task's folder."""
        if "://" in name:
            return name
        path = posixpath.normpath(posixpath.join(self._root, folder if folder != "." else "", name))
        return path.removeprefix(self._root) or "."


def _carried(source: str, target: str, says: dict[str, Says], *, is_copy: bool) -> Iterator[tuple[str, Says]]:
    """Which configurations get which names when ``source`` goes to ``target``."""
    folder = source.removesuffix("/.").rstrip("*").rstrip("/")
    for path, told in says.items():
        if path == source:
            into = posixpath.basename(target) == "final_model"
            yield (posixpath.join(target, _CONFIG) if into else target), told
        elif "*" in source and fnmatch.fnmatch(path, source):
            yield posixpath.join(target, posixpath.basename(path)), told
        elif folder and path.startswith(f"{folder}/") and ("*" not in source or is_copy):
            yield posixpath.join(target, path.removeprefix(f"{folder}/")), told


def _holds_config(source: str, target: str) -> bool:
    """Whether what goes from ``source`` to ``target`` may hold a configuration."""
    name = posixpath.basename(source.rstrip("/"))
    if "*" in name:
        return fnmatch.fnmatch(_CONFIG, name)
    return name == _CONFIG or posixpath.basename(target) == _CONFIG or not posixpath.splitext(name)[1]


def _takes_config(step: ShellStep, source: str) -> bool:
    """Whether the command takes a configuration from ``source``, not only a whole model."""
    if posixpath.basename(source) == _CONFIG or _CONFIG in step.simple.words:
        return True
    return any(_CONFIG in code for code in step.effects.code)
