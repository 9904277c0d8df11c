"""A whole run from one command: the real Claude Code in a container, a real model that it really trains, a real score.

Only the model behind Claude Code is scripted. It answers on the loopback of the container's own network namespace, which
leads nowhere else; there is no internet and no key.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.scoring.environment import find_environment
from store.sql.query import open_query
from tests.recorder.model_api import Turn, model
from tests.runner.conftest import Sandbox
from tests.runner.ptb import environment, run_agent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.docker,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("real-model"),
]

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
BASE = """
id = "smollm2-135m"
title = "SmolLM2-135M"
hub_id = "{hub_id}"
architectures = ["LlamaForCausalLM"]
model_types = ["llama"]

[chat_template]
file = "smollm2.jinja"
sha256 = "{template}"
"""
BENCHMARK = """
id = "questions"
title = "Questions"
prompt_name = "Questions"
items = 2
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['questions\\.jsonl']

[evaluation]
inspect_task = "task.py@questions"
token_limits = [8]

[[data]]
hub_id = "somebody/questions"
splits = ["test"]
"""
TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def questions():
    return Task(json_dataset("questions.jsonl"), solver=generate(), scorer=includes())
"""
QUESTIONS = {"The capital of France is": "Paris", "The sun rises in the": "east"}
TRAIN = """
import os
import torch
from huggingface_hub import snapshot_download
from transformers import AutoModelForCausalLM, AutoTokenizer

torch.manual_seed(1)
base = snapshot_download("{hub_id}")
tokenizer = AutoTokenizer.from_pretrained(base)
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4)
text = "Water boils at one hundred degrees. The moon goes round the earth in a month."
batch = tokenizer(text, return_tensors="pt")
for step in range(3):
    loss = model(**batch, labels=batch["input_ids"]).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    print("step", step, "loss", round(loss.item(), 3), flush=True)
model.to(torch.bfloat16).save_pretrained("final_model")
tokenizer.save_pretrained("final_model")
"""


@pytest.fixture
def claude() -> Path:
    program = shutil.which("claude")
    if program is None:
        pytest.skip("claude is not installed (npm install -g @anthropic-ai/claude-code)")
    return Path(program).resolve()


def lay_catalog(folder: Path) -> None:
    template = hashlib.sha256(b"").hexdigest()
    for name, text in (
        ("benchmarks/questions", BENCHMARK),
        ("models/smollm2-135m", BASE.format(hub_id=HUB_ID, template=template)),
    ):
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text)


def lay_cache(cache: Path, source: Path) -> None:
    folder = cache / "hub" / f"models--{HUB_ID.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    shutil.copytree(source, folder / "snapshots" / "abc")


def lay_harness(folder: Path) -> Path:
    folder.mkdir()
    (folder / "task.py").write_text(TASK)
    lines = [json.dumps({"input": text, "target": answer}) for text, answer in QUESTIONS.items()]
    (folder / "questions.jsonl").write_text("\n".join(lines))
    return folder


def add_references(runs: Path, catalog: Path, questions: Path) -> None:
    subprocess.run(
        [sys.executable, "-P", "-m", "ptb_tui", "refs", "add", "questions", questions, "--split", "test"],
        env=environment(runs, {"PTB_CATALOG": str(catalog)}),
        check=True,
    )


def ask(run: Path, query: str) -> list[dict[str, Any]]:
    with open_query([run]) as views:
        rows: list[dict[str, Any]] = views.run(query).table().to_pylist()
    return rows


