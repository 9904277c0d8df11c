"""The commands of a run with what their text, and that of the scripts they run, says about content."""

import fnmatch
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from review.commands.effects import How, Transfer
from review.commands.shell.follow import ShellEffects, shell_effects
from review.detector import RunView
from review.file_names import is_submitted
from review.versions import Version, recorded_versions
from store.counting import counted

_SCRIPTS = (".py", ".sh", ".bash", ".yaml", ".yml")
_MOST_ACTS = 20_000
_MOST_TEXT = 32 << 20
"""Characters of scripts that are followed in one run; a script that is run again counts again."""


@dataclass(frozen=True, slots=True)
class Act:
    """One command that the agent issued."""

    seq: int
    text: str
    effects: ShellEffects
    failed: bool
    """It is known to have ended with an error."""
    output: str
    process_id: int | None
    scripts: tuple[Version, ...] = ()
    """The recorded scripts that it ran."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Content goes from one name to another by one command."""

    act: Act
    transfer: Transfer
    trains: bool
    """The target is a model, and the source is among what its program took in."""


Trail = tuple[Leg, ...]
"""How content got from its source to a name, command by command."""


@dataclass(frozen=True, slots=True)
class Acts:
    """All commands of a run, in their order."""

    acts: tuple[Act, ...]
    skipped: int
    """Commands that were not followed, because there were too many."""

    @property
    def opaque(self) -> int:
        """Commands whose programs are not known, or not clear."""
        return sum(not act.effects.whole for act in self.acts)

    @property
    def unclear(self) -> str:
        """What the opaque ones leave unseen; empty where there are none."""
        if not self.opaque:
            return ""
        return f"the programs of {counted(self.opaque, 'command')}, whose text is not known or not clear"

    def trails(
        self,
        is_source: Callable[[str], bool],
        most: How = How.VALUE,
        counts: Callable[[Leg], bool] = lambda _: True,
    ) -> dict[str, Trail]:
        """Where content of the sources may have gone, by name, along legs that count.

        ``most`` is the weakest transfer followed.
        """
        trails: dict[str, Trail] = {}
        for act in self.acts:
            if act.failed:
                continue
            for _ in range(2):  # a later command of a line may feed one that stands earlier in the list
                for leg in filter(counts, _legs(act, most)):
                    before = next((trails[name] for name in trails if same(name, leg.transfer.source)), None)
                    if before is not None and not same(before[0].transfer.source, leg.transfer.target):
                        trails.setdefault(leg.transfer.target, (*before, leg))
                    elif is_source(leg.transfer.source) and not is_source(leg.transfer.target):
                        trails.setdefault(leg.transfer.target, (leg,))
        return trails

    def last_to_write_model(self) -> Act | None:
        """The command that made what lies in ``final_model``; None when none is told."""
        for act in reversed(self.acts):
            if not act.failed and any(is_submitted(name) for name in act.effects.models):
                return act
        return None


def same(one: str, other: str) -> bool:
    """Whether two names may mean the same file, or one a folder that the other lies in."""
    if one == other:
        return True
    if "*" in one or "*" in other:
        return fnmatch.fnmatch(one, other) or fnmatch.fnmatch(other, one) or _within(one, other)
    return _within(one, other)


def _within(one: str, other: str) -> bool:
    first, second = one.rstrip("/*"), other.rstrip("/*")
    if not first or not second:
        return False
    if first.startswith(second + "/") or second.startswith(first + "/"):
        return True
    if posixpath.isabs(first) != posixpath.isabs(second):
        return first.endswith("/" + second) or second.endswith("/" + first)
    return first == second


def told_acts(run: RunView) -> Acts:
    """The commands of ``run``, each followed by its text."""
    versions: dict[str, list[Version]] = defaultdict(list)
    for version in run.once(recorded_versions):
        if version.text and version.path.endswith(_SCRIPTS):
            versions[posixpath.basename(version.path)].append(version)
    rows = run.query(
        f"""
        SELECT seq, text, cwd, exit_code, output, process_id FROM commands
        WHERE text IS NOT NULL ORDER BY seq LIMIT {_MOST_ACTS + 1}
        """
    )
    acts: list[Act] = []
    held: dict[str, str] = {}
    left = _MOST_TEXT
    for seq, text, _, exit_code, output, process_id in rows[:_MOST_ACTS]:
        if left <= 0:
            break
        scripts = _Scripts(versions, held, seq)
        effects = shell_effects(text, scripts.find)
        held.update({n: t for n, t in effects.contents.items() if n.endswith(_SCRIPTS)})
        left -= len(text) + scripts.size
        failed = exit_code not in (None, 0)
        acts.append(Act(seq, text, effects, failed, output or "", process_id, tuple(scripts.used)))
    return Acts(tuple(acts), len(rows) - len(acts))


def _legs(act: Act, most: How) -> Iterator[Leg]:
    for program in act.effects.programs:
        for model in program.models:
            for name in program.reads:
                if not same(name, model):
                    yield Leg(act, Transfer(name, model, How.VALUE), trains=True)
    for transfer in act.effects.transfers:
        if transfer.how <= most:
            yield Leg(act, transfer, trains=False)


class _Scripts:
    """The scripts as they were when one command ran."""

    def __init__(self, versions: dict[str, list[Version]], held: dict[str, str], seq: int) -> None:
        self._versions = versions
        self._held = held
        self._seq = seq
        self.used: list[Version] = []
        self.size = 0

    def find(self, path: str) -> str | None:
        """The text of the script at ``path``, or of one of that name elsewhere."""
        known = self._versions.get(posixpath.basename(path), [])
        here = [version for version in known if same(version.path, path)] or known
        before = [version for version in here if version.seq < self._seq]
        version = before[-1] if before else here[0] if here else None
        text = version.text if version else self._held.get(path)
        if text is None:
            text = next(
                (t for n, t in self._held.items() if posixpath.basename(n) == posixpath.basename(path)), None
            )
        if version is not None:
            self.used.append(version)
        self.size += len(text or "")
        return text
