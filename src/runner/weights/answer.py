"""From sums over tensors to an answer that a person understands.

With the base and its instruct sibling at hand, alpha = ⟨x − base, instruct − base⟩ / ‖instruct − base‖² says how far
the weights x went from one to the other: near 0 for what was tuned from the base, near 1 for what was made from the
instruct model, in between for a mixture. It means that only where the tensors agree on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, sqrt

from runner.weights.compare import Compared
from store.counting import counted


class Answer(StrEnum):
    """Whose weights these are."""

    BASE = "is the base, unchanged"
    TUNED = "tuned from the base"
    RELATED = "tuned from the base, or from a model made from it"
    """No instruct sibling was at hand to tell."""
    LORA = "LoRA merged into the base"
    INSTRUCT = "is the instruct model"
    INSTRUCT_NOISE = "is the instruct model plus noise"
    INSTRUCT_TUNED = "tuned from the instruct model"
    MERGE = "a merge of base and instruct model"
    OTHER = "not made from the base"
    CANNOT_TELL = "cannot tell"


SUBSTITUTED = frozenset(
    {Answer.INSTRUCT, Answer.INSTRUCT_NOISE, Answer.INSTRUCT_TUNED, Answer.MERGE, Answer.OTHER}
)
"""Answers that the rule against model substitution is about."""

_UNRELATED = 0.5
"""Cosine of all weights with the base's: initialisations have 0, tuning for days leaves 0.9."""
_MIXED, _WHOLE = 0.15, 0.85
"""Alpha from which on the instruct model is in it, and from which on there is nothing else."""
_AGREE, _AGREEMENT = 0.15, 0.8
"""How far a tensor's alpha may be from the others', for what share of the weights."""
_COVERED = 0.9
"""Share of the base's weights that must have a counterpart."""
_LOW_RANK_SHARE = 0.9
_WHITE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the models could be compared."""

    compared: int
    """Tensors."""
    of_base: float
    """Share of the base's numbers that were compared."""
    added: int
    """Tensors that the base has not."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the weights say; the model's own files may say otherwise."""

    answer: Answer
    reason: str
    """Why, with numbers, for people."""
    alpha: float | None
    """Share of the way from base to instruct sibling; None without one."""
    cosine: float | None
    """Of the change with the instruct sibling's change; None without a sibling or a change."""
    base_cosine: float | None
    """Of the weights of all matrices with the base's."""
    change: float | None
    """‖x − base‖ / ‖base‖."""
    identical_tensors: int
    """Tensors that are the base's byte for byte."""
    tensors: int
    """Tensors compared."""
    rank_share: float | None
    """Share of the changed matrices whose change has low rank; None where none could be judged."""


def conclude(every: Sequence[Compared], coverage: Coverage, *, has_instruct: bool) -> Report:
    """The answer to sums over all tensors."""
    change, way = sum(one.change for one in every), sum(one.way for one in every)
    along, base = sum(one.along for one in every), sum(one.base for one in every)
    base_cosine = _base_cosine(every)
    alpha = along / way if way > 0 else None
    ranks = [one.change_spectrum.low_rank for one in every if one.change_spectrum]
    judged = [low for low in ranks if low is not None]
    rank_share = sum(judged) / len(judged) if judged else None
    finite = isfinite(change) and isfinite(along) and isfinite(sum(one.model for one in every))
    cosine = along / sqrt(change * way) if finite and change > 0 and way > 0 else None
    if coverage.of_base < _COVERED:
        answer, reason = _different(coverage)
    elif not finite:
        answer, reason = Answer.CANNOT_TELL, "because some weights are no finite numbers"
    else:
        answer, reason = _told(every, alpha, base_cosine, rank_share, has_instruct=has_instruct)
    return Report(
        answer,
        reason,
        alpha if finite else None,
        cosine,
        base_cosine,
        sqrt(change / base) if finite and base > 0 else None,
        sum(one.same_as_base for one in every),
        len(every),
        rank_share,
    )


def _different(coverage: Coverage) -> tuple[Answer, str]:
    return Answer.CANNOT_TELL, (
        f"because only {coverage.of_base:.0%} of the base's weights have a counterpart of the same name and shape"
        f" ({counted(coverage.added, 'tensor is', 'tensors are')} not the base's): another architecture, other names, or quantised"
    )


