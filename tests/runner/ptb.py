"""``ptb`` as a user starts it, with runs of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src"
TASK = ("--benchmark", "gsm8k", "--base-model", "qwen3-1.7b-base")


@dataclass(frozen=True)
class Answer:
    """What ``ptb run --json`` said."""

    code: int
    document: dict[str, Any]
    told: str

    @property
    def run(self) -> Path:
        return Path(self.document["folder"])

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "run.json").read_text())
        return found


def environment(runs: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PTB_RUNS": str(runs), "PYTHONPATH": str(SOURCE), **(more or {})}


def start_run(
    runs: Path,
    *arguments: str | Path,
    more: Mapping[str, str] | None = None,
    under: tuple[str, ...] = (),
) -> subprocess.Popen[str]:
    """``under`` is a program that starts it, such as nohup."""
    return subprocess.Popen(
        [*under, sys.executable, "-P", "-m", "ptb_tui", "run", "--json", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(runs, more),
    )


def run_agent(
    runs: Path, *arguments: str | Path, more: Mapping[str, str] | None = None, timeout: float = 90
) -> Answer:
    process = start_run(runs, *arguments, more=more)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    assert out, err
    return Answer(process.returncode, json.loads(out), err)
