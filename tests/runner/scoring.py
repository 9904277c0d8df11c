"""A benchmark, a run and a Python small enough to score in a second: everything is real but the model's answers."""

import json
import os
import subprocess
import sys
import textwrap
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.scoring.devices import DeviceLocks
from store.manifest import Facts
from store.overlay import Review
from store.scores import ScoreAttempt, read_scores
from store.writer import RunWriter
from tests.runner.models import initial, write_safetensors

START = 1_775_000_000_000_000_000
ITEMS = 4
BENCHMARK = """
id = "quick"
title = "Quick"
prompt_name = "Quick"
items = 4
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['quick']

[evaluation]
command = ["python", "evaluate.py", "--model-path", "{model}", "--limit", "{limit}", "--json-output-file", "{metrics}"]
token_option = "--max-tokens"
token_limits = [4000, 3000, 2000]
tries = [2, 2, 1]
"""
EVALUATE = """
import argparse, json, os, sys, time
parser = argparse.ArgumentParser()
for name in ("--model-path", "--json-output-file"):
    parser.add_argument(name)
for name in ("--limit", "--max-tokens"):
    parser.add_argument(name, type=int)
args = parser.parse_args()

def score(value, **more):
    with open(args.json_output_file, "w") as file:
        json.dump({"accuracy": value, "stderr": 0.1, **more}, file)

"""


class World:
    """Folders of one test, and ``ptb`` in them."""

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.harness = root / "harness"
        self.runs = root / "runs"
        self.scratch = root / "scratch"
        self.scratch.mkdir(parents=True)
        catalog = root / "catalog" / "benchmarks"
        catalog.mkdir(parents=True)
        (catalog / "quick.toml").write_text(BENCHMARK)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(Path("src").resolve()),
            "PTB_CATALOG": str(root / "catalog"),
            "PTB_RUNS": str(self.runs),
            "TMPDIR": str(self.scratch),
            "PTB_SCORE_PYTHON": str(fake_python(root / "python")),
            "OMP_NUM_THREADS": "1",
            **(environment or {}),
        }
        self.add_run()
        self.evaluate("score(0.5)")

    def add_run(self, name: str = "one") -> Path:
        """A closed run that left a model."""
        folder = self.runs / name
        facts = Facts(benchmark="quick", base_model="Qwen/Qwen3-1.7B-Base")
        with RunWriter.create(folder, name, started_at=START, facts=facts) as writer:
            writer.close(ended_at=START + 1, exit_status="0")
        write_final_model(folder / "final_model")
        return folder

    def evaluate(self, program: str) -> None:
        """What the harness does: ``args`` are its arguments, ``score(value)`` writes its result."""
        self.harness.mkdir(exist_ok=True)
        (self.harness / "evaluate.py").write_text(EVALUATE + textwrap.dedent(program))

    def add_hub(self) -> Path:
        """A Hugging Face home with one cached file, as the hub links it."""
        hub = self.root / "hf"
        blobs, snapshot = (
            hub / "hub" / "datasets--a--b" / "blobs",
            hub / "hub" / "datasets--a--b" / "snapshots",
        )
        for folder in (blobs, snapshot):
            folder.mkdir(parents=True)
        (blobs / "1234").write_text("0.75")
        (snapshot / "value.txt").symlink_to("../blobs/1234")
        return hub

    def command(self, *arguments: str | Path, run: str = "one") -> list[str]:
        return [sys.executable, "-P", "-m", "ptb_tui", "score", run, *map(str, arguments)]

    def options(self, sandbox: str = "process") -> list[str]:
        return ["--harness", str(self.harness), "--sandbox", sandbox, "--device", "cpu"]

    def score(
        self, *arguments: str | Path, sandbox: str = "process", run: str = "one", longest_s: float = 300
    ) -> tuple[int, dict[str, Any], str]:
        """``ptb score --json``: exit code, document, stderr."""
        done = subprocess.run(
            self.command(*self.options(sandbox), "--json", *arguments, run=run),
            capture_output=True, text=True, env=self.environment, check=False, timeout=longest_s,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr

    def start(
        self, *arguments: str | Path, sandbox: str = "process", run: str = "one"
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*self.options(sandbox), *arguments, run=run),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip

    def review(self, run: str = "one") -> Review:
        return Review(self.runs / run, run)

    def device_is_free(self) -> bool:
        locks = DeviceLocks()
        free = locks.take("cpu")
        locks.release()
        return free

    def attempts(self, run: str = "one") -> list[ScoreAttempt]:
        attempts, problems = read_scores(self.review(run))
        assert problems == []
        return attempts


READS_THE_HUB = """
    home = os.environ["HF_HOME"] + "/hub/datasets--a--b"
    open(home + "/made.lock", "w").close()
    score(float(open(home + "/snapshots/value.txt").read()))
"""
"""A harness that loads its data as the hub's libraries do, locks included."""


def write_final_model(folder: Path) -> Path:
    """A model that could be loaded, were it larger."""
    folder.mkdir(parents=True)
    state = {name: values[:2] for name, values in initial(1).items()}
    write_safetensors(folder / "model.safetensors", state)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def fake_python(folder: Path) -> Path:
    """An interpreter that says it has the engine; a harness that asks no model does not miss it."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in ("torch", "transformers"):
        (packages / f"{name}.py").write_text("")
    return folder / "bin" / "python"
