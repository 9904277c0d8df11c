"""Ask about the findings of a run, each on its own, and keep every usable answer as one of a reviewer of kind model.

An endpoint that is down, slow or answers nonsense costs only its own answer; what a model says settles nothing, people
see it beside the imported judges.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from review.judge.endpoint import Endpoint
from review.judge.question import INSTRUCTIONS, Opinion, Rejected, opinion, question
from review.judge.rules import told
from review.reviewed import Reviewed
from store.errors import Unavailable
from store.findings import StandingFinding
from store.verdicts import Answer, ReviewerKind, Verdict, add_verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking about one finding."""

    finding_id: str
    rule: str
    opinion: Opinion | None
    """None where there is no usable answer."""
    problem: str | None
    verdict_id: str | None
    """Of the record that keeps it."""


def ask_about(
    run: Reviewed,
    findings: Sequence[StandingFinding],
    endpoint: Endpoint,
    tell: Callable[[Asked], None],
) -> list[Asked]:
    """Ask about each of ``findings``; ``tell`` hears of each as it is answered."""
    answers = []
    for standing in findings:
        asked = _ask(run, standing, endpoint)
        tell(asked)
        answers.append(asked)
    return answers


def _ask(run: Reviewed, standing: StandingFinding, endpoint: Endpoint) -> Asked:
    finding = standing.finding
    try:
        given = opinion(endpoint.ask(INSTRUCTIONS, question(standing)), standing)
    except (Unavailable, Rejected) as problem:
        return Asked(finding.finding_id, finding.rule, None, str(problem), None)
    kept = _keep(run, standing, endpoint, given)
    return Asked(finding.finding_id, finding.rule, given, None, kept.verdict_id)


def _keep(run: Reviewed, standing: StandingFinding, endpoint: Endpoint, given: Opinion) -> Verdict:
    finding, now = standing.finding, time.time_ns()
    axis = told(finding.rule).axis
    name = hashlib.sha256(f"{endpoint.model}\0{finding.finding_id}".encode()).hexdigest()[:16]

    def on(name: str) -> Answer | None:
        return given.answer if name == axis else None

    verdict = Verdict(
        run_id=run.manifest.run_id,
        verdict_id=f"model-{name}-{now}",
        ts=now,
        reviewer=f"{endpoint.model} on {finding.rule} {finding.finding_id}",
        reviewer_kind=ReviewerKind.MODEL,
        data=on("data"),
        model=on("model"),
        api=on("api"),
        tampering=on("tampering"),
        limits=on("limits"),
        template=on("template"),
        rationale=given.rationale,
        evidence=given.citations,
        recording_hash=run.manifest.recording_hash,
        profile=standing.profile,
    )
    add_verdict(run.review, verdict)
    return verdict
