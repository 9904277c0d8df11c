"""``ptb ls`` and ``ptb tail`` on runs as a writer leaves them."""

import json
import threading
import time
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.manifest import Facts
from store.rows import Message, Quality, Source, Stamp
from store.writer import RunWriter

SECOND = 1_000_000_000
START = 1_775_238_399 * SECOND


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def writer(runs: Path, run_id: str, facts: Facts | None = None) -> RunWriter:
    return RunWriter.create(runs / run_id, run_id, started_at=START, facts=facts or Facts())


def say(run: RunWriter, number: int, text: str) -> None:
    run.put(
        Stamp(START + number * SECOND, Quality.EXACT, Source.TRANSCRIPT),
        Message("assistant", "message", text),
    )


def test_no_runs_is_an_empty_array_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["ls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert call(ptb(), ["ls"]) == 0
    assert "ptb demo" in capsys.readouterr().err


def test_runs_are_listed_with_what_is_known_of_them(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = Facts(
        agent="claude", agent_model="opus\x1b[2J", benchmark="healthbench", base_model="[bold]Qwen3[/]"
    )
    with writer(runs, "run-1", facts) as run:
        say(run, 1, "hello")
        run.close(ended_at=START + 90 * SECOND, exit_status="0")
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{")
    assert call(ptb(), ["ls"]) == 0
    captured = capsys.readouterr()
    assert "claude · opus␛[2J" in captured.out
    assert "[bold]Qwen3[/]" in captured.out
    assert "1m 30s" in captured.out
    assert "2026-04-03 17:46" in captured.out
    assert "broken" in captured.out
    assert "is not JSON" in captured.err
    assert call(ptb(), ["ls", "--json"]) == 0
    known, broken = json.loads(capsys.readouterr().out)
    assert known["run_id"] == "run-1"
    assert known["benchmark"] == "healthbench"
    assert known["started_at"] == "2026-04-03T17:46:39.000000Z"
    assert known["error"] is None
    assert (known["state"], broken["state"]) == ("closed", "broken")
    assert broken["run_id"] == "broken"
    assert "not JSON" in broken["error"]


def test_a_thousand_runs_list_quickly(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with writer(runs, "run-1") as run:
        run.close(ended_at=START, exit_status="0")
    manifest = (runs / "run-1" / "run.json").read_text()
    for number in range(1000):
        folder = runs / f"copy-{number}"
        folder.mkdir()
        (folder / "run.json").write_text(manifest.replace('"run-1"', f'"copy-{number}"'))
    started = time.monotonic()
    assert call(ptb(), ["ls", "--json"]) == 0
    assert time.monotonic() - started < 3
    assert len(json.loads(capsys.readouterr().out)) == 1001


def test_the_tail_of_a_closed_run_ends(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with writer(runs, "run-1") as run:
        for number in range(30):
            say(run, number, f"word {number} \x1b]52;c;x\x07")
        run.close(ended_at=START + 90 * SECOND, exit_status="0")
    assert call(ptb(), ["tail", "run-1", "-n", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "17:47:08.000 UTC" in lines[1]
    assert "says" in lines[1]
    assert "word 29 ␛]52;c;x␇" in lines[1]


def test_the_tail_follows_a_run_to_its_end(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = writer(runs, "run-1")
    say(run, 0, "before")
    run.flush()

    def go_on() -> None:
        for number in range(1, 4):
            time.sleep(0.3)
            say(run, 10 - number, f"new {number}")  # each with an earlier time than the one before
        run.close(ended_at=START + 90 * SECOND, exit_status="0")

    recording = threading.Thread(target=go_on)
    recording.start()
    try:
        assert call(ptb(), ["tail", "run-1", "--json"]) == 0
    finally:
        recording.join()
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["label"] for event in events] == ["before", "new 1", "new 2", "new 3"]
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