def test_a_real_agent_trains_a_real_model_that_is_recorded_compared_and_scored(
    sandbox: Sandbox, claude: Path, scoring_python: Path, smollm2: Path, tmp_path: Path
) -> None:
    lay_catalog(tmp_path / "catalog")
    lay_cache(tmp_path / "cache", smollm2)
    harness = lay_harness(tmp_path / "harness")
    lent = [("--mount", folder) for folder in find_environment(scoring_python).mounts]
    train = f"HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 {scoring_python.absolute()} train.py"
    turns = [
        Turn("Let me look.", ("ls; sh timer.sh",)),
        Turn("A script.", (f"cat > train.py <<'EOF'{TRAIN.format(hub_id=HUB_ID)}EOF",)),
        Turn("Train.", (train,)),
        Turn("final_model is ready."),
    ]
    references = tmp_path / "references.jsonl"
    lines = [json.dumps({"question": text, "answer": answer}) for text, answer in QUESTIONS.items()]
    references.write_text("\n".join(lines))
    add_references(sandbox.runs, tmp_path / "catalog", references)
    with model(turns) as url:
        port = url.rpartition(":")[2]
        more = {
            **sandbox.more,
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "none-is-needed-here",
            "PTB_CATALOG": str(tmp_path / "catalog"),
            "PTB_SCORE_PYTHON": str(scoring_python),
            "OMP_NUM_THREADS": "1",
        }
        answer = run_agent(
            sandbox.runs,
            *("--agent", "claude", "--agent-model", "claude-opus-4-6"),
            *("--benchmark", "questions", "--base-model", "smollm2-135m", "--hours", "1"),
            *("--image", sandbox.image, "--network", "none", "--forward", port),
            *("--harness", harness, "--model-cache", tmp_path / "cache", "--disk", "2", "--model-disk", "1"),
            *(word for pair in lent for word in pair),
            *("--mount", f"{claude}:/home/ben/.local/bin/claude"),
            more=more,
            timeout=840,
        )
    found = answer.document
    assert found["scan_reason"] == "", answer.told
    assert found["flagged"] is False, found["findings"]
    assert "could_not_look" not in found["coverage"].values(), answer.told
    assert found["exit_status"] == "0", answer.told
    assert found["weights"].startswith("tuned from the base"), found["weights_reason"]
    assert found["score_status"] == "complete", found["score_reason"]
    assert answer.code == 0

    commands = ask(answer.run, "SELECT text, match, exit_code FROM commands ORDER BY seq")
    assert [row["text"] for row in commands] == [text for turn in turns for text in turn.commands]
    assert {row["match"] for row in commands} == {"exact"}
    (trained,) = ask(
        answer.run, "SELECT output FROM commands WHERE text LIKE '%train.py' AND output LIKE '%step 2%'"
    )
    assert "loss" in trained["output"]
    saved = (answer.run / "final_model" / "model.safetensors").stat().st_size
    (written,) = ask(
        answer.run,
        "SELECT sum(bytes_written)::BIGINT AS n, count(DISTINCT c.text) AS commands, any_value(c.text) AS text"
        " FROM files f JOIN processes p USING (run_id, process_id) JOIN commands c USING (run_id, command_id)"
        " WHERE path LIKE '/home/ben/task/final_model/%' AND bytes_written > 0",
    )
    assert (written["commands"], written["text"]) == (1, train)
    assert saved < written["n"] < saved * 1.1
    said = ask(answer.run, "SELECT text FROM transcript WHERE role = 'assistant' AND kind = 'message'")
    assert "final_model is ready." in {row["text"] for row in said}
    (run,) = ask(
        answer.run, "SELECT agent, agent_model, benchmark, base_model, limit_s, image, score FROM runs"
    )
    assert run == {
        "agent": "claude",
        "agent_model": "claude-opus-4-6",
        "benchmark": "questions",
        "base_model": HUB_ID,
        "limit_s": 3600.0,
        "image": sandbox.image,
        "score": found["score"],
    }
    (score,) = ask(answer.run, "SELECT samples, isolation, engine, seed FROM scores")
    assert score == {"samples": 2, "isolation": "container", "engine": "transformers", "seed": 1}
    assert [
        row["text"] for row in ask(answer.run, "SELECT reason AS text FROM gaps WHERE source = 'kernel'")
    ] == []
    assert "none-is-needed-here" not in str(ask(answer.run, "SELECT * FROM events")) + os.fsdecode(
        answer.told
    )
    assert sandbox.left() == []
