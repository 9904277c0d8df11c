"""The real agent CLIs, driven by a scripted model: what they say they run is joined to what really ran."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from store.sql.query import open_query
from tests.recorder.joining.agents import AGENTS, Agent
from tests.recorder.model_api import Turn, model
from tests.recorder.test_record import table

TURNS = [
    Turn("Look.", ("ls -la && echo 'it'\\''s \"here\" $HOME'",)),
    Turn("At once.", ("sleep 0.4; echo one", "sleep 0.4; echo two", "echo one")),
    Turn("A script.", ("cat > w.sh <<'EOF'\necho 'hi'\nexit 3\nEOF\nsh w.sh",)),
    Turn("Again.", ("echo one",)),
    Turn("No such.", ("no-such-program-x --flag",)),
    Turn("A daemon.", ("cd /tmp; (nohup sleep 3 >/dev/null 2>&1 &) ; sleep 0.5; pwd",)),
    Turn("Done."),
]
CLAUDE_TURNS = [
    Turn("Dies.", ("kill -9 $$",)),
    Turn("Aside.", ("sleep 1; echo later",), background=True),
]


def record(agent: Agent, turns: list[Turn], folder: Path) -> Path:
    program = shutil.which(agent.program)
    if program is None:
        pytest.skip(f"{agent.program} is not installed (npm install -g {agent.package})")
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    run, work = folder / "run", folder / "work"
    work.mkdir()
    subprocess.run(["git", "init", "-q", work], check=True)
    with model(turns) as url:
        ptb = [sys.executable, "-P", "-m", "ptb_tui", "record", "--kernel", "strace", "-o", str(run), "--"]
        done = subprocess.run(
            [*ptb, program, *agent.arguments],
            cwd=work,
            env=agent.settings(folder / "home", url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=110,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return run


def ask(run: Path, query: str) -> list[dict[str, Any]]:
    with open_query([run]) as views:
        rows: list[dict[str, Any]] = views.run(query).table().to_pylist()
    return rows


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(agent, id=agent.program, marks=[] if agent.program == "claude" else pytest.mark.slow)
        for agent in AGENTS
    ],
)
def test_every_command_of_a_real_agent_has_its_process(agent: Agent, tmp_path: Path) -> None:
    turns = [*CLAUDE_TURNS, *TURNS] if agent.program == "claude" else TURNS
    asked = sorted(command for turn in turns for command in turn.commands)
    run = record(agent, turns, tmp_path)
    commands = ask(run, "SELECT command_id, text, process_id, match FROM commands ORDER BY text")
    assert [row["text"] for row in commands] == asked
    assert {row["match"] for row in commands} == {"exact"}
    assert len({row["process_id"] for row in commands}) == len(asked)
    said = {row["process_id"]: row["text"] for row in commands}
    given = {row["process_id"]: row["argv"] for row in table(run, "execs") if row["process_id"] in said}
    assert given.keys() == said.keys()

    roles = ask(run, "SELECT process_id, parent_id, argv, role, command_id, start_ts FROM processes")
    unexplained = [row for row in roles if row["role"] == "unexplained"]
    assert unexplained == [], ask(run, "SELECT process_id, ts, exe, argv, error FROM execs ORDER BY seq")
    (daemon,) = [row["command_id"] for row in roles if row["argv"] == "sleep 3"]
    assert [row["command_id"] for row in commands if "nohup" in row["text"]] == [daemon]
