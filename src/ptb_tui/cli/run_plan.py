"""``ptb run --plan``: every run of a matrix, here one after the other, or as jobs of a scheduler."""

import subprocess
import sys
from pathlib import Path

from ptb_tui.cli.output import note, print_json
from runner.plan.matrix import Plan, PlannedRun, expand, read_plan
from runner.plan.submit import Scheduler, submit
from store.counting import counted
from store.jsonio import loads

_INTERRUPTED = 130
_WORST_FIRST = (_INTERRUPTED, 2, 1, 3, 0)


def run_plan(path: Path, scheduler: str | None, *, as_json: bool) -> int:
    """Run or submit what the plan says; the worst exit code of its runs."""
    plan = read_plan(path)
    runs = expand(plan)
    note(f"{path.name}: {counted(len(runs), 'run')}")
    return _submit(plan, runs, Scheduler(scheduler), as_json) if scheduler else _run(runs, as_json)


def _submit(plan: Plan, runs: list[PlannedRun], scheduler: Scheduler, as_json: bool) -> int:
    jobs = []
    for index, run in enumerate(runs):
        job = submit(run, scheduler, plan.scheduler, plan.spare_hours, index)
        jobs.append(job)
        note(f"{job.job}: {run.name}")
    if as_json:
        print_json(jobs)
    else:
        note("`ptb ls` tells how they are")
    return 0


def _run(runs: list[PlannedRun], as_json: bool) -> int:
    codes, documents = [0], []
    for number, run in enumerate(runs, 1):
        note(f"run {number} of {len(runs)}: {run.name}")
        command = [sys.executable, "-P", "-m", "ptb_tui", "run", *run.arguments, "--json"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        codes.append(done.returncode)
        if done.stdout:
            documents.append(loads(done.stdout))
        if done.returncode == _INTERRUPTED:
            break
    if as_json:
        print_json(documents)
    return min(codes, key=lambda code: _WORST_FIRST.index(code) if code in _WORST_FIRST else 1)
