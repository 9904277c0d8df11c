"""How something known by name went into training, as files show it and as commands tell it."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from review.commands.acts import Acts, Leg, Trail
from review.file_names import is_submitted
from review.flows import Way, names_on
from review.processes import ProcessTree
from review.training import Training
from store.findings import Reach

_ORDER = (
    Reach.UNKNOWN,
    Reach.SEEN,
    Reach.WRITTEN,
    Reach.EXECUTED,
    Reach.SUPERSEDED,
    Reach.TRAINED,
    Reach.ANCESTOR,
)


@dataclass(frozen=True, slots=True)
class Use:
    """One way into training."""

    source: str
    """The path, or the name that a command has for it."""
    path: str
    """What was trained on; the source itself where nothing lies between."""
    reach: Reach
    seqs: tuple[int, ...]
    """The rows that show it."""
    lineage: tuple[str, ...]
    trail: Trail = ()
    """The way that commands tell; empty where only files show one."""
    way: Way = ()
    """The way that files show, to the last weights written."""

    @property
    def told(self) -> bool:
        """A command, or the script that it runs, names both ends."""
        return bool(self.trail)


def as_far(one: Reach, other: Reach) -> bool:
    """Whether something that reached ``one`` got as far as what reached ``other``."""
    return _ORDER.index(one) >= _ORDER.index(other)


def furthest(uses: Iterable[Use]) -> Use:
    """The use that got furthest; of equal ones, one that commands tell."""
    return max(uses, key=lambda use: (_ORDER.index(use.reach), use.told))


def seqs_of(uses: Iterable[Use]) -> list[int]:
    """The rows that show them: what commands tell first."""
    ordered = sorted(uses, key=lambda use: not use.told)
    return list(dict.fromkeys(seq for use in ordered for seq in use.seqs))


def recorded_uses(
    tree: ProcessTree, trained: Mapping[str, Training], ways: Mapping[str, Way]
) -> Iterator[Use]:
    """The uses of files that got into training; ``ways`` is how those that were made on the way came to be."""
    for path, training in trained.items():
        if training.reach is Reach.WRITTEN or training.read is None or training.weights is None:
            continue
        made = ways.get(path, ())
        way = (*made, *training.way)
        seqs: list[int | None] = []
        for step in made:
            maker = tree.get(step.write.process_id)
            seqs += [step.read.seq, maker.seq if maker else None, step.write.seq]
        trainer = tree.get(training.read.process_id)
        seqs += [trainer.seq if trainer else None, training.read.seq, training.weights.seq]
        known = tuple(seq for seq in seqs if seq is not None)
        yield Use(way[0].read.path, path, training.reach, known, names_on(tree, way), way=way)


def told_uses(acts: Acts, pattern: str, counts: Callable[[Leg], bool] = lambda _: True) -> Iterator[Use]:
    """The uses that commands tell of names that ``pattern`` matches, along legs that count."""
    trails = acts.trails(lambda name: re.search(pattern, name) is not None, counts=counts)
    for trail in trails.values():
        leg = trail[-1]
        if not leg.trains and not is_submitted(leg.transfer.target):
            continue
        yield use_of(acts, trail)


def use_of(acts: Acts, trail: Trail) -> Use:
    """The use that a trail into training, or into ``final_model``, tells."""
    leg = trail[-1]
    reach = Reach.TRAINED
    if is_submitted(leg.transfer.target):
        last = acts.last_to_write_model()
        reach = Reach.ANCESTOR if last is None or last.seq <= leg.act.seq else Reach.SUPERSEDED
    names = [one.transfer.source for one in trail] + [leg.transfer.target]
    return Use(names[0], leg.transfer.source, reach, trail_seqs(trail), _short(names), trail)


def trail_seqs(trail: Trail) -> tuple[int, ...]:
    """The commands of a trail and the scripts that they ran."""
    seqs = (seq for leg in trail for seq in (*(version.seq for version in leg.act.scripts), leg.act.seq))
    return tuple(dict.fromkeys(seqs))


def _short(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(posixpath.basename(name) or name for name in names)
