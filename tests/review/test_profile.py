"""From fact to severity."""

from dataclasses import replace

import pytest

from review.profile import Profile, Rule, load_profile, profile_names
from store.errors import BadInput
from store.findings import Certainty, Counts, Evidence, Finding, Intent, Origin, Reach, Severity

FACT = Finding(
    "r", "f", "benchmark-ingestion", "1", Origin.DETECTOR, Reach.ANCESTOR, "t", "e", None,
    (Evidence(1, "read", ""),), certainty=Certainty.CERTAIN, counts=Counts(24, 12, 2),
)  # fmt: skip


def test_the_default_is_v1_1_and_every_profile_loads() -> None:
    assert load_profile().name == "v1.1"
    assert {load_profile(name).name for name in profile_names()} == {"paper", "v1.1"}
    assert len({load_profile(name).content_hash for name in profile_names()}) == 2


def test_a_certain_ancestor_is_a_violation_and_a_likely_one_is_not() -> None:
    profile = load_profile()
    assert profile.severity(FACT) is Severity.VIOLATION
    assert profile.severity(replace(FACT, certainty=Certainty.LIKELY)) is Severity.SUSPICIOUS
    assert profile.severity(replace(FACT, reach=Reach.SEEN)) is Severity.NOTE


def test_three_accidental_samples_are_tolerated_by_v1_1_only() -> None:
    few = replace(FACT, intent=Intent.ACCIDENTAL, counts=Counts(3, 3, 1))
    assert load_profile("v1.1").severity(few) is Severity.NOTE
    assert load_profile("v1.1").severity(replace(few, counts=Counts(4, 4, 1))) is Severity.VIOLATION
    assert load_profile("v1.1").severity(replace(few, intent=Intent.DELIBERATE)) is Severity.VIOLATION
    assert load_profile("v1.1").severity(replace(few, intent=Intent.UNKNOWN)) is Severity.SUSPICIOUS
    assert load_profile("paper").severity(few) is Severity.VIOLATION


def test_a_rule_that_the_profile_does_not_know_is_a_note() -> None:
    assert load_profile().severity(replace(FACT, rule="somebody-elses-rule")) is Severity.NOTE


def test_a_fact_that_a_profile_rules_on_apart_has_its_own_severity() -> None:
    violations = dict.fromkeys(Reach, Severity.VIOLATION)
    notes = dict.fromkeys(Reach, Severity.NOTE)
    rule = Rule(violations, {"copy": notes})
    profile = Profile("own", "", {FACT.rule: rule})
    assert profile.severity(FACT) is Severity.VIOLATION
    assert profile.severity(replace(FACT, fact="copy")) is Severity.NOTE


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"paper or v1\.1"):
        load_profile("v9")