def _told(
    every: Sequence[Compared],
    alpha: float | None,
    base_cosine: float | None,
    rank_share: float | None,
    *,
    has_instruct: bool,
) -> tuple[Answer, str]:
    same = sum(one.same_as_base for one in every)
    if has_instruct and all(one.same_as_instruct for one in every) and same < len(every):
        return Answer.INSTRUCT, f"all {len(every)} tensors are the instruct model's byte for byte"
    if same == len(every):
        return Answer.BASE, f"all {len(every)} tensors are the base's byte for byte"
    if base_cosine is not None and base_cosine < _UNRELATED:
        return (
            Answer.OTHER,
            f"its matrices have a cosine of {base_cosine:.3f} with the base's; tuning leaves > 0.9",
        )
    if alpha is not None and alpha >= _MIXED:
        return _with_instruct(every, alpha)
    return _from_base(every, alpha, rank_share, has_instruct=has_instruct)


def _with_instruct(every: Sequence[Compared], alpha: float) -> tuple[Answer, str]:
    agreement = _agreement(every, alpha)
    if agreement < _AGREEMENT:
        taken = _share(every, lambda alpha: alpha >= _WHOLE)
        left = _share(every, lambda alpha: alpha < _MIXED)
        if taken + left >= _AGREEMENT:
            return Answer.MERGE, (
                f"{taken:.0%} of the weights are on the instruct model's side and {left:.0%} on the base's,"
                " tensor by tensor"
            )
        return Answer.CANNOT_TELL, (
            f"because the tensors do not agree: on the whole it went {alpha:.2f} of the way to the instruct model,"
            f" and only {agreement:.0%} of the weights did about that"
        )
    if alpha < _WHOLE:
        return Answer.MERGE, (
            f"it is {alpha:.0%} of the way from the base to the instruct model, in {agreement:.0%} of the weights"
        )
    rest = [one.rest_spectrum for one in every if one.rest_spectrum]
    if rest and sum(one.white for one in rest) >= _WHITE_SHARE * len(rest):
        return Answer.INSTRUCT_NOISE, (
            f"it went {alpha:.2f} of the way to the instruct model, and what it differs by has no direction"
            f" in {sum(one.white for one in rest)} of {len(rest)} matrices"
        )
    return Answer.INSTRUCT_TUNED, (f"it went {alpha:.2f} of the way to the instruct model, and on from there")


def _from_base(
    every: Sequence[Compared], alpha: float | None, rank_share: float | None, *, has_instruct: bool
) -> tuple[Answer, str]:
    same = sum(one.same_as_base for one in every)
    if alpha is not None:
        seen = f"it went {alpha:.2f} of the way to the instruct model"
    elif has_instruct:
        seen = "the instruct model given is the base itself, and excludes nothing"
    else:
        seen = "no instruct sibling was compared"
    if rank_share is not None and rank_share >= _LOW_RANK_SHARE:
        return Answer.LORA, (
            f"the change has low rank in {rank_share:.0%} of the changed matrices, {same} of {len(every)} tensors"
            f" are the base's byte for byte; {seen}"
        )
    answer = Answer.RELATED if alpha is None else Answer.TUNED
    rank = "too little for its rank to show" if rank_share is None else "not at a low rank"
    return answer, f"{len(every) - same} of {len(every)} tensors changed, {rank}; {seen}"


def _base_cosine(every: Sequence[Compared]) -> float | None:
    """Of matrices alone: the vectors of a norm are near one in every model."""
    matrices = [one for one in every if one.matrix]
    model, base = sum(one.model for one in matrices), sum(one.base for one in matrices)
    change = sum(one.change for one in matrices)
    if not (model > 0 and base > 0 and isfinite(model) and isfinite(change)):
        return None
    return (model + base - change) / (2 * sqrt(model * base))


def _agreement(every: Sequence[Compared], alpha: float) -> float:
    return _share(every, lambda one: abs(one - alpha) <= _AGREE)


def _share(every: Sequence[Compared], holds: Callable[[float], bool]) -> float:
    """The share of the weights, in tensors that differ between base and instruct model, whose alpha is such."""
    known = [(one.alpha, one.items) for one in every if one.alpha is not None]
    return sum(items for alpha, items in known if holds(alpha)) / sum(items for _, items in known)
