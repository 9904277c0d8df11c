"""Give runs to reviewers, evenly, some of them twice."""

import random
import time
from collections.abc import Iterable, Sequence

from review.reviewed import Reviewed
from store.assignments import Assignment, has_decided, read_assignments
from store.errors import BadInput
from store.ids import slug
from store.overlay import RecordKind


def assign(run: Reviewed, reviewer: str, *, blind: bool, why: str) -> Assignment | None:
    """Ask ``reviewer`` to decide on a run; None where they were asked before."""
    before, _ = read_assignments(run.review)
    if any(one.reviewer == reviewer for one in before):
        return None
    made = Assignment(run.manifest.run_id, reviewer, time.time_ns(), blind, why)
    run.review.append(RecordKind.ASSIGNMENTS, f"{slug(reviewer)}-{made.ts}", made)
    return made


def deal(
    runs: Sequence[Reviewed], reviewers: Sequence[str], *, second: float, seed: int
) -> list[tuple[Reviewed, str, str]]:
    """Give every run a first reviewer and a share ``second`` of them another one, who is to be blind.

    Evenly: nobody gets two runs more than another, and nobody the same run twice. The seed makes it repeatable.
    Raises :class:`BadInput` where there are too few reviewers.
    """
    if not reviewers or (second > 0 and len(set(reviewers)) < 2):
        raise BadInput("a second review needs two reviewers: name more with --reviewer")
    dice = random.Random(seed)  # noqa: S311 - who gets which run is no secret
    shuffled = sorted(runs, key=lambda run: run.manifest.run_id)
    dice.shuffle(shuffled)
    names = sorted(set(reviewers))
    dice.shuffle(names)
    dealt = [(run, names[n % len(names)], "first") for n, run in enumerate(shuffled)]
    load = {name: sum(name == given for _, given, _ in dealt) for name in names}
    for run, first, _ in dealt[: round(second * len(dealt))]:
        other = min((name for name in names if name != first), key=lambda name: load[name])
        load[other] += 1
        dealt.append((run, other, "second"))
    return dealt


def waiting(runs: Iterable[Reviewed], reviewer: str) -> list[tuple[Reviewed, Assignment]]:
    """The runs that were given to a reviewer who has not decided on their recording yet."""
    found = []
    for run in runs:
        mine = next((one for one in read_assignments(run.review)[0] if one.reviewer == reviewer), None)
        if mine is not None and not has_decided(run.verdicts, run.manifest.recording_hash, reviewer):
            found.append((run, mine))
    return found
