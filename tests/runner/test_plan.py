"""``ptb run --plan``: what a matrix stands for, run here and handed to schedulers that only note what they were given."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runner.ptb import environment

AGENT = """
id = "mine"
title = "Mine"
command = ["sh", "-c", "echo '{model}' > final_model/said", "{prompt}"]
"""
PLAN = """
agents = [{agent = "mine", agent_model = "m-1"}, {agent = "mine", agent_model = "it's $HOME"}]
tasks = [{benchmark = "gsm8k", base_model = "qwen3-1.7b-base"}]
seeds = [1, 2]
hours = 0.5
options = ["--sandbox", "process", "--no-score"]
scheduler = ["%s"]
"""
SBATCH = """#!/bin/sh
n=$(cat {folder}/n 2>/dev/null || echo 100); n=$((n + 1)); echo $n > {folder}/n
cp "$2" {folder}/$n.sbatch; echo "$n;cluster"
"""
SQUEUE = """#!/bin/sh
echo "$@" >> {folder}/asked
printf '101 PENDING\\n102 RUNNING\\n'
"""
CONDOR_SUBMIT = """#!/bin/sh
n=$(cat {folder}/n 2>/dev/null || echo 200); n=$((n + 1)); echo $n > {folder}/n
cp "$2" {folder}/$n.sub; echo "$n.0 - $n.0"
"""
CONDOR_Q = """#!/bin/sh
printf '201.0 2\\n202.0 5\\n'
"""


class Cluster:
    """Programs of schedulers on PATH, and ``ptb`` beside them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"
        self.taken = root / "taken"
        self.taken.mkdir()
        self.programs = root / "bin"
        self.programs.mkdir()
        for name, text in (
            ("sbatch", SBATCH), ("squeue", SQUEUE), ("condor_submit", CONDOR_SUBMIT), ("condor_q", CONDOR_Q)
        ):  # fmt: skip
            self.program(name, text)
        (root / "catalog" / "agents").mkdir(parents=True)
        (root / "catalog" / "agents" / "mine.toml").write_text(AGENT)
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        self.environment = environment(self.runs, {"PATH": path, "PTB_CATALOG": str(root / "catalog")})

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text.replace("{folder}", str(self.taken)))
        (self.programs / name).chmod(0o755)

    def plan(self, text: str) -> Path:
        (self.root / "matrix.toml").write_text(text)
        return self.root / "matrix.toml"

    def ptb(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "ptb_tui", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, check=False, timeout=110
        )

    def ls(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.ptb("ls", "--json").stdout)
        return listed


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_plan_runs_every_agent_on_every_task_with_every_seed(cluster: Cluster) -> None:
    done = cluster.ptb("run", "--plan", cluster.plan(PLAN % "-"), "--json")
    assert done.returncode == 3, done.stderr
    assert len(json.loads(done.stdout)) == 4
    runs = [(run["replicate"], run["agent_model"], run["limit_s"]) for run in cluster.ls()]
    assert runs == [("run1", "m-1", 1800.0), ("run1", "it's $HOME", 1800.0), ("run2", "m-1", 1800.0), ("run2", "it's $HOME", 1800.0)]  # fmt: skip
    said = {path.read_text() for path in cluster.runs.glob("*/final_model/said")}
    assert "m-1\n" in said


def test_slurm_gets_a_script_a_run_that_says_and_does_it(cluster: Cluster) -> None:
    done = cluster.ptb("run", "--plan", cluster.plan(PLAN % "--gres=gpu:1"), "--submit", "slurm")
    assert done.returncode == 0, done.stderr
    scripts = [(cluster.taken / f"{n}.sbatch").read_text() for n in range(101, 105)]
    assert all("#SBATCH --gres=gpu:1\n" in script and "#SBATCH --time=630\n" in script for script in scripts)
    words = shlex.split(scripts[1].splitlines()[-1])
    assert words[words.index("--agent-model") + 1] == "it's $HOME"
    assert [(one["job"], one["scheduler_state"]) for one in cluster.ls()] == [
        ("slurm:101", "pending"),
        ("slurm:102", "running"),
        ("slurm:103", "unknown to its scheduler"),
        ("slurm:104", "unknown to its scheduler"),
    ]
    ran = subprocess.run(
        ["sh", cluster.taken / "101.sbatch"],
        env={**cluster.environment, "SLURM_JOB_ID": "101", "PTB_RUNS": "/nowhere"},
        capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert ran.returncode == 3, ran.stderr
    listed = cluster.ls()
    assert [(one["job"], one["run_id"] is None) for one in listed] == [
        ("slurm:101", False),
        ("slurm:102", True),
        ("slurm:103", True),
        ("slurm:104", True),
    ]
    table = cluster.ptb("ls").stdout
    assert "slurm:102" in table
    assert "running" in table


def test_htcondor_gets_a_description_a_run_with_its_own_quoting(cluster: Cluster) -> None:
    done = cluster.ptb(
        "run", "--plan", cluster.plan(PLAN % "request_gpus = 1"), "--submit", "htcondor", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert [job["job"] for job in json.loads(done.stdout)] == [f"htcondor:{n}.0" for n in range(201, 205)]
    lines = (cluster.taken / "202.sub").read_text().splitlines()
    assert lines[-1] == "queue"
    assert "request_gpus = 1" in lines
    (arguments,) = [line for line in lines if line.startswith("arguments")]
    assert "--agent-model 'it''s $(DOLLAR)HOME' --benchmark gsm8k" in arguments
    assert arguments.endswith('--job htcondor:$(ClusterId).$(ProcId)"')
    assert [one["scheduler_state"] for one in cluster.ls()][:2] == ["running", "held"]


def test_a_scheduler_that_refuses_is_quoted(cluster: Cluster) -> None:
    cluster.program("sbatch", "#!/bin/sh\necho 'sbatch: error: invalid partition' >&2; exit 1\n")
    done = cluster.ptb("run", "--plan", cluster.plan(PLAN % "-"), "--submit", "slurm")
    assert done.returncode == 2
    assert "invalid partition" in done.stderr
    assert cluster.ls() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("seeds = [1, 2]", "seeds = [1, 1]"), "seeds says the same twice"),
        (("seeds = [1, 2]", "seedz = [1, 2]"), "seedz is no key"),
        (('"gsm8k"', '"gsm9k"'), "gsm8k"),
        (('agent = "mine", agent_model = "m-1"', 'agent = "mine"'), "needs an agent_model"),
        (('agent = "mine", agent_model = "m-1"', 'agent = "command"'), "add a file"),
        (('"--no-score"', '"--seed"'), "--seed"),
        (("hours = 0.5", "hours = 'x'"), "hours"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_before_anything_runs(
    cluster: Cluster, change: tuple[str, str], words: str
) -> None:
    done = cluster.ptb("run", "--plan", cluster.plan((PLAN % "-").replace(*change)))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert cluster.ls() == []
