"""Real recordings of short scripts, by the witness that works here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.ebpf.programs import OBJECT
from review.lineage.walk import Link

PTB = [sys.executable, "-P", "-m", "ptb_tui"]
ITEM = "a question of the evaluation that is rather long, about a knee that has hurt since the last long walk uphill"
ITEMS = "".join(json.dumps({"prompt": f"{ITEM} number {n}"}) + "\n" for n in range(4))

KERNELS = [
    pytest.param("strace", id="strace"),
    pytest.param(
        "ebpf",
        id="ebpf",
        marks=pytest.mark.skipif(
            os.geteuid() != 0 or not OBJECT.exists(), reason="eBPF needs root and the compiled object"
        ),
    ),
]


def record(folder: Path, script: str, kernel: str, *, count_bytes: bool = True) -> Path:
    """The run of a bash script in ``folder``/task, where ``eval.jsonl`` and ``base/`` lie."""
    task = folder / "task"
    (task / "base").mkdir(parents=True)
    (task / "eval.jsonl").write_text(ITEMS)
    (task / "base" / "model.safetensors").write_bytes(bytes(range(256)) * 4)
    (folder / "script.sh").write_text(script)
    run = folder / "run"
    options = ["--bytes"] if count_bytes and kernel == "strace" else []
    done = subprocess.run(
        [*PTB, "record", "-o", str(run), "--kernel", kernel, *options, "--", "bash", "../script.sh"],
        cwd=task,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return run


def names(links: tuple[Link, ...]) -> set[tuple[str | None, str | None, str]]:
    """Links by the last parts of their names."""
    return {(_last(link.source), _last(link.target), link.certainty.value) for link in links}


def _last(path: str | None) -> str | None:
    if path is None:
        return None
    return "pipe" if path.startswith("pipe:") else path.rsplit("/", 1)[-1]
