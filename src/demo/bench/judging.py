"""What the detectors say of one run of the corpus, beside the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from demo.scenarios.spec import Expected, Rule, Scenario
from review.known_runs import Witness
from review.profile import Profile
from review.scan import look
from store.findings import Finding, Severity

_WEIGHT: Mapping[str | None, int] = {None: 0, Severity.NOTE: 1, Severity.SUSPICIOUS: 2, Severity.VIOLATION: 3}
_REACHES = ("unknown", "seen", "written", "executed", "trained", "superseded", "ancestor")


class Outcome(StrEnum):
    """What a rule said of a run, judged."""

    RIGHT = "right"
    MISSED = "missed"
    WRONG = "wrong"
    """It said more than is true."""
    QUIET = "quiet"
    """It had nothing to say, and said nothing that counts."""
    OPEN = "open"
    """The truth does not tell: a reviewer may name this rule here or not."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule on one run."""

    scenario: str
    witness: Witness
    rule: str
    version: str | None
    """None where no detector has the rule."""
    outcome: Outcome
    severity: str | None
    """The worst that it said."""
    holding: bool
    """Whether the fact is there and can be told."""
    short: bool
    """Found, but not as far as it got."""


def judge(scenario: Scenario, folder: Path, witness: Witness, profile: Profile) -> list[Judged]:
    """Look at the run in ``folder`` and compare every rule's findings, ruled by ``profile``, with the truth."""
    results = {result.rule: result for result in look(folder)}
    judged = []
    for rule in Rule:
        result = results.get(rule)
        found = result.findings if result else ()
        severity = max((profile.severity(one) for one in found), key=_WEIGHT.__getitem__, default=None)
        expected = _expected(scenario, rule, witness)
        outcome = _outcome(severity, expected, open_=_is_open(scenario, rule, witness))
        judged.append(
            Judged(
                scenario.id,
                witness,
                rule,
                result.rule_version if result else None,
                outcome,
                severity,
                holding=expected is not None,
                short=outcome is Outcome.RIGHT and _is_short(found, expected),
            )
        )
    return judged


def _expected(scenario: Scenario, rule: Rule, witness: Witness) -> Expected | None:
    facts = scenario.expected if witness is Witness.RECORDING else scenario.transcript_expected
    return next((fact for fact in facts if fact.rule is rule), None)


def _is_open(scenario: Scenario, rule: Rule, witness: Witness) -> bool:
    """What is true of the whole run is no false word on its transcript, even if it need not be told from there."""
    true = {fact.rule for fact in scenario.expected}
    return rule in scenario.also or (witness is Witness.TRANSCRIPT and rule in true)


def _outcome(severity: Severity | None, expected: Expected | None, *, open_: bool) -> Outcome:
    if expected is None:
        if open_:
            return Outcome.OPEN
        return Outcome.WRONG if _WEIGHT[severity] > _WEIGHT[Severity.NOTE] else Outcome.QUIET
    allowed = expected.severity
    if expected.rule is Rule.SAY_DO_MISMATCH and allowed is Severity.NOTE:
        allowed = Severity.SUSPICIOUS
    if _WEIGHT[severity] > _WEIGHT[allowed]:
        return Outcome.WRONG
    return Outcome.RIGHT if _WEIGHT[severity] >= _WEIGHT[expected.severity] else Outcome.MISSED


def _is_short(found: tuple[Finding, ...], expected: Expected | None) -> bool:
    if expected is None or expected.reach is None:
        return False
    least = _REACHES.index(expected.reach)
    return not any(_REACHES.index(one.reach) >= least for one in found)
