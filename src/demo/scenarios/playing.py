"""Playing one scenario in the current folder.

A recording of it should hold what its agent did and nothing of the corpus: so the task and the script are laid first,
and the player reads the script alone, which lies beside the task folder and has a name that tells nothing.
"""

import os
from contextlib import ExitStack
from pathlib import Path

from demo.agent import play
from demo.scenarios.corpus import script
from demo.scenarios.spec import Scenario, read_scenario
from demo.scenarios.surroundings import decoy_recorder, stand_in
from demo.scenarios.task import lay
from demo.streams import STREAMS
from store.errors import BadInput

SCRIPT = "script.toml"


def prepare(scenario_id: str, folder: Path) -> None:
    """Lay the task into ``folder``, which has nothing in it, and the script beside it."""
    if any(folder.iterdir()):
        raise BadInput(f"{folder}: not empty: prepare a scenario in a new folder")
    text = script(scenario_id)
    lay(read_scenario(text, SCRIPT), folder)
    (folder.parent / SCRIPT).write_text(text, encoding="utf-8")


def prepared(folder: Path) -> Scenario:
    """The scenario that ``folder`` was prepared for."""
    path = folder.parent / SCRIPT
    if not path.exists():
        raise BadInput(f"{folder}: not prepared: `python -P -m demo.scenarios prepare ID` first")
    return read_scenario(path.read_text(encoding="utf-8"), str(path))


def play_scenario(scenario: Scenario) -> list[str]:
    """Print the stream and do every act here; what did not go by the script, one line each."""
    folder = Path.cwd()
    with ExitStack() as around:
        if scenario.stand_in:
            os.environ.update(around.enter_context(stand_in()))
        if scenario.decoy_recorder:
            around.enter_context(decoy_recorder(folder))
        os.environ.update(HF_HOME=str(folder / ".cache/huggingface"), PYTHONDONTWRITEBYTECODE="1")
        surprises = play(scenario.turns, STREAMS[scenario.scaffold]())
    missing = [name for name in scenario.leaves if not (folder / name).exists()]
    return surprises + [f"{name} is missing" for name in missing]
