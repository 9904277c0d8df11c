"""What an agent's file says, and how a command line is made of it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from recorder.output import Choice
from store.catalog.reader import check_id, find_entry, read_entries, user_folder
from store.errors import BadInput

COMMAND = "command"
"""The agent whose command line the user gives."""
_SHIPPED = Path(__file__).parent
_PLACES = {"model", "prompt"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that is the same for everybody."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HomeFile:
    """A file in the agent's home folder that configures it, laid only where a variable is set."""

    path: str
    """Below the home folder."""
    variable: str
    """One of ``passed``."""
    text: str
    """``{value}`` stands for the variable's value, escaped as in a string of JSON or TOML."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A scaffold: the program that runs a model with tools."""

    id: str
    title: str
    command: tuple[str, ...]
    """Arguments, with ``{prompt}`` and ``{model}`` to be filled in; empty where the user gives them."""
    transcript: Choice = Choice.AUTO
    """How its output is read."""
    package: str | None = None
    """On npm; the image recipe installs it."""
    keys: tuple[str, ...] = ()
    """Environment variables that hold credentials: handed to the agent, never written down."""
    passed: tuple[str, ...] = ()
    """Other variables that are handed on where they are set."""
    environment: tuple[Variable, ...] = ()
    files: tuple[HomeFile, ...] = ()
    hosts: tuple[str, ...] = ()
    """What it must reach, for the network policy ``allowlist``; ``*.example.org`` is every name below."""

    def argv(self, prompt: str, model: str | None, given: Sequence[str]) -> tuple[str, ...]:
        """The command line; ``given`` is the user's own, for the agent ``command``.

        Raises :class:`BadInput` where a part of it is missing.
        """
        if bool(given) == bool(self.command):
            wants = "give its command line after --" if not given else "takes no command line after --"
            raise BadInput(f"agent {self.id}: {wants}")
        words = self.command or tuple(given)
        if model is None and any("{model}" in word for word in words):
            raise BadInput(f"agent {self.id} runs any model: say which with --agent-model")
        return tuple(word.replace("{model}", model or "").replace("{prompt}", prompt) for word in words)

    def home_files(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What to lay into its home folder, path → text."""
        return {
            one.path: one.text.replace("{value}", json.dumps(environment[one.variable])[1:-1])
            for one in self.files
            if one.variable in environment
        }


def load_agents(folder: Path | None = None) -> Mapping[str, Agent]:
    """The agents that ship with ptb, and those of ``folder`` (default: ``agents`` in the user's catalog) over them.

    Raises :class:`BadInput` naming file, key and reason for a file that cannot be used.
    """
    own = folder or user_folder() / "agents"
    return {agent.id: agent for base in (_SHIPPED, own) for agent in read_entries(base, Agent, _check)}


def find_agent(name: str) -> Agent:
    """The agent of that id; raises :class:`BadInput` for an unknown one."""
    return find_entry(load_agents(), name, "agent")


def _check(agent: Agent) -> Iterator[str]:
    yield from check_id(agent.id)
    for word in agent.command:
        # Braces of shell and JSON are not ours: only what looks like a place of ours is checked.
        try:
            places = {name for _, name, _, _ in Formatter().parse(word) if name and name.isidentifier()}
        except ValueError:
            continue
        if not places <= _PLACES:
            yield f"command has {{{min(places - _PLACES)}}}; it may have {', '.join(sorted(_PLACES))}"
    if not agent.command and agent.id != COMMAND:
        yield "command is empty"
    elif agent.command and not any("{prompt}" in word for word in agent.command):
        yield "command lacks {prompt}"
    names = (*agent.keys, *agent.passed, *(one.name for one in agent.environment))
    yield from (
        f"{name!r} is no name of an environment variable" for name in names if not _NAME.fullmatch(name)
    )
    yield from (
        f"files.path is {one.path!r}, not below the home folder"
        for one in agent.files
        if Path(one.path).is_absolute() or ".." in Path(one.path).parts or not Path(one.path).name
    )
    yield from (
        f"files.variable {one.variable} is not passed"
        for one in agent.files
        if one.variable not in agent.passed
    )
    yield from (f"{name} is a key and passed too" for name in agent.keys if name in agent.passed)
