"""Where commands work with identified items: with their rubrics, or with results that say which of them failed."""

import re
from dataclasses import dataclass
from enum import StrEnum

from review.commands.effects import How
from review.detector import RunView
from review.eval_use import EvalUse, eval_uses
from review.uses import Use

_RUBRIC = re.compile(r"(?i)\brubrics?\b|\bcriteri(on|a)\b|\bideal_completions?\b")


class By(StrEnum):
    """What of the items a program works with."""

    RUBRICS = "rubrics"
    RESULTS = "results"
    """Of single samples."""


@dataclass(frozen=True, slots=True)
class Guided:
    """A way from identified items into training data."""

    use: Use
    by: By


def guided(run: RunView) -> tuple[Guided, ...]:
    """Those by which items, and not only the benchmark as a whole, go into data of their own. For :meth:`RunView.once`.

    Items go in by value and their rubrics, or the results of single samples, are what the program works with.
    """
    told = run.once(eval_uses)
    by_logs = [one for one in told if one.from_logs and one.how is not How.COUNTS]
    by_items = [one for one in told if not one.from_logs and one.how is How.VALUE]
    steered = {one.use.path for one in by_logs}
    rubrics = [one for one in by_items if _works_with_rubrics(one)]
    chosen = [one for one in by_items if one.use.path in steered]
    written_up = [one for one in by_logs if one.how is How.VALUE]
    found = [*rubrics, *chosen, *(by_logs if chosen else written_up)]
    once = [one for place, one in enumerate(found) if one not in found[:place]]
    return tuple(Guided(one.use, By.RESULTS if one.use.path in steered else By.RUBRICS) for one in once)


def _works_with_rubrics(one: EvalUse) -> bool:
    return any(_RUBRIC.search(code) for code in one.trail[0].act.effects.code)
