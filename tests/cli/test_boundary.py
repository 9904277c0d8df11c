"""The frame around every verb: exit codes, one line on stderr, and nothing imported before it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from ptb_tui.cli.registry import VERBS, Verb
from store.errors import Damaged, UnknownRun

SOURCE = Path(__file__).parents[2] / "src"


def run_python(code: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *args],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
        timeout=60,
        check=False,
    )


def outcome(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    @click.command()
    def failing() -> None:
        raise error

    code = call(failing, [])
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_an_error_is_one_plain_line_with_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = outcome(UnknownRun("no run \x1b]52;c;aGk=\x07 here\nlook elsewhere"), capsys)
    assert code == 2
    assert err == "ptb: no run ␛]52;c;aGk=␇ here look elsewhere\n"
    assert outcome(Damaged("segment cut"), capsys)[0] == 1


def test_an_interrupt_is_130_and_silent(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = outcome(KeyboardInterrupt(), capsys)
    assert code == 130
    assert err.strip() == ""


def test_a_refused_file_is_bad_input_not_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = outcome(PermissionError(13, "Permission denied", "/runs/x/run.json"), capsys)
    assert (code, err) == (2, "ptb: Permission denied: /runs/x/run.json\n")


def test_a_bug_is_one_line_and_its_traceback_is_in_the_file_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    code, err = outcome(ZeroDivisionError("division by zero"), capsys)
    assert code == 70
    assert "Traceback" not in err
    assert err.count("\n") == 1
    kept = Path(err.rsplit("details in ", 1)[1].strip())
    assert kept.is_relative_to(tmp_path)
    assert "ZeroDivisionError: division by zero" in kept.read_text()


def test_usage_errors_say_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["--bogus"]) == 2
    err = capsys.readouterr().err
    assert "--bogus" in err
    assert "ptb --help" in err
    assert err.count("\n") == 1


def test_an_unknown_verb_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    group = ptb([Verb("verify", "no.such.module", "check a run")])
    assert call(group, ["verfy"]) == 2
    assert "did you mean verify?" in capsys.readouterr().err


def test_what_a_verb_returns_is_the_exit_code() -> None:
    @click.command()
    def three() -> int:
        return 3

    assert call(three, []) == 3


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_is_there_under_its_name_and_line_of_help(verb: Verb) -> None:
    command = ptb().get_command(click.Context(ptb()), verb.name)
    assert command is not None
    assert command.name == verb.name
    assert command.get_short_help_str(limit=200) == verb.help


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_help(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), [verb.name, "--help"]) == 0
    assert f"Usage: ptb {verb.name}" in capsys.readouterr().out


def test_help_imports_nothing_but_click() -> None:
    answer = run_python(
        "import sys; from ptb_tui.__main__ import main; sys.argv = ['ptb', '--help']; main();"
        "print('MODULES', *sorted({m.split('.')[0] for m in sys.modules}))"
    )
    assert answer.returncode == 0
    heavy = {"textual", "rich", "duckdb", "pyarrow", "numpy", "orjson", "platformdirs", "recorder", "review"}
    assert not heavy & set(answer.stdout.rsplit("MODULES", 1)[1].split())


def test_a_closed_pipe_is_quiet() -> None:
    code = (
        "import sys, click; from ptb_tui.cli.boundary import call\n"
        "@click.command()\n"
        "def chatty():\n"
        "    for n in range(100_000): click.echo(n)\n"
        "sys.exit(call(chatty, []))"
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_an_ascii_locale_still_gets_an_answer() -> None:
    answer = run_python(
        "import sys; from ptb_tui.__main__ import main; sys.argv = ['ptb', 'höhö']; sys.exit(main())",
        PYTHONIOENCODING="ascii",
    )
    assert answer.returncode == 2
    assert "no verb" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_both_ways_of_starting_work() -> None:
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "ptb_tui", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0
    assert answer.stdout.startswith("Usage: ptb ")
