"""Where commands work with identified items: with their rubrics, or with results that say which of them failed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from review.commands.effects import How
from review.detector import RunView
from review.eval_use import EvalUse, eval_uses
from review.taken import Pieces, Taken, taken_by
from review.uses import Use

_RUBRIC = re.compile(
    r"(?i)(?<![a-z])(rubrics?|criteri(on|a)|ideal_completions?|grading_(notes?|guide)|checklists?)(?![a-z])"
)
_BESIDE = re.compile(
    r"(?i)\[\s*['\"](explanation|rationale|hints?|solution_steps)['\"]\s*\]|\.get\(\s*['\"](explanation|rationale|hints?)['\"]|\.(explanation|rationale|hints?)\b(?!\s*\()"
)
"""Fields that lie beside the question and its answer."""
_ASKED_FOR = re.compile(
    r"(?i)^(functions?|tools?|schemas?|signatures?|parameters|entry_?point|tests?|test_list|test_cases|unit_tests|keywords|"
    r"concepts|skills|explanation|rationale|hints?|solution_steps|rubrics?|criteri(on|a)|checklists?)$"
)
"""Fields that say what an item asks for, and are neither its question nor its answer."""
_QUESTION = re.compile(r"(?i)(\[|\.get\()\s*['\"](question|prompt|problem|instruction|query)['\"]")
_MODEL_WRITES = re.compile(
    r"\.(generate|chat|create|complete|invoke|predict)\(|\bpipeline\(|chat/completions|\bcompletion\("
)
_LIKE_IT = re.compile(
    r"(?i)\b(similar|variants?|variations?|paraphras\w+|rephras\w+|reword\w*|analog\w+|resembl\w+|inspired|in the style of|"
    r"new (question|problem|task|prompt)s?|same (concept|skill|topic|idea|fact)s?|study notes?|teach\w*|lessons?)\b"
)
_GROUPS = re.compile(
    r"(?i)\b(categor(y|ies)|subjects?|subdomains?|domains?|themes?|topics?|clusters?|levels?|difficult\w*|types?)\b"
)
_NEAREST = re.compile(
    r"\b(argsort|argmax|argpartition|topk|top_k|nlargest|kneighbors|get_top_n|semantic_search|get_close_matches)\b"
)
_TAKES_OUT = re.compile(r"(?i)decontam|dedup|overlap|contaminat|leak|remove|exclude|filter_out|drop")


class By(StrEnum):
    """What of the items a program works with."""

    RUBRICS = "rubrics"
    """Or explanations."""
    LIKENESS = "likeness"
    """A model was to write others like them."""
    RESULTS = "results"
    """Of single samples."""
    WORDS = "words"
    """Drawn from each item, without its sentences."""
    ASKED_FOR = "what they ask for"
    """Functions, tests, keywords: the fields beside question and answer."""


@dataclass(frozen=True, slots=True)
class Guided:
    """A way from identified items into training data."""

    use: Use
    by: By


def guided(run: RunView) -> tuple[Guided, ...]:
    """Those by which items, and not only the benchmark as a whole, go into data of their own. For :meth:`RunView.once`.

    Items go in by value and the program works with their rubrics, or has a model write others like them; or the results
    of single samples go in, or say which items (or which of the prepared texts) do.
    """
    told = run.once(eval_uses)
    by_logs = [one for one in told if one.from_logs and one.how is not How.COUNTS]
    by_items = [one for one in told if not one.from_logs and one.how is How.VALUE]
    steered = {one.use.path for one in by_logs}
    worked_with = [
        one for one in by_items if _works_with_more(one) or _has_others_written(one) or _parts_by(one)
    ]
    chosen = [one for one in by_items if one.use.path in steered]
    written_up = [one for one in by_logs if one.how is How.VALUE]
    picked = [one for one in by_logs if one.how is How.CHOICE and not _found(_GROUPS, one)]
    found = _once([*worked_with, *chosen, *(by_logs if chosen else [*written_up, *picked])])
    return tuple(Guided(one.use, _by(one, steered)) for one in found)


def _by(one: EvalUse, steered: set[str]) -> By:
    if one.use.path in steered:
        return By.RESULTS
    if _works_with_more(one):
        return By.RUBRICS
    return _parts_by(one) or By.LIKENESS


def drawn_near(run: RunView) -> list[EvalUse]:
    """Those by which items may have fetched what is most like them out of other data."""
    return _once(
        [
            one
            for one in run.once(eval_uses)
            if not one.from_logs
            and one.how is How.CHOICE
            and _found(_NEAREST, one)
            and not _found(_TAKES_OUT, one)
        ]
    )


def _works_with_more(use: EvalUse) -> bool:
    return _found(_RUBRIC, use) or (_found(_BESIDE, use) and not _found(_QUESTION, use))


def _parts_by(use: EvalUse) -> By | None:
    """What alone a program on the way lets go on of the items: their words, or what they ask for."""
    for leg in use.trail:
        taken = frozenset[Taken]() if leg.trains else taken_by(leg.act.effects.code)
        if taken and all(one.pieces is Pieces.APART for one in taken):
            return By.WORDS
        if taken and all(_ASKED_FOR.match(one.field) for one in taken):
            return By.ASKED_FOR
    return None


def _has_others_written(use: EvalUse) -> bool:
    return any(_MODEL_WRITES.search(text) and _LIKE_IT.search(text) for text in _texts(use))


def _found(pattern: re.Pattern[str], use: EvalUse) -> bool:
    return any(pattern.search(text) for text in _texts(use))


def _texts(use: EvalUse) -> Sequence[str]:
    """The program that took the items in: the command, and the scripts that it ran."""
    act = use.trail[0].act
    return [act.text, *act.effects.code]


def _once(uses: Sequence[EvalUse]) -> list[EvalUse]:
    return [one for place, one in enumerate(uses) if one not in uses[:place]]
