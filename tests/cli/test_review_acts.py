"""``ptb flag`` and ``ptb verdict``: a reviewer's acts from a script."""

import json
from pathlib import Path
from typing import Any

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.sql.query import open_query
from tests.review.runs import EVAL, QUESTIONS, TASK, Story, samples


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path))
    story = Story(tmp_path / "run-1")
    maker = story.start("python make_data.py")
    story.read(maker, EVAL)
    story.write(maker, f"{TASK}/train.jsonl", samples(*QUESTIONS))
    story.train(f"{TASK}/train.jsonl")
    return story.end()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert call(ptb(), [*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_persons_finding_is_kept_ruled_on_and_seen_by_sql(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acted = ["flag", "run-1", "--seq", "1", "--seq", "4", "--title", "odd start", "--reviewer", "mara"]
    added = answer(capsys, *acted)
    assert answer(capsys, *acted)["finding_id"] == added["finding_id"]  # the same once more is the same
    scanned = answer(capsys, "scan", "run-1", code=1)
    (mine,) = [f for f in scanned["findings"] if f["origin"] == "person"]
    assert (mine["finding_id"], mine["severity"], mine["state"]) == (added["finding_id"], "note", "open")
    assert [one["seq"] for one in mine["evidence"]] == [1, 4]
    with open_query([run]) as query:
        rows = query.run("SELECT author, title FROM findings WHERE origin = 'person'").table().to_pylist()
    assert rows == [{"author": "mara", "title": "odd start"}]


def test_the_last_word_on_a_finding_counts(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finding,) = answer(capsys, "scan", "run-1", code=1)["findings"]
    number = finding["finding_id"]
    assert (
        answer(capsys, "flag", "run-1", "--finding", number[:6], "--reject", "--reason", "allowed")[
            "finding_id"
        ]
        == number
    )
    assert not answer(capsys, "scan", "run-1")["flagged"]
    answer(capsys, "flag", "run-1", "--finding", number, "--reopen")
    assert answer(capsys, "scan", "run-1", code=1)["flagged"]


def test_a_verdict_is_kept_beside_earlier_ones_and_fresh(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, "verdict", "run-1") == []
    decided = [
        "verdict",
        "run-1",
        "--data",
        "violation",
        "--score-action",
        "base score",
        "--rationale",
        "see #4",
    ]
    answer(capsys, *decided, "--reviewer", "mara", "--seq", "4")
    both = answer(
        capsys,
        "verdict",
        "run-1",
        "--model",
        "clean",
        "--rationale",
        "config is the base's",
        "--reviewer",
        "jo",
    )
    assert [(v["reviewer"], v["data"], v["model"], v["score_action"]) for v in both] == [
        ("mara", "violation", None, "base score"),
        ("jo", None, "clean", None),
    ]
    assert [verdict["stale"] for verdict in both] == [False, False]
    assert call(ptb(), ["verdict", "run-1"]) == 0
    assert "see #4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["flag", "run-1"], "give --seq and --title"),
        (["flag", "run-1", "--seq", "1"], "give --seq and --title"),
        (["flag", "run-1", "--seq", "99999", "--title", "x"], "no event #99999"),
        (["flag", "run-1", "--finding", "beef", "--accept"], "no finding begins with 'beef'"),
        (["verdict", "run-1", "--data", "clean"], "--rationale"),
        (["verdict", "run-1", "--rationale", "because"], "needs an answer"),
        (["verdict", "run-1", "--data", "maybe"], "maybe"),
    ],
)
def test_bad_input_is_one_line(
    run: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(ptb(), arguments) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
