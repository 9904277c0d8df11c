"""``ptb verdict``: a reviewer's decision on a run, from a script; without an answer, the decisions there are."""

import time
from typing import Any

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_table
from ptb_tui.cli.reviewer import note_where, reviewer_option
from review.reviewed import read_reviewed
from store.counting import counted
from store.ids import slug
from store.instants import iso
from store.library import RunEntry, find_run
from store.overlay import Review
from store.verdicts import AXES, Answer, ReviewerKind, ScoreAction, Verdict, add_verdict

_ANSWERS = click.Choice([answer.value for answer in Answer])


@click.command("verdict", short_help="decide on a run, or list the decisions on it")
@click.argument("run")
@click.option("--data", type=_ANSWERS, help="Was it trained on what is closed to training?")
@click.option("--model", type=_ANSWERS, help="Does the model descend from another than the base?")
@click.option("--api", type=_ANSWERS, help="Was a hosted model used?")
@click.option("--tampering", type=_ANSWERS, help="Was the grader or the framework changed?")
@click.option("--limits", type=_ANSWERS, help="Were time or place overstepped?")
@click.option("--template", type=_ANSWERS, help="Was the chat template bent?")
@click.option(
    "--score-action",
    type=click.Choice([action.value for action in ScoreAction]),
    help="What becomes of the score.",
)
@click.option("--rationale", default="", help="Why, for those who read it later; needed for a decision.")
@click.option(
    "--seq", "seqs", type=int, multiple=True, metavar="N", help="An event that it rests on; repeatable."
)
@reviewer_option
@json_option
def command(
    run: str,
    score_action: str | None,
    rationale: str,
    seqs: tuple[int, ...],
    reviewer: str,
    as_json: bool,
    **axes: str | None,
) -> None:
    """Decide on RUN by axes, with a rationale; pinned to the recording as it is now.

    A decision is never changed; a later one of the same reviewer replaces it. Without any answer: list what there is.
    """
    entry = find_run(run)
    review = Review(entry.folder, entry.run_id)
    if any(axes.values()) or score_action:
        _decide(entry, review, axes, score_action, rationale, seqs, reviewer)
    elif rationale or seqs:
        raise click.UsageError("a decision needs an answer: --data, --model … or --score-action")
    assert entry.manifest is not None
    reviewed = read_reviewed(entry.folder, entry.manifest, reader=reviewer)
    for problem in reviewed.problems:
        note(f"{problem.path}: {problem.reason}")
    if reviewed.hidden:
        note(
            f"{counted(reviewed.hidden, 'verdict of others is hidden', 'verdicts of others are hidden')}: {reviewer} is to decide on {entry.run_id} blind"
        )
    told = [_object(entry, verdict) for verdict in reviewed.verdicts]
    if as_json:
        print_json(told)
    elif told:
        fields = ("ts", "reviewer", "reviewer_kind", *AXES, "score_action", "stale", "rationale")
        print_table(
            [Field(name) for name in fields], ([verdict[name] for name in fields] for verdict in told)
        )
    else:
        note(f"nobody decided on {entry.run_id} yet")


def _decide(
    entry: RunEntry,
    review: Review,
    axes: dict[str, str | None],
    score_action: str | None,
    rationale: str,
    seqs: tuple[int, ...],
    reviewer: str,
) -> None:
    if not rationale.strip():
        raise click.UsageError("a decision needs its reason: --rationale")
    assert entry.manifest is not None
    now = time.time_ns()
    verdict = Verdict(
        run_id=entry.run_id,
        verdict_id=f"{slug(reviewer)}-{now}",
        ts=now,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.HUMAN,
        **{axis: Answer(given) if given else None for axis, given in axes.items()},
        score_action=ScoreAction(score_action) if score_action else None,
        rationale=rationale,
        evidence=seqs,
        recording_hash=entry.manifest.recording_hash,
    )
    note_where(review, add_verdict(review, verdict))


def _object(entry: RunEntry, verdict: Verdict) -> dict[str, Any]:
    assert entry.manifest is not None
    return {
        "run_id": verdict.run_id,
        "verdict_id": verdict.verdict_id,
        "ts": iso(verdict.ts),
        "reviewer": verdict.reviewer,
        "reviewer_kind": verdict.reviewer_kind,
        **{axis: getattr(verdict, axis) for axis in AXES},
        "score_action": verdict.score_action,
        "rationale": verdict.rationale,
        "evidence": verdict.evidence,
        "stale": verdict.is_stale(entry.manifest.recording_hash),
    }
