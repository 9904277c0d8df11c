"""The real Claude Code, driven by a scripted model: what it says it runs is joined to what really ran."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from store.helpers import is_helper
from tests.recorder.model_api import bash, model, say
from tests.recorder.test_record import table

CLAUDE = shutil.which("claude")
TURNS = [
    [say("Look."), bash("ls -la && echo 'it'\\''s \"here\" $HOME'")],
    [say("At once."), bash("sleep 0.4; echo one"), bash("sleep 0.4; echo two"), bash("echo one")],
    [say("A script."), bash("cat > w.sh <<'EOF'\necho 'hi'\nexit 3\nEOF\nsh w.sh")],
    [say("Again."), bash("echo one")],
    [say("Dies."), bash("kill -9 $$")],
    [say("No such."), bash("no-such-program-x --flag")],
    [say("Aside."), bash("sleep 2; echo later", run_in_background=True)],
    [say("A daemon."), bash("cd /tmp; (nohup sleep 3 >/dev/null 2>&1 &) ; pwd")],
    [say("Done.")],
]


@pytest.mark.skipif(
    CLAUDE is None, reason="Claude Code is not installed (npm install -g @anthropic-ai/claude-code)"
)
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_every_command_of_a_real_agent_has_its_process(tmp_path: Path) -> None:
    run, work = tmp_path / "run", tmp_path / "work"
    work.mkdir()
    with model(TURNS) as url:
        settings = {
            "HOME": str(tmp_path / "home"),
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "none-needed",
            "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        agent = [str(CLAUDE), "--print", "--verbose", "--model", "claude-sonnet-4-5"]
        agent += ["--output-format", "stream-json", "--dangerously-skip-permissions", "go"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ptb_tui", "record", "--kernel", "strace", "-o", run, "--", *agent],
            cwd=work,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    asked = [block["input"]["command"] for turn in TURNS for block in turn if block["type"] == "tool_use"]
    commands = {row["command_id"]: row["text"] for row in table(run, "commands")}
    assert list(commands.values()) == asked
    links = {row["command_id"]: row for row in table(run, "command_links")}
    assert {number: row["match"] for number, row in links.items()} == dict.fromkeys(commands, "exact")
    assert len({row["process_id"] for row in links.values()}) == len(asked)

    starts = {row["process_id"]: row for row in table(run, "process_starts")}
    served = {row["process_id"] for row in links.values()}
    execs = [row for row in table(run, "execs") if row["error"] is None]

    def line(process_id: int) -> list[int]:
        parent = starts[process_id]["parent_id"]
        return [process_id, *(line(parent) if parent else [])]

    daemon = next(row["process_id"] for row in execs if row["argv"] == "sleep 3")
    assert links[len(asked)]["process_id"] in line(daemon)
    helping = {row["process_id"] for row in execs if is_helper(row["argv"])}
    root = next(number for number, row in starts.items() if row["parent_id"] is None)
    unexplained = [
        row["argv"]
        for row in execs
        if row["process_id"] != root and not (served | helping).intersection(line(row["process_id"]))
    ]
    assert unexplained == []
