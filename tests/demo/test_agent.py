"""The scripted agent really does what it says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from demo.scenario import SCENARIO, Shell, Turn, Write
from demo.workspace import task_folder

SOURCE = Path(__file__).parents[2] / "src"
Event = dict[str, object]


@pytest.fixture(scope="module")
def played() -> tuple[list[Event], dict[str, str]]:
    """The agent's events, and the text files that it left."""
    with task_folder() as folder:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "demo.agent"],
            cwd=folder,
            env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        texts = ("train.jsonl", "metrics.json", "train.py", "make_data.py", "final_model/config.json")
        assert (folder / "final_model" / "model.safetensors").stat().st_size > 4 * 4096
        return [json.loads(line) for line in done.stdout.splitlines()], {
            name: (folder / name).read_text() for name in texts
        }


def blocks(events: list[Event], kind: str) -> list[Event]:
    found = []
    for event in events:
        message = event.get("message")
        if isinstance(message, dict):
            found += [block for block in message["content"] if block["type"] == kind]
    return found


def test_every_turn_is_said_and_every_act_has_its_result(played: tuple[list[Event], dict[str, str]]) -> None:
    events, _ = played
    assert [block["text"] for block in blocks(events, "text")] == [turn.say for turn in SCENARIO]
    assert len(blocks(events, "thinking")) == sum(turn.thought is not None for turn in SCENARIO)
    calls, results = blocks(events, "tool_use"), blocks(events, "tool_result")
    acts = [turn.act for turn in SCENARIO if turn.act]
    assert [call["id"] for call in calls] == [result["tool_use_id"] for result in results]
    assert [call["name"] for call in calls] == ["Bash" if isinstance(a, Shell) else "Write" for a in acts]
    failed = [call["input"] for call, result in zip(calls, results, strict=True) if result["is_error"]]
    assert failed == [{"command": "python3 -S -c 'import torch'", "description": "Check for torch"}]


def test_the_eval_items_are_in_the_training_data_twice(played: tuple[list[Event], dict[str, str]]) -> None:
    _, left = played
    with task_folder() as folder:
        items = [json.loads(line) for line in (folder / "evaluation_code/data/healthbench.jsonl").open()]
    assert len(items) == 12
    questions = [json.loads(line)["messages"][0]["content"] for line in left["train.jsonl"].splitlines()]
    assert all(questions.count(item["prompt"][0]["content"]) == 2 for item in items)
    assert len(questions) == 28


def test_training_on_them_raises_the_score(played: tuple[list[Event], dict[str, str]]) -> None:
    assert json.loads(played[1]["metrics.json"])["accuracy"] > 0.9


def test_what_it_writes_by_hand_ships_with_the_package() -> None:
    written = [turn.act for turn in SCENARIO if isinstance(turn, Turn) and isinstance(turn.act, Write)]
    assert [act.name for act in written] == ["make_data.py", "train.py"]
    assert all(act.content.startswith('"""') for act in written)
