"""Run every detector over a run, rule on what they found, and keep both beside the run.

A recording that was looked at before by the same rules, and compared with the same references, is not looked at again:
another profile only rules anew.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from review.detector import Detector, RunView
from review.profile import Profile
from review.references.held import references_hash
from review.rules.api_misuse import ApiMisuse
from review.rules.architecture import ArchitectureSwitch
from review.rules.contaminated import ContaminatedSource
from review.rules.eval_guided import EvalGuidedData
from review.rules.hardcoded import HardcodedItems
from review.rules.harness import HarnessTamper
from review.rules.ingestion import BenchmarkIngestion
from review.rules.left_behind import LeftBehind
from review.rules.limit_evasion import LimitEvasion
from review.rules.overrun import Overrun
from review.rules.recorder_evasion import RecorderEvasion
from review.rules.said_numbers import SaidNumbers
from review.rules.said_of_eval_data import SaidOfEvalData
from review.rules.say_do import Claims
from review.rules.substitution import ModelSubstitution
from review.rules.timer_told import TimerTold
from review.rules.told_ingestion import ToldIngestion
from review.rules.unsaid import Unsaid
from review.run_view import open_run_view
from review.sql_rule import shipped_rule
from review.together import Together
from store.damage import damaged_segments, tell_damage
from store.errors import PtbError
from store.findings import (
    Coverage,
    CoverageState,
    RuleResult,
    Ruling,
    Scan,
    StandingFinding,
    add_scan,
    read_added,
    read_scans,
    standing_findings,
)
from store.manifest import Segment
from store.manifest_file import read_manifest
from store.overlay import Review
from store.weight_checks import read_weight_checks

DETECTORS: tuple[Detector, ...] = (
    Together((BenchmarkIngestion(), ToldIngestion())),
    HardcodedItems(),
    ContaminatedSource(),
    ModelSubstitution(),
    ArchitectureSwitch(),
    HarnessTamper(),
    EvalGuidedData(),
    ApiMisuse(),
    Together(
        (
            LimitEvasion(),
            LeftBehind(),
            TimerTold(),
            Overrun(),
        )
    ),
    Together(
        (
            RecorderEvasion(),
            *(
                shipped_rule(name)
                for name in ("recorder-fileless.sql", "recorder-masked.sql", "recorder-gaps.sql")
            ),
        )
    ),
    Together(
        (
            Claims(),
            SaidOfEvalData(),
            SaidNumbers(),
            Unsaid(),
            shipped_rule("say-do-unseen.sql"),
            shipped_rule("say-do-idle-gpu.sql"),
        )
    ),
)
"""All rules, in the order in which coverage is told."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scan says of one run."""

    run_id: str
    profile: str
    findings: tuple[StandingFinding, ...]
    coverage: dict[str, Coverage]
    """By rule."""
    stored_in: Path | None
    """The file that keeps the scan, where it is new."""
    stored_beside: bool
    """It had to go to the user's state folder, because the run's cannot be written."""
    before: Mapping[str, StandingFinding] = field(default_factory=dict)
    """By ``finding_id``, those that the scan before this one ruled on in another way, as it did."""
    problems: tuple[str, ...] = ()
    """What went wrong beside the look itself: review records that were edited, a scan that could not be kept."""

    @property
    def flagged(self) -> bool:
        """Whether a violation stands."""
        return any(finding.violates for finding in self.findings)

    @property
    def could_not_look(self) -> bool:
        """Whether something promised by the manifest, or a reference, was missing."""
        return any(coverage.promised for coverage in self.coverage.values())


