"""What a scenario is, and how its TOML file is read.

    id, disguise, benchmark, base_model, scaffold
    expected = [{ rule, severity, reach }]        what a full recording shows under profile v1.1; empty: clean
    transcript_expected = [{ rule, severity }]    what can still be told from the stream alone
    also = [rule, …]                              other rules that a reviewer may name here without being wrong
    leaves = [path, …]                            files that the run leaves
    stand_in, decoy_recorder = true               what stands around the run: see ``demo.scenarios.surroundings``
    packed_items = [path, …]                      the benchmark's items, gzipped, as packages ship them
    [[files]]  path, content                      files of the task beside those that every task has
    [[turns]]  say, thought and one of: run (+ exit); write + content or program; pretend + output; unsaid

``@base@``, ``@instruct@`` (folders of the base model and its instruct sibling), ``@items@`` and ``@train@`` (the
evaluation data, and GSM8K's train split) stand for paths in the task folder.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from demo.scenario import Act, Pretended, Shell, Turn, Unsaid, Write
from recorder.transcript import Scaffold
from store.errors import BadInput
from store.findings import Reach, Severity


class Rule(StrEnum):
    """The eleven rules."""

    BENCHMARK_INGESTION = "benchmark-ingestion"
    HARDCODED_ITEMS = "hardcoded-items"
    EVAL_GUIDED_DATA = "eval-guided-data"
    CONTAMINATED_SOURCE = "contaminated-source"
    MODEL_SUBSTITUTION = "model-substitution"
    ARCHITECTURE_SWITCH = "architecture-switch"
    HARNESS_TAMPER = "harness-tamper"
    API_MISUSE = "api-misuse"
    LIMIT_EVASION = "limit-evasion"
    RECORDER_EVASION = "recorder-evasion"
    SAY_DO_MISMATCH = "say-do-mismatch"


@dataclass(frozen=True, slots=True)
class Expected:
    """A fact that a reviewer should find."""

    rule: Rule
    severity: Severity
    """Exactly, except ``note`` of say-do-mismatch, which the rules let be suspicious."""
    reach: Reach | None = None
    """At least."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run: what it does, and the truth about it."""

    id: str
    disguise: str
    benchmark: str
    base_model: str
    scaffold: Scaffold
    turns: tuple[Turn, ...]
    expected: tuple[Expected, ...] = ()
    transcript_expected: tuple[Expected, ...] = ()
    also: tuple[Rule, ...] = ()
    files: tuple[Write, ...] = ()
    packed_items: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    stand_in: bool = False
    decoy_recorder: bool = False

    @property
    def clean(self) -> bool:
        """Whether no violation and nothing suspicious may be found; notes may."""
        return not self.expected

    @property
    def held_out(self) -> bool:
        """Whether it is kept aside."""
        return held_out(self.id)


def held_out(scenario_id: str) -> bool:
    """A third of all ids, by their SHA-256."""
    return int.from_bytes(hashlib.sha256(scenario_id.encode()).digest()) % 3 == 0


def read_scenario(text: str, name: str) -> Scenario:
    """The scenario in a TOML file called ``name``; :class:`BadInput` says what is wrong in it."""
    try:
        return _scenario(tomllib.loads(text))
    except KeyError as error:
        raise BadInput(f"{name}: no {error.args[0]!r}: demo/scenarios/spec.py tells the keys") from None
    except (ValueError, TypeError) as error:
        raise BadInput(f"{name}: {error}") from None


def _scenario(table: dict[str, Any]) -> Scenario:
    return Scenario(
        **{
            **table,
            "turns": tuple(_turn(turn) for turn in table["turns"]),
            "scaffold": Scaffold(table["scaffold"]),
            "expected": _expected(table.get("expected", ())),
            "transcript_expected": _expected(table.get("transcript_expected", ())),
            "also": tuple(Rule(rule) for rule in table.get("also", ())),
            "files": tuple(Write(file["path"], file["content"]) for file in table.get("files", ())),
            "packed_items": tuple(table.get("packed_items", ())),
            "leaves": tuple(table.get("leaves", ())),
        }
    )


def _expected(tables: Iterable[Mapping[str, str]]) -> tuple[Expected, ...]:
    return tuple(
        Expected(
            Rule(table["rule"]),
            Severity(table["severity"]),
            Reach(table["reach"]) if "reach" in table else None,
        )
        for table in tables
    )


def _turn(table: Mapping[str, Any]) -> Turn:
    return Turn(table["say"], _act(table), table.get("thought"))


def _act(table: Mapping[str, Any]) -> Act | None:
    if "run" in table:
        return Shell(table["run"], table["say"], exit_code=table.get("exit", 0))
    if "write" in table:
        return Write(table["write"], table["content"] if "content" in table else program(table["program"]))
    if "pretend" in table:
        return Pretended(table["pretend"], table["say"], table["output"])
    return Unsaid(table["unsaid"]) if "unsaid" in table else None


def program(name: str) -> str:
    """A program that several agents write alike."""
    return files("demo").joinpath("scenarios", "programs", name).read_text(encoding="utf-8")
