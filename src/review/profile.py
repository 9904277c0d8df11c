"""How a rule profile turns facts into severities; the profiles themselves are data beside this package."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from store.errors import BadInput
from store.findings import Certainty, Finding, Intent, Reach, Severity

DEFAULT = "v1.1"
_OF_FEW_ROWS = {
    Intent.DELIBERATE: Severity.VIOLATION,
    Intent.UNKNOWN: Severity.SUSPICIOUS,
    Intent.ACCIDENTAL: Severity.NOTE,
}
"""What a violation is where no more samples are concerned than may be there by accident."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a profile says of one rule."""

    severity_by_reach: Mapping[Reach, Severity]
    """Of facts that are certain."""
    severity_by_fact: Mapping[str, Mapping[Reach, Severity]]
    """Likewise, of those of the rule's facts that it rules on apart (:attr:`Finding.fact`)."""
    tolerated_accidental_rows: int = 0
    """Training samples that may be there by accident: then a note, and suspicious where nobody can tell."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A version of the rules."""

    name: str
    content_hash: str
    """SHA-256 of the profile's file: which rules exactly a ruling was made by."""
    rules: Mapping[str, Rule]

    def severity(self, finding: Finding) -> Severity:
        """What these rules make of ``finding``; a rule they do not know makes a note."""
        rule = self.rules.get(finding.rule)
        if rule is None:
            return Severity.NOTE
        severity = rule.severity_by_fact.get(finding.fact, rule.severity_by_reach)[finding.reach]
        if severity is not Severity.VIOLATION:
            return severity
        if finding.certainty is not Certainty.CERTAIN:
            return Severity.SUSPICIOUS
        rows = finding.counts.rows
        if rows is None or not 0 < rows <= rule.tolerated_accidental_rows:
            return severity
        return _OF_FEW_ROWS[finding.intent]


@cache
def profile_names() -> tuple[str, ...]:
    """The profiles that ship with ptb."""
    folder = files("review").joinpath("profiles")
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


@cache
def load_profile(name: str = DEFAULT) -> Profile:
    """The profile of that name; raises :class:`BadInput` for an unknown one."""
    if name not in profile_names():
        raise BadInput(f"no rule profile {name!r}: choose {' or '.join(profile_names())}")
    raw = files("review").joinpath("profiles", f"{name}.toml").read_bytes()
    data = tomllib.loads(raw.decode())
    return Profile(
        name=data["name"],
        content_hash=hashlib.sha256(raw).hexdigest(),
        rules={rule: _rule(values) for rule, values in data["rules"].items()},
    )


def _rule(values: Mapping[str, object]) -> Rule:
    facts, tolerated = values.get("facts", {}), values.get("tolerated_accidental_rows", 0)
    assert isinstance(facts, dict)
    assert isinstance(tolerated, int)
    return Rule(
        _severities(values["reach"]), {fact: _severities(reach) for fact, reach in facts.items()}, tolerated
    )


def _severities(reach: object) -> Mapping[Reach, Severity]:
    assert isinstance(reach, dict)
    return {step: Severity(reach[step]) for step in Reach}
