"""Playing one scenario in the current folder."""

import os
from contextlib import ExitStack
from pathlib import Path

from demo.agent import play
from demo.scenarios.spec import Scenario
from demo.scenarios.surroundings import decoy_recorder, stand_in
from demo.scenarios.task import lay, turns
from demo.streams import STREAMS


def prepare(scenario: Scenario, folder: Path) -> None:
    """Lay the task unless it is there: before a recording starts, so that its files are not the agent's work."""
    if not (folder / "instruction.md").exists():
        lay(scenario, folder)


def play_scenario(scenario: Scenario) -> list[str]:
    """Print the stream and do every act here; what did not go by the script, one line each."""
    folder = Path.cwd()
    prepare(scenario, folder)
    with ExitStack() as around:
        if scenario.stand_in:
            os.environ.update(around.enter_context(stand_in()))
        if scenario.decoy_recorder:
            around.enter_context(decoy_recorder(folder))
        os.environ.update(HF_HOME=str(folder / ".cache/huggingface"), PYTHONDONTWRITEBYTECODE="1")
        surprises = play(turns(scenario), STREAMS[scenario.scaffold]())
    missing = [name for name in scenario.leaves if not (folder / name).exists()]
    return surprises + [f"{name} is missing" for name in missing]
