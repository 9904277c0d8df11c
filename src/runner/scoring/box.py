"""Where an evaluation runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from runner.scoring.spec import Places, Spec

DRIVER = Path(__file__).with_name("inside")
"""The folder of the program that evaluates."""
FLAGS = ("-E", "-s", "-B")
"""Of its interpreter: nothing of the environment or of a user's own packages changes what is imported."""
HUB_VARIABLE = "PTB_SCORE_HUB"
"""Names the folder inside that holds a Hugging Face home, to be read and never written."""
JOB_VARIABLE = "PTB_SCORE_JOB"
"""By which processes of a job are known."""

QUIET: Mapping[str, str] = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
}
"""Environment of the harness: nothing is fetched, nothing is told."""


class Box(Protocol):
    """One attempt's place; start it once, stop it always."""

    @property
    def container(self) -> str | None:
        """Name of the container; None without one."""

    @property
    def places(self) -> Places:
        """What things are called inside."""

    def start(self, spec: Spec, secrets: Mapping[str, str]) -> None:
        """Begin; ``secrets`` become environment variables and reach no disk."""

    def poll(self) -> int | None:
        """The exit code; None while it runs."""

    def last_words(self) -> str:
        """What it printed before the harness's own log began."""

    def stop(self) -> None:
        """End it and everything it started; safe to call twice."""
