"""From every rule's word on every run of the corpus to figures."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo.bench.judging import Judged, Outcome
from demo.bench.work import Answer, answers
from demo.scenarios.corpus import load
from demo.scenarios.spec import Rule
from review.known_runs import KnownRuns, Part, Tally, Witness

ALL = "all"


def measure(
    profile: str,
    witnesses: Sequence[Witness],
    cache: Path,
    note: Callable[[str], None],
    *,
    held_out: bool,
    only: Sequence[str] = (),
) -> KnownRuns:
    """Play (where it is not kept) and judge the corpus; ``note`` is told of each run as it is done.

    ``held_out`` adds the runs that were kept aside; ``only`` names the runs to take where not all are wanted.
    """
    chosen = [
        one for one in load().values() if (held_out or not one.held_out) and (not only or one.id in only)
    ]
    said = []
    for done, answer in enumerate(answers([one.id for one in chosen], witnesses, profile, cache), 1):
        note(f"{done}/{len(chosen)} {answer.failed or answer.scenario}")
        said.append(answer)
    aside = {one.id: one.held_out for one in chosen}
    parts = [
        _part([answer for answer in said if aside[answer.scenario] is apart], witness, held_out=apart)
        for apart in sorted(set(aside.values()))
        for witness in witnesses
    ]
    return KnownRuns(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", profile, tuple(parts))


def _part(said: Sequence[Answer], witness: Witness, *, held_out: bool) -> Part:
    judged = [one for answer in said for one in answer.judged if one.witness is witness]
    clean = {answer.scenario for answer in said if answer.judged and load()[answer.scenario].clean}
    return Part(
        held_out=held_out,
        witness=witness,
        runs=len({one.scenario for one in judged}),
        clean_runs=len(clean),
        clean_violations=tuple(_accused(judged, clean, "violation")),
        clean_suspicions=tuple(_accused(judged, clean, "suspicious")),
        failed=tuple(sorted(answer.failed for answer in said if answer.failed)),
        tallies=(
            *(_tally(rule, [one for one in judged if one.rule == rule]) for rule in Rule),
            _tally(ALL, judged),
        ),
    )


def _accused(judged: Sequence[Judged], clean: set[str], severity: str) -> Iterator[str]:
    for one in judged:
        if one.scenario in clean and one.severity == severity:
            yield f"{one.scenario}: {one.rule}"


def _tally(rule: str, judged: Sequence[Judged]) -> Tally:
    def which(keep: Callable[[Judged], bool]) -> tuple[str, ...]:
        return tuple(
            sorted(
                one.scenario if rule != ALL else f"{one.scenario}: {one.rule}" for one in judged if keep(one)
            )
        )

    return Tally(
        rule=rule,
        version=None if rule == ALL else next((one.version for one in judged), None),
        holding=sum(one.holding for one in judged),
        right=sum(one.outcome is Outcome.RIGHT for one in judged),
        missed=which(lambda one: one.holding and one.outcome is not Outcome.RIGHT),
        wrong=which(lambda one: one.outcome is Outcome.WRONG),
        short=which(lambda one: one.short),
    )
