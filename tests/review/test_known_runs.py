"""Figures on known runs: intervals, the line beside a finding, and figures that belong to another version."""

import pytest

from review.known_runs import KnownRuns, Part, Tally, Witness, rate, read_known_runs, track_record, wilson
from store.jsonio import dumps, loads


def known(*tallies: Tally, witness: Witness = Witness.RECORDING) -> KnownRuns:
    part = Part(False, witness, 10, 4, (), (), (), tallies)
    return KnownRuns("2026-11-22T00:00:00Z", "v1.1", (part,))


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(46, 46, 0.923, 1.0), (0, 10, 0.0, 0.278), (8, 10, 0.490, 0.943), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, of: int, low: float, high: float) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=0.001)


def test_a_share_never_stands_without_its_counts() -> None:
    assert rate(2, 2) == "2 of 2 (0.34-1.00)"
    assert rate(0, 0) == "none"


def test_the_line_beside_a_finding_counts_what_was_said_on_full_recordings() -> None:
    tally = Tally("api-misuse", "1", holding=3, right=2, missed=("c",), wrong=("d",))
    line = track_record("api-misuse", "1", known(tally))
    assert line == "known runs: 2 of 3 right (authored runs; 95 %: ≥ 0.21)"
    assert track_record("api-misuse", "1", known(tally, witness=Witness.TRANSCRIPT)) == "known runs: none"
    assert track_record("other", "1", known(tally)) == "known runs: none"


def test_figures_of_another_version_of_the_rule_say_so() -> None:
    line = track_record("api-misuse", "2", known(Tally("api-misuse", "1", holding=1, right=1)))
    assert line.endswith(", with version 1 of this rule")


def test_figures_survive_being_written() -> None:
    before = known(Tally("api-misuse", "1", holding=3, right=1, missed=("c",), wrong=("d",), short=("e",)))
    assert read_known_runs(loads(dumps(before))) == before