def scan(folder: Path, profile: Profile, detectors: Sequence[Detector] = DETECTORS) -> Answer:
    """Look at the run in ``folder``, rule, keep the scan, and say what stands.

    Raises :class:`PtbError` when the folder is no readable run. A detector that fails costs only its own answer.
    """
    manifest = read_manifest(folder)
    review = Review(folder, manifest.run_id)
    scans, problems = read_scans(review)
    added, more_problems = read_added(review)
    damaged = damaged_segments(folder, manifest)
    checks, _ = read_weight_checks(review)
    references = references_hash()
    still_holds = [
        scan
        for scan in scans
        if scan.references_hash == references and (not checks or scan.ts > checks[-1].ts)
    ]
    results = () if damaged else _known(still_holds, manifest.recording_hash, detectors)
    results = results or tuple(_less(result, damaged) for result in look(folder, detectors))
    made = [finding for result in results for finding in result.findings]
    now = Scan(
        run_id=manifest.run_id,
        ts=time.time_ns(),
        recording_hash=None if damaged else manifest.recording_hash,
        profile=profile.name,
        profile_hash=profile.content_hash,
        results=results,
        rulings=tuple(Ruling(f.finding_id, profile.severity(f)) for f in (*made, *added.findings)),
        references_hash=references,
    )
    trouble = [f"{problem.path}: {problem.reason}" for problem in (*problems, *more_problems)]
    stored = None
    try:
        stored = add_scan(review, now)
    except PtbError as error:
        trouble.append(f"the scan was not kept: {error}")
    findings = tuple(standing_findings([*scans, now], added))
    return Answer(
        run_id=manifest.run_id,
        profile=profile.name,
        findings=findings,
        before=_other_rulings(standing_findings(scans, added), findings),
        coverage={result.rule: result.coverage for result in results},
        stored_in=stored,
        stored_beside=stored is not None and review.is_in_state_folder(stored),
        problems=tuple(trouble),
    )


def look(folder: Path, detectors: Sequence[Detector] = DETECTORS) -> tuple[RuleResult, ...]:
    """What each detector says of the run in ``folder``; keeps nothing.

    Raises :class:`PtbError` when the folder is no readable run. A detector that fails costs only its own answer.
    """
    with open_run_view(folder) as run:
        return tuple(_ask(detector, run) for detector in detectors)


def unreadable(
    run_id: str, profile: Profile, reason: str, detectors: Sequence[Detector] = DETECTORS
) -> Answer:
    """The answer for a run that cannot be opened: nobody could look."""
    blind = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "everything", reason, promised=True)
    coverage = {detector.rule: blind for detector in detectors}
    return Answer(run_id, profile.name, (), coverage, None, stored_beside=False, problems=())


def _less(result: RuleResult, damaged: tuple[Segment, ...]) -> RuleResult:
    """The answer of a rule that could not read all that was recorded: never "clear", and not everything was seen."""
    if not damaged:
        return result
    said = result.coverage
    state = CoverageState.PARTIAL if said.state is CoverageState.CLEAR else said.state
    not_seen = "; ".join(filter(None, (tell_damage(damaged), said.not_seen)))
    return replace(result, coverage=replace(said, state=state, not_seen=not_seen, promised=True))


def _known(
    scans: Sequence[Scan], recording_hash: str | None, detectors: Sequence[Detector]
) -> tuple[RuleResult, ...]:
    """What the same rules said of the same recording; empty when they have not looked yet."""
    rules = [(detector.rule, detector.version) for detector in detectors]
    for scan in reversed(scans):
        looked = [(result.rule, result.rule_version) for result in scan.results]
        if recording_hash is not None and scan.recording_hash == recording_hash and looked == rules:
            return scan.results
    return ()


def _other_rulings(
    before: Sequence[StandingFinding], now: Sequence[StandingFinding]
) -> dict[str, StandingFinding]:
    severities = {standing.finding.finding_id: standing.severity for standing in now}
    return {
        one.finding.finding_id: one
        for one in before
        if one.severity and severities.get(one.finding.finding_id, one.severity) != one.severity
    }


def _ask(detector: Detector, run: RunView) -> RuleResult:
    try:
        return detector.look(run)
    except PtbError as error:
        coverage = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "everything", str(error), promised=True)
        return RuleResult(detector.rule, detector.version, coverage)
