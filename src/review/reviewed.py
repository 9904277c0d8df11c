"""All that was added to one run after it was recorded, read once: what the queue, Case, Findings and exports tell of it."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from store.assignments import is_blind, read_assignments
from store.findings import (
    CoverageState,
    Decision,
    FindingState,
    RuleResult,
    Scan,
    Severity,
    StandingFinding,
    read_added,
    read_scans,
    standing_findings,
)
from store.manifest import Manifest
from store.marks import Mark, read_marks
from store.overlay import Problem, Review
from store.scores import ScoreAttempt, read_scores
from store.verdicts import Outcome, Verdict, outcome, read_verdicts
from store.weight_checks import WeightCheckRecord, read_weight_checks

_REACH_RANK = ("ancestor", "trained", "executed", "written", "unknown", "superseded", "seen")
_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Reviewed:
    """One run and its review records."""

    folder: Path
    manifest: Manifest
    scans: tuple[Scan, ...]
    """Oldest first."""
    findings: tuple[StandingFinding, ...]
    """What stands and what was rejected, the gravest first."""
    decisions: tuple[Decision, ...]
    """Oldest first."""
    verdicts: tuple[Verdict, ...]
    """Oldest first."""
    marks: tuple[Mark, ...]
    scores: tuple[ScoreAttempt, ...]
    """Oldest first."""
    weight_checks: tuple[WeightCheckRecord, ...]
    """Oldest first."""
    problems: tuple[Problem, ...]
    """Review files that could not be read."""
    hidden: int = 0
    """Verdicts kept from a reader who is to decide blind; decisions of others on findings are kept back with them."""

    @property
    def review(self) -> Review:
        """Where more is kept."""
        return Review(self.folder, self.manifest.run_id)

    @cached_property
    def outcome(self) -> Outcome | None:
        """What people's verdicts come to."""
        return outcome(self.verdicts, self.manifest.recording_hash)

    @cached_property
    def results(self) -> dict[str, RuleResult]:
        """Each rule's latest answer."""
        return {result.rule: result for scan in self.scans for result in scan.results}

    @cached_property
    def standing(self) -> tuple[StandingFinding, ...]:
        """The findings that nobody rejected."""
        return tuple(one for one in self.findings if one.state is not FindingState.REJECTED)

    @property
    def unseen(self) -> tuple[RuleResult, ...]:
        """Rules that could not look, or not everywhere."""
        blind = (CoverageState.COULD_NOT_LOOK, CoverageState.PARTIAL)
        return tuple(
            one for one in self.results.values() if one.coverage.state in blind or one.coverage.not_seen
        )

    @property
    def measured(self) -> ScoreAttempt | None:
        """The latest attempt that can be the run's score."""
        fit = (one for one in reversed(self.scores) if one.counts_for(self.manifest.facts.benchmark))
        return next(fit, None)

    @property
    def score(self) -> float | None:
        """As measured, else as reported; a fraction."""
        measured = self.measured
        return measured.value if measured else self.manifest.facts.reported_score

    def word_on(self, finding_id: str) -> Decision | None:
        """The last word on a finding."""
        return next((one for one in reversed(self.decisions) if one.finding_id == finding_id), None)


def read_reviewed(folder: Path, manifest: Manifest, *, reader: str | None = None) -> Reviewed:
    """Read the review records of the run in ``folder``; what cannot be read stands in ``problems``.

    ``reader`` is the reviewer who looks: one who was asked to decide blind sees no verdict or decision of others before.
    """
    review = Review(folder, manifest.run_id)
    scans, scan_problems = read_scans(review)
    added, added_problems = read_added(review)
    verdicts, verdict_problems = read_verdicts(review)
    marks, mark_problems = read_marks(review)
    scores, score_problems = read_scores(review)
    checks, check_problems = read_weight_checks(review)
    asked, asked_problems = read_assignments(review)
    hidden = 0
    if reader is not None and is_blind(asked, verdicts, manifest.recording_hash, reader):
        own = [one for one in verdicts if one.reviewer == reader]
        hidden, verdicts = len(verdicts) - len(own), own
        added = replace(added, decisions=tuple(one for one in added.decisions if one.reviewer == reader))
    return Reviewed(
        folder=folder,
        manifest=manifest,
        scans=tuple(scans),
        findings=tuple(sorted(standing_findings(scans, added), key=gravity)),
        decisions=added.decisions,
        verdicts=tuple(verdicts),
        marks=tuple(marks),
        scores=tuple(scores),
        weight_checks=tuple(checks),
        problems=(
            *scan_problems,
            *added_problems,
            *verdict_problems,
            *mark_problems,
            *score_problems,
            *check_problems,
            *asked_problems,
        ),
        hidden=hidden,
    )


def gravity(standing: StandingFinding) -> tuple[object, ...]:
    """Sorts findings: rejected ones last, then by severity, reach and time."""
    finding = standing.finding
    return (
        standing.state is FindingState.REJECTED,
        _SEVERITY_RANK[standing.severity or Severity.NOTE],
        _REACH_RANK.index(finding.reach.value),
        finding.ts is None,
        finding.ts or 0,
        finding.finding_id,
    )
