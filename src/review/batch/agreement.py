"""How far independent reviewers agree beyond chance: Krippendorff's alpha for answers that are mere names.

The coefficient, with its treatment of missing answers, is that of K. Krippendorff, *Computing Krippendorff's
Alpha-Reliability* (2011), for nominal data: one minus the disagreement observed over the disagreement expected when
answers were dealt at random.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from store.verdicts import AXES, Answer, Verdict, of_people


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one axis, or of what the axes come to."""

    axis: str
    alpha: float | None
    """1: always the same answer, 0: as if by chance, below: worse. None where it cannot be told apart from chance,
    because fewer than two runs have two answers or all answers are one."""
    runs: int
    """With at least two reviewers' answers."""
    answers: int
    """Given to those runs."""
    differing: int
    """Runs on which reviewers differ."""


def krippendorff_alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Alpha over units, each the answers that it was given by different reviewers; None where it is undefined."""
    weights: dict[tuple[str, str], float] = defaultdict(float)
    totals: dict[str, float] = defaultdict(float)
    for answers in units:
        if len(answers) < 2:
            continue
        for one, other in permutations(answers, 2):
            weights[one, other] += 1 / (len(answers) - 1)
        for answer in answers:
            totals[answer] += 1
    n = sum(totals.values())
    expected = n * n - sum(total * total for total in totals.values())
    if n <= 1 or expected == 0:
        return None
    observed = sum(weight for (one, other), weight in weights.items() if one != other)
    return 1 - (n - 1) * observed / expected


def agreement(verdicts: Mapping[str, Sequence[Verdict]], hashes: Mapping[str, str | None]) -> list[Agreement]:
    """Agreement of humans on every axis and on the whole.

    ``verdicts`` by run, oldest first: the latest of each human that is not stale counts, reconciled ones do not, because
    they were not made blind. ``hashes`` are the recordings' as they are now.
    """
    latest = {run: of_people(said, hashes.get(run)) for run, said in verdicts.items()}
    return [
        *(_of(axis, ([getattr(one, axis) for one in said] for said in latest.values())) for axis in AXES),
        _of("overall", ([one.answer for one in said] for said in latest.values())),
    ]


def _of(axis: str, given: Iterable[Sequence[Answer | None]]) -> Agreement:
    units = [[answer.value for answer in answers if answer is not None] for answers in given]
    paired = [unit for unit in units if len(unit) > 1]
    return Agreement(
        axis=axis,
        alpha=krippendorff_alpha(paired) if len(paired) > 1 else None,
        runs=len(paired),
        answers=sum(map(len, paired)),
        differing=sum(len(set(unit)) > 1 for unit in paired),
    )
