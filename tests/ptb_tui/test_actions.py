"""The registry: every action can be reached, is explained, and is what the screens do."""

import ast
from pathlib import Path

import pytest
from textual.keys import Keys, _character_to_key

from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label
from ptb_tui.actions.registry import ACTIONS, actions_in, markdown
from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.compare import CompareScreen
from ptb_tui.screens.confirm import ConfirmScreen
from ptb_tui.screens.findings import FindingsScreen
from ptb_tui.screens.heat import HeatScreen
from ptb_tui.screens.lineage import LineageScreen
from ptb_tui.screens.queries import QueriesScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.screens.score import ScoreScreen
from ptb_tui.screens.score_form import ScoreFormScreen
from ptb_tui.screens.sql import SqlScreen
from ptb_tui.screens.verdict import VerdictScreen

OWNERS = {
    Scope.EVERYWHERE: PtbApp,
    Scope.RUNS: RunsScreen,
    Scope.CASE: CaseScreen,
    Scope.FINDINGS: FindingsScreen,
    Scope.HEAT: HeatScreen,
    Scope.LINEAGE: LineageScreen,
    Scope.REPLAY: ReplayScreen,
    Scope.SCORE: ScoreScreen,
    Scope.SCORE_FORM: ScoreFormScreen,
    Scope.VERDICT: VerdictScreen,
    Scope.CONFIRM: ConfirmScreen,
    Scope.SQL: SqlScreen,
    Scope.QUERIES: QueriesScreen,
    Scope.COMPARE: CompareScreen,
}
DOCS = Path(__file__).parents[2] / "docs" / "keys.md"
NAMED_KEYS = {key.value for key in Keys} | {_character_to_key(chr(code)) for code in range(33, 127)}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_a_key_words_and_help(action: Action) -> None:
    assert action.keys
    assert action.title.strip()
    assert action.help.endswith(".")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_something_its_screen_does(action: Action) -> None:
    method = "action_" + action.call.split("(")[0]
    assert callable(getattr(OWNERS[action.scope], method, None))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_key_is_one_that_a_terminal_sends(action: Action) -> None:
    for key in action.keys:
        assert key.split("+")[-1] in NAMED_KEYS, key


TESTED_IN = {
    Scope.EVERYWHERE: "*",
    Scope.RUNS: "runs_screen heat findings keys score sql_screen compare_screen",
    Scope.HEAT: "heat",
    Scope.CASE: "case findings lineage_walk score sql_screen compare_screen",
    Scope.FINDINGS: "findings lineage_walk keys sql_screen",
    Scope.LINEAGE: "lineage_walk",
    Scope.REPLAY: "replay_screen playback deciding lineage_walk live_and_unclocked keys score sql_screen compare_screen",
    Scope.SCORE: "score",
    Scope.SCORE_FORM: "score",
    Scope.VERDICT: "deciding",
    Scope.CONFIRM: "score",
    Scope.SQL: "sql_screen",
    Scope.QUERIES: "sql_screen",
    Scope.COMPARE: "compare_screen",
}
"""Scope → the tests that walk its screen."""


def pressed(scope: Scope) -> set[str]:
    """Every key that the tests of a scope press."""
    names = TESTED_IN[scope].split()
    keys: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        if names != ["*"] and file.stem.removeprefix("test_") not in names:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "press"
            ):
                keys |= {
                    one.value
                    for one in ast.walk(node)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return keys


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_walked_in_a_test_of_its_screen(action: Action) -> None:
    assert pressed(action.scope) & set(action.keys), f"no test presses {' or '.join(action.keys)} here"


def test_ids_are_unique() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.EVERYWHERE])
def test_no_key_means_two_things(scope: Scope) -> None:
    keys = [key for action in (*actions_in(scope), *actions_in(Scope.EVERYWHERE)) for key in action.keys]
    assert sorted(set(keys)) == sorted(keys)


def test_the_keys_of_the_design_are_there() -> None:
    keys = {key_label(key) for action in actions_in(Scope.REPLAY) for key in action.keys}
    wanted = [
        "space",
        ".",
        ",",
        "[",
        "]",
        "e",
        "E",
        "w",
        "W",
        "←",
        "→",
        "⇧←",
        "⇧→",
        "0",
        "9",
        "+",
        "-",
        "=",
        "j",
        "k",
        "g",
        "G",
        "^d",
        "^u",
        "/",
        "n",
        "N",
        ":",
        "m",
        "c",
        "y",
        "F",
    ]
    assert not [key for key in wanted if key not in keys]


def test_the_documentation_has_these_keys() -> None:
    assert markdown() in DOCS.read_text(), "regenerate docs/keys.md: python -P -m ptb_tui.actions"
