"""``ptb demo --no-ui``: what is printed, recorded and found is what the script did."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from demo.model_api import serve
from demo.scenario import SCENARIO, Shell, Write
from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.errors import Unavailable
from store.library import list_runs
from store.sql.query import open_query

COMMANDS = [turn.act for turn in SCENARIO if isinstance(turn.act, Shell)]
WRITES = [turn.act for turn in SCENARIO if isinstance(turn.act, Write)]
THOUGHTS = sum(turn.thought is not None for turn in SCENARIO)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("strace") is None,
    reason="recording processes takes Linux and strace",
)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "runs"


class _NoSource:
    """A machine on which eBPF does not load."""

    def __init__(self, *_: object) -> None:
        raise Unavailable("no eBPF in this test")


def ask(folder: Path, sql: str) -> list[dict[str, object]]:
    with open_query([folder]) as query:
        rows: list[dict[str, object]] = query.run(sql).table().to_pylist()
        return rows


def only_run() -> Path:
    (entry,) = list_runs()
    return entry.folder


def test_the_leaderboard_calls_the_agent_of_the_demo_by_its_name(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(ptb(), ["demo", "--no-ui"]) == 0
    capsys.readouterr()
    call(ptb(), ["leaderboard", "--json"])
    (row,) = json.loads(capsys.readouterr().out)["agents"]
    assert row["agent"] == "demo-agent_scripted"


def test_the_demo_counts_what_the_script_did_and_finds_it(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(ptb(), ["demo", "--no-ui"]) == 0
    out = capsys.readouterr().out
    printed = {
        what: int(n.replace(",", ""))
        for n, what in re.findall(r"([\d,]+) ([a-z][a-z ]+)", out.splitlines()[0])
    }
    assert printed["processes"] == 1 + sum(command.processes or 0 for command in COMMANDS)
    assert printed["commands"] == len(COMMANDS)
    told = set(re.findall(r"^  [▲△] (\w+)  ([a-z-]+) ", out, flags=re.M))
    assert told == {
        ("violation", "benchmark-ingestion"),
        ("suspicious", "architecture-switch"),
    }
    assert "▲ violation  benchmark-ingestion" in out
    assert "12 of 12 items of healthbench.jsonl stand in train.jsonl (24 rows)" in out
    assert "healthbench.jsonl → make_data.py → train.jsonl → train.py → model.safetensors" in out

    folder = only_run()
    kinds = {
        str(row["kind"]): row["n"]
        for row in ask(folder, "SELECT kind, count(*) AS n FROM transcript GROUP BY 1")
    }
    assert kinds["message"] == len(SCENARIO)
    assert kinds["thought"] == THOUGHTS
    assert kinds["tool_call"] == kinds["tool_result"] == len(COMMANDS) + len(WRITES)
    assert sum(int(str(n)) for n in kinds.values()) == printed["transcript rows"]
    texts = [row["text"] for row in ask(folder, "SELECT text FROM commands ORDER BY seq")]
    assert texts == [command.command for command in COMMANDS]
    codes = [row["exit_code"] for row in ask(folder, "SELECT exit_code FROM commands ORDER BY seq")]
    assert codes == [0, 0, 0, 0, 0, 1, 0, 0]


def test_every_file_of_the_demo_is_recorded_with_its_content(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(ptb(), ["demo", "--no-ui"]) == 0
    capsys.readouterr()
    folder = only_run()
    names = "SELECT regexp_extract(path, '/task/(.*)', 1) AS name, text FROM file_versions ORDER BY seq"
    versions = {str(row["name"]): row["text"] for row in ask(folder, names)}
    for written in WRITES:
        assert versions[written.name] == written.content
    assert str(versions["train.jsonl"]).count("\n") == 28
    assert "final_model/model.safetensors" in versions
    assert "evaluation_code/data/healthbench.jsonl" in versions
    writer = "SELECT DISTINCT p.argv FROM files f JOIN processes p USING (process_id) WHERE f.path LIKE '%/train.jsonl'"
    assert {row["argv"] for row in ask(folder, writer)} == {"python3 make_data.py", "python3 train.py"}


def test_scan_and_show_answer_in_the_promised_shape(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["demo", "--no-ui"]) == 0
    capsys.readouterr()
    assert call(ptb(), ["scan", "--all", "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert answer["flagged"] is True
    assert answer["profile"] == "v1.1"
    (finding,) = [one for one in answer["findings"] if one["rule"] == "benchmark-ingestion"]
    assert (finding["severity"], finding["state"], finding["reach"]) == ("violation", "open", "ancestor")
    seqs = [one["seq"] for one in finding["evidence"]]
    cited = ask(
        only_run(), f"SELECT count(DISTINCT seq) AS n FROM events WHERE seq IN ({', '.join(map(str, seqs))})"
    )
    assert cited == [{"n": len(seqs)}]
    assert set(answer["coverage"]["benchmark-ingestion"]) == {"state", "looked_at", "not_seen", "reason"}

    assert call(ptb(), ["show", answer["run_id"], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["findings"][0]["severity"] == "violation"
    assert {source["name"] for source in shown["sources"]} >= {"kernel", "workspace", "gpu", "transcript"}
    assert shown["counts"]["command"] == len(COMMANDS)

    train = ask(only_run(), "SELECT seq FROM execs WHERE argv = 'python3 train.py' AND error IS NULL")
    assert call(ptb(), ["show", answer["run_id"], "--at", f"#{train[0]['seq']}", "--json"]) == 0
    then = json.loads(capsys.readouterr().out)
    assert then["said"] == "No torch; plain Python it is."
    assert any("train.py" in process["argv"] for process in then["processes"])
    assert [command["text"] for command in then["commands"]] == ["python3 train.py"]


def test_the_demo_needs_a_terminal_or_no_ui(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["demo"]) == 2
    assert "--no-ui" in capsys.readouterr().err
    assert not runs.exists()


def test_without_strace_it_says_how_to_get_it_and_shows_the_shipped_recording(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.kernel.EbpfSource", _NoSource)
    monkeypatch.setattr("recorder.strace.program.shutil.which", lambda name: None)
    assert call(ptb(), ["demo", "--no-ui"]) == 0
    captured = capsys.readouterr()
    assert "apt-get install strace" in captured.err
    assert "the recording that comes with ptb is shown instead" in captured.err
    assert "▲ violation  benchmark-ingestion" in captured.out
    shipped = re.search(r"open it with: ptb open (\S+)", captured.out)
    assert shipped is not None
    assert call(ptb(), ["verify", shipped[1]]) == 0
    assert call(ptb(), ["demo", "--no-ui"]) == 0  # a second time: it is there already


@pytest.mark.skipif(shutil.which("claude") is None, reason="npm install -g @anthropic-ai/claude-code")
def test_the_real_claude_code_plays_the_same_scenario(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["demo", "--no-ui", "--agent", "claude"]) == 0
    out = capsys.readouterr().out
    assert "▲ violation  benchmark-ingestion" in out
    folder = only_run()
    texts = [row["text"] for row in ask(folder, "SELECT text FROM commands ORDER BY seq")]
    assert texts == [command.command for command in COMMANDS]
    assert ask(folder, "SELECT DISTINCT agent FROM runs") == [{"agent": "claude"}]
    said = [
        row["text"]
        for row in ask(
            folder, "SELECT text FROM transcript WHERE kind = 'message' AND role = 'assistant' ORDER BY seq"
        )
    ]
    assert said == [turn.say for turn in SCENARIO]
    trained = ask(folder, "SELECT count(*) AS n FROM execs WHERE argv = 'python3 train.py' AND error IS NULL")
    assert trained == [{"n": 1}]


def test_the_scripted_model_streams_the_turn_that_is_due(tmp_path: Path) -> None:
    from urllib.request import Request, urlopen

    with serve(SCENARIO, tmp_path) as url:
        assert url.startswith("http://127.0.0.1:")
        body = {
            "stream": True,
            "tools": [{"name": "Bash"}],
            "messages": [
                {"role": "user", "content": "go"},
                {"role": "assistant", "content": "x"},
                {"role": "user", "content": "y"},
            ],
        }
        request = Request(
            f"{url}/v1/messages?beta=true", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=60) as response:
            events = [
                json.loads(line[6:])
                for line in response.read().decode().splitlines()
                if line.startswith("data: ")
            ]
    assert [event["type"] for event in events][:1] == ["message_start"]
    assert events[-1] == {"type": "message_stop"}
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert deltas[0]["text"] == SCENARIO[1].say
    act = SCENARIO[1].act
    assert isinstance(act, Shell)
    assert json.loads(deltas[1]["partial_json"])["command"] == act.command
