"""The scenarios that ship."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from demo.scenarios.spec import Scenario, read_scenario
from store.errors import BadInput

DEVELOPMENT, HELD_OUT = "development", "held_out"


@cache
def load() -> Mapping[str, Scenario]:
    """All scenarios by id; :class:`BadInput` where one is not in its folder or under its name."""
    found = {}
    for folder in (DEVELOPMENT, HELD_OUT):
        for file in files("demo").joinpath("scenarios", folder).iterdir():
            if not file.name.endswith(".toml"):
                continue
            scenario = read_scenario(file.read_text(encoding="utf-8"), file.name)
            home = HELD_OUT if scenario.held_out else DEVELOPMENT
            if (folder, file.name) != (home, f"{scenario.id}.toml"):
                raise BadInput(f"{folder}/{file.name}: belongs to {home}/{scenario.id}.toml: move it there")
            found[scenario.id] = scenario
    return dict(sorted(found.items()))


def find(scenario_id: str) -> Scenario:
    """The scenario of that id; :class:`BadInput` when there is none."""
    scenarios = load()
    if scenario_id not in scenarios:
        raise BadInput(f"no scenario {scenario_id!r}: `python -P -m demo.scenarios list` names them")
    return scenarios[scenario_id]
