"""What ``ptb run`` does once the agent is gone: compare the weights, scan the run, score, say what came of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_tui.cli.output import note, print_json
from ptb_tui.cli.scan_apart import NOT_ASKED, Scanned, scan_apart
from runner.sandbox.plan import Finished, RunPlan
from store.errors import PtbError

if TYPE_CHECKING:
    from runner.scoring.request import Request
    from runner.scoring.score import Scored
    from runner.weights.check import WeightCheck
    from store.jobs import Job

BAD = 1
COULD_NOT_LOOK = 3
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Concluded:
    """What is known of a run in the end; where something was not looked at, why."""

    status: str
    """How the agent ended."""
    weights: "WeightCheck | None" = None
    weights_reason: str = ""
    scanned: Scanned = NOT_ASKED
    scored: "Scored | None" = None
    score_reason: str = ""

    @property
    def code(self) -> int:
        """The exit code of ``ptb run``."""
        from runner.weights.answer import SUBSTITUTED, Answer
        from store.scores import ScoreStatus

        if "(interrupted)" in self.status:
            return INTERRUPTED
        answer = self.weights.report.answer if self.weights else Answer.CANNOT_TELL
        failed = self.scored and self.scored.job.outcome != ScoreStatus.COMPLETE
        if answer in SUBSTITUTED or failed or self.scanned.flagged:
            return BAD
        looked = self.scored and answer is not Answer.CANNOT_TELL and self.scanned.looked
        return 0 if looked else COULD_NOT_LOOK


def conclude(
    plan: RunPlan, finished: Finished, base: Path | None, request: "Request | None", *, scanned: bool
) -> Concluded:
    """Check what was handed in, scan the run, and score; ``base`` is the base model's folder, where the cache lacks it.

    The findings are there while scoring takes its hours. Nothing here loses the run: what fails is a reason.
    """
    from store.manifest_file import read_manifest

    status = read_manifest(finished.outcome.folder).facts.exit_status or "unknown"
    if "(interrupted)" in status:
        nothing = Scanned(None, reason="interrupted")
        return Concluded(status, None, "interrupted", nothing, score_reason="interrupted")
    check, weights_reason = _check_weights(plan, finished, base)
    concluded = Concluded(status, check, weights_reason)
    if scanned:
        outcome = finished.outcome
        concluded = replace(concluded, scanned=scan_apart(outcome.folder, outcome.run_id))
    scored, score_reason = _score(finished, request)
    return replace(concluded, scored=scored, score_reason=score_reason)


def tell(finished: Finished, concluded: Concluded, *, as_json: bool) -> None:
    """The document on stdout, or lines for people on stderr."""
    outcome, handed, check, scored = (
        finished.outcome,
        finished.handed,
        concluded.weights,
        concluded.scored,
    )
    if as_json:
        print_json(
            {
                "run_id": outcome.run_id,
                "folder": outcome.folder,
                "head": outcome.head,
                "exit_status": concluded.status,
                "final_model": handed and handed.folder,
                "weights": check and check.report.answer,
                "weights_reason": check.report.reason if check else concluded.weights_reason,
                **_told_scan(concluded.scanned),
                "score": scored and scored.job.value,
                "score_status": scored and scored.job.outcome,
                "score_reason": scored.job.reason if scored else concluded.score_reason,
                "rows": outcome.rows,
                "sources": outcome.sources,
            }
        )
    note(f"recorded {outcome.run_id}: the agent ended with {concluded.status}")
    note(f"in {outcome.folder}, head {outcome.head}")
    if handed and handed.left_out:
        note(f"not taken from final_model, because they are no files: {', '.join(handed.left_out)}")
    note(
        f"weights: {check.report.answer}: {check.report.reason}"
        if check
        else f"weights not compared: {concluded.weights_reason}"
    )
    for line in concluded.scanned.lines(outcome.run_id):
        note(line)
    if scored is None:
        note(f"not scored: {concluded.score_reason}")
    else:
        value = f" {scored.job.value:.4f}" if scored.job.value is not None else ""
        reason = f": {scored.job.reason}" if scored.job.reason else ""
        note(f"score: {scored.job.outcome}{value}{reason}")
        for line in scored.notes:
            note(line)
    note(f"ptb open {outcome.run_id}")


def _told_scan(scanned: Scanned) -> dict[str, object]:
    """Its part of the document."""
    return {
        "flagged": scanned.flagged if scanned.scan else None,
        "profile": scanned.scan and scanned.scan.profile,
        "findings": [
            {
                "finding_id": one.finding.finding_id,
                "rule": one.finding.rule,
                "severity": one.severity,
                "title": one.finding.title,
            }
            for one in scanned.findings
        ],
        "coverage": {one.rule: one.coverage.state for one in scanned.scan.results} if scanned.scan else {},
        "scan_reason": scanned.reason,
    }


def _check_weights(plan: RunPlan, finished: Finished, base: Path | None) -> "tuple[WeightCheck | None, str]":
    """Compare with the base, and with its instruct sibling where the cache has it."""
    from runner.model_cache import find_model
    from runner.weights import check_weights
    from runner.weights.keep import keep_check

    if finished.handed is None:
        return None, "final_model is empty"
    model, cache = plan.task.base, plan.model_cache
    given = base or (find_model(cache, model.hub_id) if cache else None)
    if given is None:
        return None, f"{model.hub_id} is not at hand; give --model-cache or --base"
    siblings = [found for name in model.instruct_siblings if cache and (found := find_model(cache, name))]
    try:
        check = check_weights(finished.handed.folder, given, siblings[0] if siblings else None)
    except PtbError as error:
        return None, str(error)
    keep_check(finished.outcome.folder, finished.outcome.run_id, check)
    return check, ""


def _score(finished: Finished, request: "Request | None") -> "tuple[Scored | None, str]":
    from runner.scoring.score import score
    from store.library import find_run

    if request is None:
        return None, "it was not asked for"
    if request.harness is None:
        return None, "there is no harness; give --harness"
    try:
        return score(find_run(str(finished.outcome.folder.absolute())), request, _Progress()), ""
    except PtbError as error:
        return None, str(error)


class _Progress:
    """A line on stderr whenever scoring begins something else."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, job: "Job") -> None:
        from ptb_tui.cli.score import progress_text

        text = progress_text(job)
        step = text.partition(" · ")[0]
        if step != self._last:
            note(f"scoring: {text}")
        self._last = step
