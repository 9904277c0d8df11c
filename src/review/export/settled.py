"""What a run's case comes to for an export: by people where they decided, else as its own judges left it."""

from dataclasses import dataclass
from enum import StrEnum

from review.reviewed import Reviewed
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, agreed, answers_on, standing


class By(StrEnum):
    """Whose word it is."""

    PEOPLE = "people"
    JUDGES = "judges"
    """PostTrainBench's own, imported with the run; no person decided."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Settled:
    """The answers that the benchmark's tables hold."""

    data: Answer | None
    """None where nobody answered, or people disagree."""
    model: Answer | None
    api: Answer | None
    by: By
    names: tuple[str, ...]
    """Of the reviewers or judges."""
    disputed: bool
    score_action: ScoreAction | None
    """Of people; None where nobody settled it."""

    @property
    def falls(self) -> bool | None:
        """Whether the base model's score takes the run's place; None while that is open."""
        if self.score_action is ScoreAction.BASE_SCORE:
            return True
        if self.score_action is ScoreAction.STANDS:
            return False
        if self.score_action is not None or self.disputed:
            return None
        answers = (self.data, self.model)
        if Answer.VIOLATION in answers:
            return True
        return False if all(answer is Answer.CLEAN for answer in answers) else None


def settled(run: Reviewed) -> Settled:
    """People's standing verdicts, axis by axis; where no person decided, what the imported judges said."""
    people = standing(run.verdicts, run.manifest.recording_hash)
    if people:
        outcome = run.outcome
        return Settled(
            data=agreed(people, "data"),
            model=agreed(people, "model"),
            api=agreed(people, "api"),
            by=By.PEOPLE,
            names=tuple(one.reviewer for one in people),
            disputed=outcome is not None and outcome.disputed,
            score_action=outcome.score_action if outcome else None,
        )
    return before(run)


def before(run: Reviewed) -> Settled:
    """What the imported judges said; any violation among several counts, as in the benchmark's own pipeline."""
    judges = [one for one in run.verdicts if one.reviewer_kind is ReviewerKind.IMPORTED]
    return Settled(
        data=_worst(judges, "data"),
        model=_worst(judges, "model"),
        api=_worst(judges, "api"),
        by=By.JUDGES if judges else By.NOBODY,
        names=tuple(one.reviewer for one in judges),
        disputed=False,
        score_action=None,
    )


def _worst(verdicts: list[Verdict], axis: str) -> Answer | None:
    answers = answers_on(verdicts, axis)
    ranked = (Answer.VIOLATION, Answer.UNCLEAR, Answer.CLEAN)
    return next((answer for answer in ranked if answer in answers), None)
