"""The scenarios that ship."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from demo.scenarios.spec import Scenario, held_out, read_scenario
from demo.scenarios.task import localised
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
            name = file.name.removesuffix(".toml")
            if folder != _home(name):
                raise BadInput(f"{folder}/{file.name}: belongs to {_home(name)}/: move it there")
            scenario = find(name)
            if scenario.id != name:
                raise BadInput(f"{folder}/{file.name}: is called {scenario.id!r} inside: name both alike")
            found[scenario.id] = scenario
    return dict(sorted(found.items()))


def find(scenario_id: str) -> Scenario:
    """The scenario of that id; :class:`BadInput` when there is none."""
    return read_scenario(script(scenario_id), f"{scenario_id}.toml")


def script(scenario_id: str) -> str:
    """The text of that scenario, with its task's paths in it; :class:`BadInput` when there is none."""
    folder = files("demo").joinpath("scenarios", _home(scenario_id))
    name = f"{scenario_id}.toml"
    if name not in {file.name for file in folder.iterdir()}:
        raise BadInput(f"no scenario {scenario_id!r}: `python -P -m demo.scenarios list` names them")
    text = folder.joinpath(name).read_text(encoding="utf-8")
    scenario = read_scenario(text, name)
    return localised(text, scenario.benchmark, scenario.base_model)


def _home(scenario_id: str) -> str:
    return HELD_OUT if held_out(scenario_id) else DEVELOPMENT
