"""``ptb verify`` says consistent or damaged, where, and by its exit code."""

import json
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.marks import Mark, add_mark
from store.overlay import Review
from store.rows import Message, Quality, Source, Stamp
from store.writer import RunWriter


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "run-1"
    with RunWriter.create(folder, "run-1", started_at=1_000_000_000) as writer:
        for n in range(100):
            writer.put(
                Stamp(n, Quality.EXACT, Source.TRANSCRIPT), Message("assistant", "message", f"word {n}")
            )
        writer.close(ended_at=2_000_000_000, exit_status="0")
    return folder


def verify(*args: str) -> int:
    return call(ptb(), ["verify", *args])


def test_a_run_as_it_was_written_is_consistent_never_authentic(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify("run-1") == 0
    out = capsys.readouterr().out
    assert out.startswith("consistent: ")
    assert "100 rows" in out
    assert "authentic" not in out
    assert "complete" not in out


def test_a_run_still_being_recorded_says_that_its_log_was_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunWriter.create(tmp_path / "live", "live", started_at=1_000_000_000) as writer:
        writer.put(Stamp(1, Quality.EXACT, Source.TRANSCRIPT), Message("assistant", "message", "word"))
        assert verify(str(tmp_path / "live")) == 0
        assert "still being recorded" in capsys.readouterr().out
        assert verify(str(tmp_path / "live"), "--json") == 0
        assert json.loads(capsys.readouterr().out)["recording"] is True
    assert verify(str(tmp_path / "live")) == 0
    assert "still being recorded" not in capsys.readouterr().out


def test_a_changed_byte_is_found_and_located(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = next(iter((run / "segments").glob("transcript*.parquet")))
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    assert verify("run-1", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["consistent"] is False
    assert any(segment.name in problem["where"] for problem in answer["problems"])
    assert verify("run-1") == 1
    assert "damaged" in capsys.readouterr().out


def test_an_edited_review_record_is_damage(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = add_mark(Review(run, "run-1"), Mark("run-1", 5, 3, "mara", "look here", 100))
    assert verify("run-1") == 0
    path.write_text(path.read_text().replace("look", "never look"))
    capsys.readouterr()
    assert verify("run-1") == 1
    assert f"{path}: changed after it was written" in capsys.readouterr().out


def test_a_head_noted_elsewhere_must_be_in_the_chain(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verify("run-1", "--json")
    head = json.loads(capsys.readouterr().out)["head"]
    assert verify("run-1", "--head", head) == 0
    assert verify("run-1", "--head", "0" * 64) == 1


def test_no_such_run_is_bad_input(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("no-such-run") == 2
    err = capsys.readouterr().err
    assert "no run 'no-such-run'" in err
    assert "run-1" in err
