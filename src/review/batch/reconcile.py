"""Where people's verdicts on a case differ, and the one that settles it."""

import time
from collections.abc import Mapping

from review.reviewed import Reviewed
from store.errors import BadInput
from store.ids import slug
from store.verdicts import AXES, Answer, ReviewerKind, ScoreAction, Verdict, agreed, answers_on, of_people

_ACTION = "score action"


def side_by_side(run: Reviewed) -> dict[str, dict[str, str | None]]:
    """By axis, then by reviewer, what people answered; their latest verdicts on this recording."""
    humans = of_people(run.verdicts, run.manifest.recording_hash)
    return {
        **{axis: {one.reviewer: _text(getattr(one, axis)) for one in humans} for axis in AXES},
        _ACTION: {one.reviewer: _text(one.score_action) for one in humans},
    }


def reconcile(
    run: Reviewed,
    answers: Mapping[str, Answer],
    score_action: ScoreAction | None,
    rationale: str,
    by: str,
) -> Verdict:
    """The verdict that settles a case: what people agree on, and ``answers`` where they differ.

    Raises :class:`BadInput` for an axis on which they differ and that ``answers`` leaves open, and where fewer than two
    people decided.
    """
    humans = of_people(run.verdicts, run.manifest.recording_hash)
    if len(humans) < 2:
        raise BadInput(
            f"{run.manifest.run_id} has {len(humans)} verdicts of people: there is nothing to reconcile"
        )
    settled = {axis: answers.get(axis) or agreed(humans, axis) for axis in AXES}
    open_axes = [
        axis for axis, answer in settled.items() if answer is None and len(answers_on(humans, axis)) > 1
    ]
    actions = {one.score_action for one in humans}
    action = score_action or (actions.pop() if len(actions) == 1 else None)
    if action is None and len(actions) > 1:
        open_axes.append(_ACTION)
    if open_axes:
        raise BadInput(
            f"people differ on {', '.join(open_axes)} of {run.manifest.run_id}: give --answer AXIS=ANSWER or "
            "--score-action for each"
        )
    now = time.time_ns()
    return Verdict(
        run_id=run.manifest.run_id,
        verdict_id=f"reconciled-{slug(by)}-{now}",
        ts=now,
        reviewer=by,
        reviewer_kind=ReviewerKind.RECONCILED,
        **{axis: settled[axis] for axis in AXES},
        score_action=action,
        rationale=rationale,
        evidence=tuple(sorted({seq for one in humans for seq in one.evidence})),
        recording_hash=run.manifest.recording_hash,
    )


def _text(value: Answer | ScoreAction | None) -> str | None:
    return None if value is None else value.value
