"""``ptb sql`` as a shell sees it: stdout, stderr and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from tests.store.recorded import closed_run


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    closed_run(tmp_path / "runs" / "a-run", "a-run", 300)
    closed_run(tmp_path / "runs" / "b-run", "b-run", 10)
    return tmp_path / "runs"


def test_all_runs_or_those_that_are_named(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    count = "SELECT run_id, count(*) AS n FROM files GROUP BY 1 ORDER BY 1"
    assert call(ptb(), ["sql", count, "--format", "json"]) == 0
    assert json.loads(capfdbinary.readouterr().out) == [
        {"run_id": "a-run", "n": 300},
        {"run_id": "b-run", "n": 10},
    ]
    assert call(ptb(), ["sql", count, "b", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out) == [{"run_id": "b-run", "n": 10}]


def test_a_table_is_bounded_and_steers_no_terminal(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert call(ptb(), ["sql", "SELECT path FROM files"]) == 0
    told = capfdbinary.readouterr()
    assert told.out.count(b"/task/file") == 200
    assert b"only the first 200 rows" in told.err
    assert call(ptb(), ["sql", "SELECT text, NULL AS nothing FROM transcript LIMIT 1"]) == 0
    out = capfdbinary.readouterr().out
    assert b"\x1b" not in out
    assert "␛[31m".encode() in out
    assert b"NULL" in out


def test_csv_and_parquet_go_to_files(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sheet, file = tmp_path / "x.csv", tmp_path / "x.parquet"
    assert call(ptb(), ["sql", "SELECT seq FROM files", "--format", "csv", "-o", str(sheet)]) == 0
    assert len(sheet.read_text().splitlines()) == 311
    assert call(ptb(), ["sql", "SELECT seq FROM files", "--format", "parquet", "-o", str(file)]) == 0
    assert pq.read_table(file).num_rows == 310
    assert capfdbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize(
    "args",
    [
        ["SELEKT 1"],
        ["DROP VIEW events"],
        ["SELECT * FROM read_csv('/etc/passwd')"],
        ["SELECT 1; SELECT 2"],
        ["SELECT 1", "no-such-run"],
        ["SELECT 1", "--format", "parquet"],
        ["SELECT 1", "-o", "x.txt"],
        ["SELECT 1", "--format", "xml"],
        ["SELECT 1", "--format", "csv", "-o", "/no/such/folder/x.csv"],
        [],
    ],
)
def test_bad_input_is_one_line_and_no_output(
    args: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert call(ptb(), ["sql", *args]) in (1, 2)
    told = capfdbinary.readouterr()
    assert told.out == b""
    assert told.err.count(b"\n") == 1


def test_a_run_that_cannot_be_read_is_told_and_left_out(
    runs: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (runs / "b-run" / "run.json").write_text("{")
    assert call(ptb(), ["sql", "SELECT run_id FROM runs", "--json"]) == 0
    told = capfdbinary.readouterr()
    assert json.loads(told.out) == [{"run_id": "a-run"}]
    assert b"b-run" in told.err


def test_no_runs_at_all(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(runs / "none"))
    assert call(ptb(), ["sql", "SELECT * FROM events", "--format", "json"]) == 0
    assert json.loads(capfdbinary.readouterr().out) == []


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_stops_a_query(runs: Path) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range = -1"
    command = [sys.executable, "-P", "-m", "ptb_tui", "sql", endless]
    with subprocess.Popen(
        command, env={**os.environ, "PTB_RUNS": str(runs)}, stderr=subprocess.PIPE
    ) as program:
        while processor_seconds(program.pid) < 1.5:  # three times what it takes to start
            assert program.poll() is None
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    assert program.returncode == 130
    assert b"Traceback" not in err
