"""A Python that can score and real small models, made by ``scripts/scoring-env.sh``; tests without them are skipped."""

import os
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[1]
_SMALL_MODELS = (_REPOSITORY / "scripts" / "small_models.py").read_text()
_LONGEST_S = 900


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
    return _made(scoring_python, "smollm2", "tokenizer.json")


@pytest.fixture(scope="session")
def real_kinds(scoring_python: Path) -> Path:
    """A folder a kind of model, derived from SmolLM2-135M by real training."""
    return _made(scoring_python, "kinds", "other/tokenizer.json")


def run_python(python: Path, program: str, *arguments: str | Path) -> str:
    """Run a program on it, offline; what it printed."""
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        capture_output=True, text=True, check=False, timeout=_LONGEST_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _made(python: Path, what: str, last: str) -> Path:
    """Kept in the environment's folder; ``last`` is the file that is written last."""
    target = environment_folder() / "models" / what
    if not (target / last).exists():
        run_python(python, _SMALL_MODELS, what, target)
    return target
