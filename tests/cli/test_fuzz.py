"""What a run says never steers the terminal, the spreadsheet or the parser that a verb's answer goes to."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import BUG, call
from ptb_tui.cli.group import ptb
from store.plain import HOSTILE
from tests.ptb_tui.hostile_runs import make_hostile_run

VERBS = (
    ("ls",),
    ("show", "one"),
    ("show", "one", "--at", "50%"),
    ("tail", "one"),
    ("verify", "one"),
    ("scan", "one"),
    ("lineage", "one", "--final-model"),
    ("verdict", "one"),
    ("flag", "one", "--seq", "3", "--title", "\x1b]52;c;eA==\x07 \u202e[bold]"),
    ("verdict", "one", "--data", "unclear", "--rationale", "\x9b2J\u200b\udcff"),
    ("review", "queue"),
    ("review", "mine"),
    ("review", "agreement"),
    ("review", "same", "one"),
    ("leaderboard",),
    ("sql", "select * from events", "one"),
    ("sql", "select * from transcript", "one"),
    ("sql", "select * from nothing where '\x1b[2J' = \x9b", "one"),
    ("show", "\x1b[2J\udcff"),
)
"""With and without ``--json``."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module", params=[1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 8))])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one hostile run."""
    seed: int = request.param
    folder = tmp_path_factory.mktemp("hostile") / "runs"
    make_hostile_run(folder / "one", seed)
    return folder


@pytest.fixture(autouse=True)
def at_home(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs are this user's, and nothing else is."""
    monkeypatch.setenv("PTB_RUNS", str(runs))
    for name in ("STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))


def answer(args: tuple[str, ...], capsysbinary: pytest.CaptureFixture[bytes]) -> tuple[int, str, str]:
    """Exit code, output and diagnostics of a verb."""
    code = call(ptb(), args)
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: ascii(" ".join(verb)))
def test_no_verb_prints_what_steers_a_terminal(
    verb: tuple[str, ...], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, out, err = answer(verb, capsysbinary)
    assert code != BUG, err
    for text in (out, err):
        found = HOSTILE.search(text.replace("\n", ""))
        assert found is None, f"{found!r} in {text[max(found.start() - 40, 0) : found.end() + 40]!r}"


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: ascii(" ".join(verb)))
def test_json_of_every_verb_is_json_and_plain(
    verb: tuple[str, ...], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    as_json = ("--format", "json") if verb[0] == "sql" else ("--json",)
    code, out, err = answer((*verb, *as_json), capsysbinary)
    assert code != BUG, err
    assert HOSTILE.search(out.replace("\n", "")) is None
    for document in out.splitlines() if verb[0] in ("scan", "tail") else [out] if out else []:
        json.loads(document)


def test_csv_has_no_cell_that_a_spreadsheet_runs(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    csv.field_size_limit(1 << 24)
    assert answer(("flag", "one", "--seq", "3", "--title", "=1+1"), capsysbinary)[0] == 0
    for view in ("transcript", "execs", "files", "file_versions", "findings", "runs", "gaps"):
        code, out, err = answer(("sql", f"select * from {view}", "one", "--format", "csv"), capsysbinary)
        assert code == 0, err
        head, *rows = csv.reader(StringIO(out, newline=""))
        assert rows
        assert all(len(row) == len(head) for row in rows), view
        texts = [cell for row in rows for cell in row if not _number(cell)]
        assert not [cell for cell in texts if cell.startswith(FORMULA)], view
        assert not [cell for cell in texts if HOSTILE.search(cell.replace("\n", "").replace("\t", ""))], view


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
