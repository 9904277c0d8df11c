"""Agents as files, and what becomes of their keys."""

import os
import tomllib
from pathlib import Path

import pytest

from runner.agents.agent import find_agent, load_agents
from runner.agents.keys import find_keys
from store.errors import BadInput

OWN = """id = "mine"
title = "Mine"
command = ["mine", "--go", "{prompt}"]
transcript = "codex"
keys = ["MINE_KEY"]
"""


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        (
            "claude",
            "claude --print --verbose --model M --output-format stream-json --dangerously-skip-permissions P",
        ),
        ("codex", "codex --search exec --json --skip-git-repo-check --yolo --model M P"),
        ("gemini", "gemini --yolo --model M --output-format stream-json -p P"),
        ("opencode", "opencode run --model M --format json P"),
    ],
)
def test_the_shipped_agents_start_as_the_benchmark_starts_them(agent: str, line: str) -> None:
    assert " ".join(find_agent(agent).argv("P", "M", ())) == line


def test_the_words_of_a_prompt_are_never_taken_for_places() -> None:
    assert find_agent("claude").argv("what is {model}?", "M", ())[-1] == "what is {model}?"


def test_anything_else_is_given_behind_the_dashes() -> None:
    agent = find_agent("command")
    assert agent.argv("P", None, ("sh", "-c", "echo '{prompt}' ${HOME}")) == ("sh", "-c", "echo 'P' ${HOME}")
    with pytest.raises(BadInput, match="after --"):
        agent.argv("P", None, ())
    with pytest.raises(BadInput, match="no command line"):
        find_agent("codex").argv("P", "M", ("sh",))
    with pytest.raises(BadInput, match="--agent-model"):
        find_agent("codex").argv("P", None, ())


def test_a_user_adds_an_agent_by_adding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_CATALOG", str(tmp_path))
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "mine.toml").write_text(OWN)
    assert find_agent("mine").argv("P", None, ()) == ("mine", "--go", "P")
    assert "claude" in load_agents()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("{prompt}", "{promt}"), "promt"),
        (("keys", "keyz"), "keyz is no key"),
        (('"MINE_KEY"', '"MINE KEY"'), "no name of an environment variable"),
        (('"codex"', '"emacs"'), "emacs"),
        (('id = "mine"', 'id = "other"'), "mine.toml"),
        (('"{prompt}"', '"go"'), "lacks {prompt}"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    (tmp_path / "mine.toml").write_text(OWN.replace(*change))
    with pytest.raises(BadInput, match=words) as caught:
        load_agents(tmp_path)
    assert "mine.toml" in str(caught.value)


def test_keys_come_from_a_file_before_the_environment_and_only_those_named(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# mine\nexport FIRST_KEY='from-the-file'\nOTHER=not-asked-for\n")
    file.chmod(0o600)
    environment = {"FIRST_KEY": "from-environment", "SECOND_KEY": "second-value", "THIRD": "left-alone"}
    keys = find_keys(("FIRST_KEY", "SECOND_KEY", "NOT_SET"), environment, file)
    assert keys.values == {"FIRST_KEY": "from-the-file", "SECOND_KEY": "second-value"}
    assert "from-the-file" not in repr(keys)


def test_a_file_of_keys_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("A_KEY=12345678\n")
    file.chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        find_keys(("A_KEY",), os.environ, file)


def test_a_key_too_short_to_be_redacted_is_refused() -> None:
    with pytest.raises(BadInput, match="A_KEY"):
        find_keys(("A_KEY",), {"A_KEY": "abc"}, None)


def test_what_configures_an_agent_is_laid_only_where_its_variable_is_set() -> None:
    codex = find_agent("codex")
    assert codex.home_files({}) == {}
    ((path, text),) = codex.home_files({"OPENAI_BASE_URL": 'http://127.0.0.1:1/"\nv1'}).items()
    assert path == ".codex/config.toml"
    assert tomllib.loads(text) == {"openai_base_url": 'http://127.0.0.1:1/"\nv1'}
