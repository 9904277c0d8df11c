"""One of something is told in the singular, on every screen and by every command."""

import re
from pathlib import Path

import pytest

from ptb_tui.app import PtbApp
from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.manifest import Facts
from store.rows import (
    Command,
    Connection,
    Exec,
    FileAccess,
    FileVersion,
    Gap,
    Message,
    ProcessStart,
    Source,
)
from store.writer import RunWriter
from tests.ptb_tui.places import PLACES, Place
from tests.ptb_tui.screen import text
from tests.ptb_tui.story import START, at

_WRONG = re.compile(
    r"(?<![\w.,:#/+-])1 (?:[a-z]+ ){0,2}(?:accesses|blobs|bytes|cells|commands|connections|contents|deeds|entries|events"
    r"|figures|files|findings|folders|gaps|items|lines|matches|processes|programs|rows|runs|samples|segments|times"
    r"|tokens|verdicts|versions|views)\b"
)


@pytest.fixture
def lone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with one row of every kind."""
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    facts = Facts(agent="claude", benchmark="gsm8k", base_model="Qwen3-4B-Base", root="/task")
    with RunWriter.create(tmp_path / "runs" / "lone", "lone", started_at=START, facts=facts) as run:
        run.put(at(0), ProcessStart(1, 100, exe="/bin/bash", argv="bash agent.sh", cwd="/task"))
        run.put(at(1), Exec(1, 100, "/bin/ls", "ls", cwd="/task"))
        run.put(at(1, Source.TRANSCRIPT), Message("assistant", "message", "Look."))
        run.put(at(1, Source.TRANSCRIPT), Command(1, "ls", cwd="/task", tool="Bash"))
        run.put(at(2), FileAccess(1, 100, "open", "/task/final_model/config.json", bytes_read=1, final=True))
        run.put(
            at(3, Source.WORKSPACE),
            FileVersion("/task/final_model/config.json", "ab" * 32, 1, "whole", text="1"),
        )
        run.put(at(4), Connection(1, 100, "10.0.0.7", 443, "api.example.org", 1, 1))
        run.put(at(5), Gap("ring_full", "the ring was full", lost=1))
        run.close(ended_at=START + 10_000_000_000, exit_status="0")
    return tmp_path / "runs" / "lone"


def test_commands_tell_one_of_each(lone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(ptb(), ["scan", "lone"])
    call(ptb(), ["verify", "lone"])
    call(ptb(), ["show", "lone"])
    call(ptb(), ["lineage", "lone", "--final-model"])
    told = "".join(capsys.readouterr())
    assert "1 command" in told
    assert "1 file version" in told
    assert [found.group() for found in _WRONG.finditer(told)] == []


@pytest.mark.parametrize(
    "place",
    [place for place in PLACES if place.runs == 1 and place.name != "lineage"],
    ids=lambda place: place.name,
)
async def test_screens_tell_one_of_each(lone: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptb_tui.screens.sql.monotonic", lambda: 0.0)
    call(ptb(), ["scan", "lone"])
    async with PtbApp(folder=lone.parent).run_test(size=(160, 48)) as pilot:
        await place.reach(pilot)
        shown = text(pilot)
    assert [found.group() for found in _WRONG.finditer(shown)] == []
