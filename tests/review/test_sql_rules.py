"""Rule files: findings from rows, coverage, what is wrong in a file, and where files are found."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from review import detectors
from review.detector import Detector, RunView
from review.detectors import all_rules
from review.scan import DETECTORS, look
from review.sql_rule import read_rule
from review.together import Together
from store.errors import BadInput
from store.findings import Certainty, CoverageState, Reach, RuleResult
from tests.review.runs import Story

HEADER = """\
-- rule: deletes-logs
-- version: 3
-- title: a log was deleted
-- explanation: what was in it
--   cannot be read any more
-- needs: kernel
-- looks-at: processes
-- reach: executed
-- certainty: certain
"""
STATEMENT = """\
SELECT seq, 'log' AS subject,
  'deleted by ' || argv AS title
FROM processes
WHERE argv LIKE 'rm %.log'
"""


def run_with(folder: Path, *commands: str, kernel: bool = True) -> Path:
    story = Story(folder, kernel=kernel)
    story.say("I clean up")
    for command in commands:
        story.start(command)
    return story.end()


def only(folder: Path, text: str) -> RuleResult:
    (result,) = look(folder, [read_rule(text, "mine.sql")])
    return result


def test_rows_of_one_subject_are_one_finding_with_their_evidence(tmp_path: Path) -> None:
    run = run_with(tmp_path / "run", "rm a.log", "ls", "rm b.log")
    result = only(run, HEADER + STATEMENT)
    (finding,) = result.findings
    assert (finding.rule, finding.rule_version, finding.title) == ("deletes-logs", "3", "deleted by rm a.log")
    assert finding.explanation == "what was in it cannot be read any more"
    assert (finding.reach, finding.certainty) == (Reach.EXECUTED, Certainty.CERTAIN)
    assert [one.kind for one in finding.evidence] == ["process", "process"]
    assert result.coverage.state is CoverageState.FOUND
    assert result.coverage.looked_at == "4 processes"
    assert only(run, HEADER + STATEMENT).findings == result.findings, "ids survive another look"


def test_nothing_found_is_clear_and_without_its_witness_it_could_not_look(tmp_path: Path) -> None:
    clear = only(run_with(tmp_path / "clear", "ls"), HEADER + STATEMENT)
    assert (clear.coverage.state, clear.findings) == (CoverageState.CLEAR, ())
    blind = only(run_with(tmp_path / "blind", kernel=False), HEADER + STATEMENT)
    assert blind.coverage.state is CoverageState.COULD_NOT_LOOK
    assert blind.coverage.not_seen == "processes, file accesses and connections"
    wanting = HEADER.replace("needs: kernel", "needs: transcript\n-- wants: kernel") + STATEMENT
    assert only(tmp_path / "blind", wanting).coverage.state is CoverageState.PARTIAL


def test_lost_rows_make_a_rule_partial(tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    story.gap(7)
    coverage = only(story.end(), HEADER + STATEMENT).coverage
    assert (coverage.state, coverage.promised) == (CoverageState.PARTIAL, True)
    assert coverage.not_seen == "7 rows lost by kernel"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            HEADER.replace("version", "verzion") + STATEMENT,
            "mine.sql:2: a header line is `-- key: value` with one of",
        ),
        (
            HEADER.replace("-- title: a log was deleted\n", "") + STATEMENT,
            "mine.sql:1: the header has no 'title'",
        ),
        (
            HEADER.replace("needs: kernel", "needs: ear") + STATEMENT,
            "mine.sql:6: needs: 'ear' is none of gpu, kernel",
        ),
        (
            HEADER.replace("reach: executed", "reach: far") + STATEMENT,
            "mine.sql:8: reach: 'far' is none of seen, ",
        ),
        (HEADER.replace("deletes-logs", "Deletes Logs") + STATEMENT, "mine.sql:1: rule: use lower-case"),
        (HEADER, "mine.sql:10: no statement after the header"),
        (STATEMENT, "mine.sql:1: the header has no 'rule'"),
    ],
)
def test_a_header_that_is_wrong_names_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as raised:
        read_rule(text, "mine.sql")
    assert str(raised.value).startswith(reason)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT seq\nFRMO processes", "mine.sql:11: syntax error"),
        ("SELECT seq,\n  colour\nFROM processes", "mine.sql:11: Referenced column"),
        ("SELECT seq FROM\n secrets", "mine.sql:11: no view 'secrets'"),
        ("SELECT argv AS title FROM processes", "mine.sql:10: the column seq has no number"),
        ("SELECT seq, 1 AS colour FROM processes", "mine.sql:10: no meaning for column 'colour'"),
        ("SELECT seq, 'far' AS reach FROM processes", "mine.sql:10: reach 'far' is none of seen"),
        ("SELECT content FROM read_text('/etc/passwd')", "mine.sql:10: read_text() is not allowed"),
        ("DROP VIEW processes", "mine.sql:10: "),
    ],
)
def test_a_statement_that_fails_costs_its_own_answer_and_names_the_line(
    tmp_path: Path, statement: str, reason: str
) -> None:
    run = run_with(tmp_path / "run", "rm a.log")
    bad, good = look(
        run, [read_rule(HEADER + statement, "mine.sql"), read_rule(HEADER + STATEMENT, "good.sql")]
    )
    assert bad.coverage.state is CoverageState.COULD_NOT_LOOK
    assert bad.coverage.reason.startswith(reason)
    assert len(good.findings) == 1


def test_files_in_the_users_folder_are_rules_and_a_broken_one_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a-broken.sql").write_text("SELECT 1")
    (folder / "b-good.sql").write_text(HEADER + STATEMENT)
    (folder / "c-taken.sql").write_text(HEADER.replace("deletes-logs", "benchmark-ingestion") + STATEMENT)
    monkeypatch.setenv("PTB_RULES", f"{folder}:{tmp_path / 'nowhere'}")
    rules = all_rules()
    assert [one.rule for one in rules.detectors][len(DETECTORS) :] == ["deletes-logs"]
    broken, taken, nowhere = rules.problems
    assert broken.startswith(f"{folder / 'a-broken.sql'}:1: the header has no 'rule'")
    assert "c-taken.sql: there is a rule 'benchmark-ingestion' already" in taken
    assert nowhere.endswith("nowhere: no such folder of rules")
    run = run_with(tmp_path / "run", "rm a.log")
    call(ptb(), ["scan", str(run)])
    captured = capsys.readouterr()
    assert "· note  deletes-logs" in captured.out
    assert "a-broken.sql:1:" in captured.err


class _Failing:
    rule, version = "foreign", "1"

    def look(self, run: RunView) -> RuleResult:
        raise ZeroDivisionError(run.manifest.run_id)


def test_packages_bring_rules_and_their_failures_cost_only_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.sql").write_text(HEADER + STATEMENT)
    brought: dict[str, object] = {"folder": tmp_path, "detector": _Failing(), "other": 7}
    points = [EntryPoint(name, f"package:{name}", detectors.GROUP) for name in [*brought, "gone"]]

    def load(point: EntryPoint) -> object:
        return brought[point.name]

    monkeypatch.setenv("PTB_RULES", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(detectors, "entry_points", lambda group: points if group == "ptb.rules" else [])
    monkeypatch.setattr(EntryPoint, "load", load)
    rules = all_rules()
    added: list[Detector] = list(rules.detectors)[len(DETECTORS) :]
    assert {one.rule for one in added} == {"deletes-logs", "foreign"}
    assert any("neither a detector nor a folder" in problem for problem in rules.problems)
    assert any("KeyError: 'gone'" in problem for problem in rules.problems)
    foreign, good = look(
        run_with(tmp_path / "run", "rm a.log"), sorted(added, key=lambda one: one.rule, reverse=True)
    )[::1]
    assert foreign.coverage.reason == "entry point detector = package:detector: ZeroDivisionError: run-1"
    assert len(good.findings) == 1


def test_parts_make_one_rule_and_a_part_that_fails_makes_it_partial(tmp_path: Path) -> None:
    run = run_with(tmp_path / "run", "rm a.log")
    good, empty = (
        read_rule(HEADER + STATEMENT, "a"),
        read_rule(HEADER + STATEMENT.replace("rm %", "mv %"), "b"),
    )
    bad = read_rule(HEADER + "SELECT nothing", "c")
    (both,) = look(run, [Together((good, empty))])
    assert (both.rule, both.rule_version, len(both.findings)) == ("deletes-logs", "3.3", 1)
    assert both.coverage.looked_at == "2 processes"
    (half,) = look(run, [Together((empty, bad))])
    assert half.coverage.state is CoverageState.PARTIAL
    assert half.coverage.promised
