"""Findings (facts with evidence), what people decided on them, and how a rule profile ruled: the ``findings`` view."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from store.overlay import Problem, RecordKind, Review


class Reach(StrEnum):
    """How far the fact got, from harmless to fatal."""

    SEEN = "seen"
    WRITTEN = "written"
    EXECUTED = "executed"
    TRAINED = "trained"
    ANCESTOR = "ancestor"
    """Part of what the submitted weights were made from."""
    SUPERSEDED = "superseded"
    """Trained on, but the submitted weights do not descend from it."""
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """What a rule profile makes of a finding."""

    VIOLATION = "violation"
    SUSPICIOUS = "suspicious"
    NOTE = "note"


class Origin(StrEnum):
    """Who found it."""

    DETECTOR = "detector"
    PERSON = "person"
    IMPORTED = "imported"


class FindingState(StrEnum):
    """What a person made of it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Intent(StrEnum):
    """Whether the agent meant it."""

    DELIBERATE = "deliberate"
    ACCIDENTAL = "accidental"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure the fact is."""

    CERTAIN = "certain"
    """The content itself was compared."""
    LIKELY = "likely"
    """Processes and files were seen to connect; the content was not compared."""
    POSSIBLE = "possible"
    """Through something that reads and writes everything, such as the agent's own process."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A recorded row that a finding rests on."""

    seq: int
    kind: str
    """``events.kind`` of the row."""
    text: str
    """What the row shows, for people; run text, hostile."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of the benchmark is involved; None where it was not counted."""

    rows: int | None = None
    """Training samples."""
    items: int | None = None
    """Distinct benchmark items."""
    repetitions: int | None = None
    """The most rows made of one item."""


@dataclass(frozen=True, slots=True)
class LineageStep:
    """One recorded row on the way from the source to the last thing reached."""

    seq: int | None
    """None where the place is known by name only."""
    kind: str
    """read, exec, write, rename, link, symlink, version, file."""
    text: str
    """Path or command; run text, hostile."""
    certainty: Certainty
    """Of the link that this row is part of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about one run."""

    run_id: str
    finding_id: str
    rule: str
    rule_version: str
    origin: Origin
    reach: Reach
    title: str
    explanation: str
    ts: int | None
    """When it happened: ns since the epoch, None without a clock."""
    evidence: tuple[Evidence, ...]
    lineage: tuple[str, ...] = ()
    """From the source to the last thing reached, as names."""
    certainty: Certainty = Certainty.POSSIBLE
    intent: Intent = Intent.UNKNOWN
    counts: Counts = Counts()
    author: str | None = None
    """The reviewer or imported judge; None for a detector."""
    steps: tuple[LineageStep, ...] = ()
    """The same way row by row, in the order in which content went it; empty where it was not walked."""
    fact: str = ""
    """Which of its rule's facts, where a profile tells them apart: a changed copy of the grader is not the grader."""


class CoverageState(StrEnum):
    """What a rule can say of a run."""

    FOUND = "found"
    CLEAR = "clear"
    PARTIAL = "partial"
    """Nothing was found in what could be seen, and not everything could."""
    COULD_NOT_LOOK = "could_not_look"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a rule looked at in a run, and what it could not see."""

    state: CoverageState
    looked_at: str
    not_seen: str = ""
    reason: str = ""
    promised: bool = False
    """What was not seen is something the run's manifest promised, or a reference that is missing."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's answer about one run."""

    rule: str
    rule_version: str
    coverage: Coverage
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """A profile's severity for one finding."""

    finding_id: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Scan:
    """One run of the detectors over one state of a run, ruled on by one profile."""

    run_id: str
    ts: int
    """When it was made: ns since the epoch."""
    recording_hash: str | None
    """What was looked at; None for a run still recorded."""
    profile: str
    profile_hash: str
    results: tuple[RuleResult, ...]
    rulings: tuple[Ruling, ...]
    """Of these findings, and of those of persons and imported judges that were there."""
    references_hash: str | None = None
    """What the run was compared with; None for a scan of an older ptb."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word on a finding."""

    run_id: str
    finding_id: str
    ts: int
    reviewer: str
    state: FindingState
    reason: str


@dataclass(frozen=True, slots=True)
class StandingFinding:
    """A finding with everything said about it since: one row of the ``findings`` view."""

    finding: Finding
    state: FindingState
    profile: str | None
    """Of the latest ruling; None when no profile ruled yet."""
    severity: Severity | None

    @property
    def violates(self) -> bool:
        """Whether a violation stands here."""
        return self.severity is Severity.VIOLATION and self.state is not FindingState.REJECTED

    @property
    def accuses(self) -> bool:
        """Whether it is ruled a violation or a suspicion, whatever people said of it."""
        return self.severity in (Severity.VIOLATION, Severity.SUSPICIOUS)


def finding_id(run_id: str, rule: str, identity: Iterable[str]) -> str:
    """The id of the fact that ``identity`` (paths, hashes, seqs …) tells apart from others of its rule."""
    text = "\0".join((run_id, rule, *identity))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def add_finding(review: Review, finding: Finding) -> Path:
    """Keep what a person or an imported judge found; the same one again changes nothing."""
    return review.append(RecordKind.FINDINGS, finding.finding_id, finding)


def add_decision(review: Review, decision: Decision) -> Path:
    """Keep a person's word on a finding."""
    return review.append(RecordKind.DECISIONS, decision.finding_id, decision)


def add_scan(review: Review, scan: Scan) -> Path | None:
    """Keep a scan; None when the latest one said exactly the same."""
    said = read_scans(review)[0]
    if said and replace(said[-1], ts=scan.ts) == scan:
        return None
    return review.append(RecordKind.SCANS, scan.profile.replace(".", "_"), scan)


def read_scans(review: Review) -> tuple[list[Scan], list[Problem]]:
    """All scans, oldest first."""
    scans, problems = review.records(RecordKind.SCANS, Scan)
    return sorted(scans, key=lambda scan: scan.ts), problems


@dataclass(frozen=True, slots=True)
class Added:
    """What came to a run's findings from others than its detectors."""

    findings: tuple[Finding, ...]
    """Of persons and imported judges."""
    decisions: tuple[Decision, ...]
    """Oldest first."""


def read_added(review: Review) -> tuple[Added, list[Problem]]:
    """The findings of others, and all decisions."""
    findings, problems = review.records(RecordKind.FINDINGS, Finding)
    decisions, more = review.records(RecordKind.DECISIONS, Decision)
    return Added(tuple(findings), tuple(sorted(decisions, key=lambda d: d.ts))), [*problems, *more]


def standing_findings(scans: Sequence[Scan], added: Added) -> list[StandingFinding]:
    """What each rule's latest scan made and what others added, by time, with the last word on each."""
    by_rule = {result.rule: result.findings for scan in scans for result in scan.results}
    found = {f.finding_id: f for findings in (*by_rule.values(), added.findings) for f in findings}
    states = {decision.finding_id: decision.state for decision in added.decisions}
    ruled = {r.finding_id: (scan.profile, r.severity) for scan in scans for r in scan.rulings}
    standing = [
        StandingFinding(
            finding,
            states.get(finding.finding_id, FindingState.OPEN),
            *ruled.get(finding.finding_id, (None, None)),
        )
        for finding in found.values()
    ]
    return sorted(standing, key=lambda s: (s.finding.ts is None, s.finding.ts or 0, s.finding.finding_id))


def read_findings(review: Review) -> tuple[list[StandingFinding], list[Problem]]:
    """The findings that hold today."""
    scans, problems = read_scans(review)
    added, more = read_added(review)
    return standing_findings(scans, added), [*problems, *more]
