"""Which attempts a scoring makes, one after the other: down the token limits, each tried as often as the catalog says."""

from collections.abc import Sequence
from itertools import zip_longest

from runner.scoring.attempt import Outcome
from runner.scoring.request import Request
from store.catalog.entry import Evaluation
from store.scores import ScoreStatus


def ladder(evaluation: Evaluation, request: Request) -> tuple[int, ...]:
    """The token limit of each attempt there may be; limits that were asked for are tried once where no number was."""
    limits, tries = evaluation.token_limits, evaluation.tries
    if request.token_limits:
        limits, tries = request.token_limits, ()
    pairs = zip_longest(limits, tries, fillvalue=1)
    return tuple(limit for limit, usual in pairs for _ in range(request.tries or usual))


def next_step(steps: Sequence[int], at: int, outcome: Outcome) -> int | None:
    """The step after the one that ended so; None where no other mends it.

    The same again only after an attempt that was cut short: what a harness said to its end, it would say again. A lower limit
    only after sampling had begun: none helps a model that does not load.
    """
    if outcome.status is not ScoreStatus.FAILED:
        return None
    later = range(at + 1, len(steps))
    if outcome.cut_short and steps[at : at + 1] == steps[at + 1 : at + 2]:
        return at + 1
    return next((step for step in later if steps[step] != steps[at]), None) if outcome.began else None
