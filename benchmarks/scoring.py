"""Samples and tokens a second of each engine at hand on the same real model and questions, through ``ptb score``.

transformers on the Python of ``scripts/scoring-env.sh`` (``$PTB_SCORING_ENV``, else ``.scoring-env``); vLLM on the environment
given with ``--peers``. The model is SmolLM2-135M, the questions are written here, answers have up to 64 tokens.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import Figures, Setting
from store.manifest import Facts
from store.writer import RunWriter

_REPOSITORY = Path(__file__).parents[1]
_QUESTIONS = 16
_TOKENS = 64
_TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def sums():
    return Task(dataset=json_dataset("sums.jsonl"), solver=generate(), scorer=includes())
"""
_ENTRY = f"""
id = "sums"
title = "Sums"
prompt_name = "Sums"
items = {_QUESTIONS}
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['sums']

[evaluation]
inspect_task = "task.py@sums"
token_limits = [{_TOKENS}]
"""


def run(setting: Setting) -> Figures:
    """Each engine with one answer at a time, and with all at once."""
    home = Path(os.environ.get("PTB_SCORING_ENV") or _REPOSITORY / ".scoring-env")
    pythons = {
        "transformers": _python(home),
        "vllm": _python(setting.peers) if setting.peers else None,
    }
    figures: Figures = {"samples": _QUESTIONS, "device": os.environ.get("PTB_BENCH_DEVICE", "cpu")}
    if pythons["transformers"] is None:
        return figures | {"transformers_samples_s": None, "vllm_samples_s": None}
    model = home / "models" / "smollm2"
    if not (model / "tokenizer.json").exists():
        program = _REPOSITORY / "scripts" / "small_models.py"
        subprocess.run([pythons["transformers"], program, "smollm2", model], check=True)
    _prepare(setting.scratch)
    for engine, python in pythons.items():
        for connections in (1, _QUESTIONS):
            name = engine if connections == 1 else f"{engine}_{connections}_at_once"
            figures |= _scored(setting.scratch, engine, python, model, connections, name)
    return figures


def _python(environment: Path) -> Path | None:
    python = environment / "bin" / "python"
    return python if python.exists() else None


def _prepare(scratch: Path) -> None:
    harness, catalog = scratch / "harness", scratch / "catalog" / "benchmarks"
    for folder in (harness, catalog):
        folder.mkdir(parents=True, exist_ok=True)
    (harness / "task.py").write_text(_TASK)
    (catalog / "sums.toml").write_text(_ENTRY)
    lines = [
        {"input": f"What is {a} plus {a + 3}? Explain.", "target": str(2 * a + 3)} for a in range(_QUESTIONS)
    ]
    (harness / "sums.jsonl").write_text("\n".join(json.dumps(line) for line in lines))


def _scored(
    scratch: Path, engine: str, python: Path | None, model: Path, connections: int, name: str
) -> Figures:
    if python is None:
        return {f"{name}_samples_s": None}
    run_id = f"bench-{name.replace('_', '-')}-{time.time_ns()}"
    folder = scratch / "runs" / run_id
    now = time.time_ns()
    with RunWriter.create(folder, run_id, started_at=now, facts=Facts(benchmark="sums")) as writer:
        writer.close(ended_at=now, exit_status="0")
    command: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "ptb_tui",
        "score",
        folder,
        "--json",
        "--engine",
        engine,
    ]
    command += [
        "--python",
        python,
        "--model",
        model,
        "--harness",
        scratch / "harness",
        "--sandbox",
        "process",
    ]
    command += ["--device", os.environ.get("PTB_BENCH_DEVICE", "cpu"), "--connections", str(connections)]
    environment = {**os.environ, "PTB_CATALOG": str(scratch / "catalog")}
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{name}: {done.stdout or done.stderr}")
    (attempt,) = json.loads(done.stdout)["attempts"]
    told = json.loads((folder / "scores" / attempt["log"] / "progress.json").read_text())
    return {
        f"{name}_samples_s": round(told["done"] / told["sampling_s"], 3),
        f"{name}_tokens_s": round(told["tokens"] / told["sampling_s"], 1),
        f"{name}_before_sampling_s": round(seconds - told["sampling_s"], 1),
        f"{name}_version": attempt["engine_version"],
    }
