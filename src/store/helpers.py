"""Processes that scaffolds start for themselves: data in ``helpers.toml``, by the look of their argv."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Helper:
    """One kind of process that a scaffold starts without being told to."""

    scaffold: str
    argv: str
    """A regular expression that RE2 and :mod:`re` read alike, searched for in the shell-quoted argv."""
    does: str
    seen: str
    """The scaffold's version in which it was seen."""


@cache
def helpers() -> tuple[Helper, ...]:
    """All that are known."""
    data = tomllib.loads(files("store").joinpath("helpers.toml").read_text(encoding="utf-8"))
    return tuple(Helper(**entry) for entry in data["helper"])


def is_helper(argv: str) -> bool:
    """Whether ``argv`` is that of a known helper."""
    return any(re.search(helper.argv, argv) for helper in helpers())
