"""Whichever scaffold's format a scenario is told in, a recorder reads the same words and acts."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from demo.agent import play
from demo.scenario import Pretended, Shell, Turn, Unsaid, Write
from demo.streams import STREAMS
from recorder.transcript import Scaffold
from store.rows import Command, FileVersion
from tests.recorder.transcripts import Read, read

TURNS = (
    Turn("First look.", Shell("echo 'a  b' && ls", "List"), thought="What is here?"),
    Turn("Write it.", Write("notes/plan.py", "print('plan')\n")),
    Turn("Run it.", Shell("python3 notes/plan.py; exit 3", "Run", exit_code=3)),
    Turn("Trained.", Pretended("python3 train.py", "Train", "loss 0.1")),
    Turn("And now?", Unsaid("touch unsaid.txt")),
    Turn("Done."),
)


def told(scaffold: Scaffold) -> tuple[Read, list[str]]:
    out = io.StringIO()
    with redirect_stdout(out):
        surprises = play(TURNS, STREAMS[scaffold]())
    return read(out.getvalue().encode()), surprises


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("scaffold", list(STREAMS))
def test_a_stream_reads_as_its_scaffolds_own(scaffold: Scaffold, folder: Path) -> None:
    found, surprises = told(scaffold)
    assert surprises == []
    assert found.summary.scaffold == scaffold
    assert (found.summary.unknown, found.summary.broken, found.gaps) == (0, 0, [])
    outputs = [(text, (output or "").rstrip()) for text, _, output in found.commands]
    assert outputs == [
        ("echo 'a  b' && ls", "a  b"),
        ("python3 notes/plan.py; exit 3", "plan"),
        ("python3 train.py", "loss 0.1"),
    ]
    codes = [code for _, code, _ in found.commands]
    assert codes == ([None] * 3 if scaffold is Scaffold.GEMINI else [0, 3, 0])
    said = [message.text or "" for message in found.messages if message.kind == "message"]
    assert "".join(said) == "".join(turn.say for turn in TURNS)  # Gemini's answers in a row become one


@pytest.mark.parametrize("scaffold", list(STREAMS))
def test_the_acts_really_happen(scaffold: Scaffold, folder: Path) -> None:
    found, _ = told(scaffold)
    assert {path.name for path in folder.rglob("*.*")} == {"plan.py", "unsaid.txt"}
    [version] = found.of(FileVersion)
    assert version.path == str(folder / "notes/plan.py")
    assert version.text == (None if scaffold is Scaffold.CODEX else "print('plan')\n")
    assert len(found.of(Command)) == 3


def test_a_command_that_ends_unlike_its_script_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    surprises = play((Turn("Try.", Shell("echo no; exit 4", "Fail")),), STREAMS[Scaffold.CLAUDE]())
    assert surprises == ["turn 1: exit code 4, not 0: no"]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["subtype"] == "init"
