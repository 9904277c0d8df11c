"""Whose weights: models derived from SmolLM2-135M by real training, told apart with bounded memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner.weights import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("real-model")]

ANSWERS = {
    "tuned": Answer.TUNED,
    "lora": Answer.LORA,
    "instruct": Answer.INSTRUCT,
    "merge": Answer.MERGE,
    "noise": Answer.INSTRUCT_NOISE,
    "other": Answer.OTHER,
}
CHECK = """
import re, sys
from pathlib import Path
from runner.weights import check_weights
report = check_weights(*map(Path, sys.argv[1:])).report
print(report.answer)
print(report.alpha)
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
"""


@pytest.mark.parametrize("kind", ANSWERS)
def test_six_kinds_of_a_real_model_are_told_apart_in_less_memory_than_one_of_them(
    real_kinds: Path, kind: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", CHECK, real_kinds / kind, real_kinds / "base", real_kinds / "instruct"],
        capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path("src").resolve()), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    answer, alpha, peak = done.stdout.split("\n")[:3]
    assert answer == ANSWERS[kind], alpha
    assert int(peak) < (real_kinds / kind / "model.safetensors").stat().st_size
