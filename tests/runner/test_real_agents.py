"""The real Codex, Gemini CLI and OpenCode through ``ptb run``: in a container that reaches a scripted model and nothing else."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from store.sql.query import open_query
from tests.recorder.model_api import Turn, model
from tests.runner.conftest import Sandbox
from tests.runner.ptb import TASK, run_agent

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.docker, pytest.mark.timeout(300)]

KEY = "none-is-needed-here"
TURNS = [
    Turn("Let me look.", ("ls; sh timer.sh",)),
    Turn("I write it down.", ("echo weights > final_model/w",)),
    Turn("final_model is ready."),
]


def launcher(program: str, folder: Path) -> tuple[str, ...]:
    """Options that lend an installed npm program to the sandbox."""
    found = shutil.which(program)
    modules = next((one for one in Path(found or "/").resolve().parents if one.name == "node_modules"), None)
    if found is None or modules is None:
        pytest.skip(f"{program} is not installed with npm")
    script = folder / program
    script.write_text(f'#!/bin/sh\nexec {Path(found).resolve()} "$@"\n')
    script.chmod(0o755)
    return ("--mount", str(modules), "--mount", f"{script}:/home/ben/.local/bin/{program}")


def ask(run: Path, query: str) -> list[dict[str, Any]]:
    with open_query([run]) as views:
        rows: list[dict[str, Any]] = views.run(query).table().to_pylist()
    return rows


@pytest.mark.parametrize(
    ("agent", "agent_model", "base", "path", "key"),
    [
        ("codex", "gpt-5-codex", "OPENAI_BASE_URL", "/v1", "CODEX_API_KEY"),
        ("gemini", "gemini-2.5-flash", "GOOGLE_GEMINI_BASE_URL", "", "GEMINI_API_KEY"),
        ("opencode", "anthropic/claude-opus-4-5", "ANTHROPIC_BASE_URL", "/v1", "ANTHROPIC_API_KEY"),
    ],
)
def test_a_real_agent_works_in_the_sandbox_and_each_of_its_commands_is_found_again(
    sandbox: Sandbox, tmp_path: Path, agent: str, agent_model: str, base: str, path: str, key: str
) -> None:
    lent = launcher(agent, tmp_path)
    with model(TURNS) as url:
        answer = run_agent(
            sandbox.runs,
            *("--agent", agent, "--agent-model", agent_model, *TASK, "--hours", "0.05"),
            *("--image", sandbox.image, "--network", "none", "--forward", url.rpartition(":")[2]),
            *("--disk", "1", "--model-disk", "0.1", "--no-score", "--no-scan", "--mount", "/usr", *lent),
            more={**sandbox.more, base: url + path, key: KEY},
            timeout=250,
        )
    assert answer.manifest["facts"]["exit_status"] == "0", answer.told
    assert (answer.run / "final_model" / "w").read_text() == "weights\n"
    commands = ask(answer.run, "SELECT text, match FROM commands ORDER BY seq")
    assert [row["text"] for row in commands] == [text for turn in TURNS for text in turn.commands]
    assert {row["match"] for row in commands} == {"exact"}
    said = ask(answer.run, "SELECT text FROM transcript WHERE role = 'assistant' AND kind = 'message'")
    assert "final_model is ready." in {row["text"] for row in said}
    assert KEY not in str(ask(answer.run, "SELECT * FROM events")) + answer.told
    assert sandbox.left() == []


def test_a_program_that_the_image_lacks_is_named(sandbox: Sandbox) -> None:
    arguments = ("--agent", "codex", "--agent-model", "m", *TASK, "--image", sandbox.image)
    small = ("--disk", "0.2", "--model-disk", "0.1", "--network", "none", "--no-score", "--no-scan")
    answer = run_agent(sandbox.runs, *arguments, *small, more={**sandbox.more, "CODEX_API_KEY": ""})
    assert answer.manifest["facts"]["exit_status"] == "127"
    assert "npm install --global @openai/codex" in answer.told
    assert "neither --keys nor the environment has CODEX_API_KEY" in answer.told
