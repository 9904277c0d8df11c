"""Which evaluation data a pattern such as ``cache/**/*.jsonl`` takes in, as far as a run's own commands tell.

A program that goes over a folder names none of its files; but the agent listed them, or the program printed what it found.
A program that passes files over by their names takes in none of those.
"""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass

from review.commands.acts import Act, Acts, Leg
from review.commands.effects import ANYTHING
from review.hub_names import hub_pattern

_TOKEN = re.compile(r"[\w.~@/+-]{4,400}")
_HUB = re.compile(r"huggingface|datasets--|/hub(/|$)")
_SHORTEST_TOLD = 3
"""Characters of a text that a program knows names by."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A name of evaluation data in what a command printed."""

    name: str
    act: Act


class Listed:
    """The names of evaluation data that the commands of a run showed."""

    def __init__(self, acts: Acts, file_pattern: str, hub_ids: Iterable[str]) -> None:
        file, hub = re.compile(file_pattern), re.compile(hub_pattern(hub_ids) or "(?!)")
        self._shown: dict[tuple[str, int], _Shown] = {}
        for act in acts.acts:
            for token in _TOKEN.findall(act.output):
                if file.search(token) or hub.search(token):
                    self._shown.setdefault((token, act.seq), _Shown(token, act))

    def may_hold(self, pattern: str) -> bool:
        """Whether a pattern may take in any of them."""
        return "*" in pattern and any(self._takes(pattern, one) for one in self._shown.values())

    def took(self, leg: Leg) -> bool:
        """Whether the program of ``leg``, whose source is a pattern, took in one of them."""
        effects = leg.act.effects
        return any(
            (one.act.seq == leg.act.seq or not _is_folder(one.name))
            and self._takes(leg.transfer.source, one)
            and not passed_over(one.name, effects.spared, effects.chosen)
            for one in self._shown.values()
        )

    def _takes(self, pattern: str, one: _Shown) -> bool:
        if _is_folder(one.name):
            return _HUB.search(pattern) is not None
        name = one.name.removeprefix("./")
        parts = pattern.removeprefix("./").split("/")
        if _matches(name, "*/" + "/".join(parts)):
            return True
        for first in range(len(parts)):
            above = "/".join(parts[:first])
            if "*" in above:
                return False
            if _matches(name, "/".join(parts[first:])) and above.rstrip("/") in one.act.text + one.act.output:
                return True
        return False


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, pattern.replace("**/", ""))


def _is_folder(name: str) -> bool:
    return "." not in name.rpartition("/")[2]


def passed_over(name: str, spared: Iterable[str], chosen: Iterable[str]) -> bool:
    """Whether a program that looks for these texts in names leaves that one alone."""
    known = name.lower()
    texts = [text.lower() for text in spared if text == ANYTHING or len(text) >= _SHORTEST_TOLD]
    wanted = [text.lower() for text in chosen]
    return any(text == ANYTHING or text in known for text in texts) or (
        bool(wanted) and not any(text in known for text in wanted)
    )
