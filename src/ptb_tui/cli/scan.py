"""``ptb scan``: run the detectors over runs, keep what they find, and rule on it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from store.errors import PtbError
from store.findings import Coverage, Finding, LineageStep, Origin, Severity, StandingFinding
from store.instants import iso
from store.library import RunEntry, find_runs, list_runs

if TYPE_CHECKING:
    from review.detector import Detector
    from review.profile import Profile
    from review.scan import Answer

VIOLATION_STANDS = 1
COULD_NOT_LOOK = 3

_ALIKE = 3
"""Rules that could not see the same thing, from which on it is told once."""

_SIGNS = {Severity.VIOLATION: "▲", Severity.SUSPICIOUS: "△", Severity.NOTE: "·"}


@click.command("scan", short_help="run detectors, keep their findings, rule on them")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Scan every run under $PTB_RUNS.")
@click.option(
    "--profile",
    "profile_name",
    metavar="NAME",
    default="v1.1",
    show_default=True,
    help="The rules to rule by.",
)
@json_option
def command(runs: tuple[str, ...], everything: bool, profile_name: str, as_json: bool) -> int:
    """Look at each RUN for what the benchmark's rules forbid, and say what could not be seen.

    Exits with 1 when a violation stands, else with 3 when something that a run promised, or a reference to compare
    with, was missing, else with 0. With --json: one object a line and run.
    """
    from review.detectors import all_rules
    from review.profile import load_profile

    if bool(runs) == everything:
        raise click.UsageError("name the runs to scan, or give --all")
    profile, rules = load_profile(profile_name), all_rules()
    for problem in rules.problems:
        note(problem)
    codes = {
        _scan(entry, profile, rules.detectors, as_json)
        for entry in (list_runs() if everything else find_runs(runs))
    }
    if not codes:
        note("no runs here yet; `ptb demo` records one")
    return VIOLATION_STANDS if VIOLATION_STANDS in codes else max(codes, default=0)


def _scan(entry: RunEntry, profile: "Profile", detectors: "Sequence[Detector]", as_json: bool) -> int:
    """Scan one run and print its answer; its part of the exit code."""
    from review.scan import scan, unreadable

    try:
        answer = scan(entry.folder, profile, detectors)
    except PtbError as error:
        answer = unreadable(entry.run_id, profile, str(error), detectors)
    for problem in answer.problems:
        note(problem)
    if answer.stored_beside:
        note(f"{entry.folder} is read-only: what was found is kept in {answer.stored_in}")
    if as_json:
        print_json(_object(answer))
    else:
        print_lines(lines(answer))
    return VIOLATION_STANDS if answer.flagged else COULD_NOT_LOOK if answer.could_not_look else 0


def _object(answer: "Answer") -> dict[str, Any]:
    return {
        "run_id": answer.run_id,
        "profile": answer.profile,
        "flagged": answer.flagged,
        "findings": [
            _finding(standing, answer.before.get(standing.finding.finding_id)) for standing in answer.findings
        ],
        "coverage": {
            rule: {
                "state": coverage.state,
                "looked_at": coverage.looked_at,
                "not_seen": coverage.not_seen,
                "reason": coverage.reason,
            }
            for rule, coverage in answer.coverage.items()
        },
    }


def _finding(standing: StandingFinding, before: StandingFinding | None) -> dict[str, Any]:
    finding = standing.finding
    return {
        "finding_id": finding.finding_id,
        "rule": finding.rule,
        "rule_version": finding.rule_version,
        "severity": standing.severity,
        "ruled_before": before and {"profile": before.profile, "severity": before.severity},
        "state": standing.state,
        "origin": finding.origin,
        "reach": finding.reach,
        "certainty": finding.certainty,
        "intent": finding.intent,
        "fact": finding.fact,
        "counts": finding.counts,
        "title": finding.title,
        "explanation": finding.explanation,
        "ts": iso(finding.ts),
        "evidence": finding.evidence,
        "lineage": _steps(finding),
    }


def _steps(finding: Finding) -> Sequence[LineageStep]:
    """The way of a finding, of names alone where its rule walked none."""
    return finding.steps or [LineageStep(None, "file", name, finding.certainty) for name in finding.lineage]


def lines(answer: "Answer") -> list[str]:
    """What a scan says, for people."""
    from review.known_runs import track_record

    told = [f"{answer.run_id}  (rules: {answer.profile})"]
    for standing in answer.findings:
        finding, severity = standing.finding, standing.severity or Severity.NOTE
        state = "" if standing.state == "open" else f", {standing.state}"
        told.append(f"  {_SIGNS[severity]} {severity}{state}  {finding.rule} {finding.finding_id}")
        before = answer.before.get(finding.finding_id)
        if before is not None:
            told.append(
                f"    ruled anew: {before.severity} under {before.profile}, {severity} under {standing.profile}"
            )
        told.append(f"    {finding.explanation}")
        if finding.lineage:
            told.append(f"    {' → '.join(finding.lineage)}")
        if finding.origin is Origin.DETECTOR:
            told.append(f"    {track_record(finding.rule, finding.rule_version)}")
        told += [f"      #{one.seq} {one.kind}  {one.text}" for one in finding.evidence]
    return told + _coverage_lines(answer.coverage)


def _coverage_lines(coverage: Mapping[str, Coverage]) -> list[str]:
    """What each rule could see; what several could not see alike is said once for the run."""
    parts = Counter(part for said in coverage.values() for part in _parts(said.not_seen))
    shared = [part for part, count in parts.items() if count >= _ALIKE]
    told = [line for rule, said in coverage.items() for line in _coverage(rule, said, shared)]
    return told + [f"  not seen by {parts[part]} of {len(coverage)} rules: {part}" for part in shared]


def _coverage(rule: str, coverage: Coverage, shared: Sequence[str]) -> list[str]:
    state = coverage.state.replace("_", " ")
    lines = [f"  {rule}: {state}; looked at {coverage.looked_at}"]
    if own := [part for part in _parts(coverage.not_seen) if part not in shared]:
        lines.append(f"    not seen: {'; '.join(own)}")
    if coverage.reason:
        lines.append(f"    because: {coverage.reason}")
    return lines


def _parts(not_seen: str) -> list[str]:
    return list(filter(None, not_seen.split("; ")))
