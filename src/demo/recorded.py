"""Recording the demo: the built-in agent, or a real agent CLI with a scripted model, in a task folder of its own."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path

from demo.model_api import serve
from demo.scenario import BASE_MODEL, BENCHMARK, SCENARIO
from demo.workspace import task_folder
from recorder.output import Choice
from recorder.recording import Outcome, Plan, record
from store.errors import Unavailable
from store.library import runs_folder
from store.manifest import Facts
from store.manifest_file import read_manifest

PROMPT = "Read instruction.md in this folder and do what it says."

INSTALL_CLAUDE = "npm install -g @anthropic-ai/claude-code"


class Agent(StrEnum):
    """Who plays the scenario."""

    SCRIPTED = "scripted"
    """The built-in agent: needs nothing."""
    CLAUDE = "claude"
    """The real Claude Code, with a scripted model behind it."""


def record_demo(agent: Agent, note: Callable[[str], None]) -> Outcome:
    """Play the scenario with ``agent``, recorded into a new run; ``note`` is told what a person should know.

    Raises :class:`Unavailable` where the agent is not installed, and what the recording raises.
    """
    with task_folder() as folder, _command(agent, folder) as argv, _nowhere() as output:
        name, model = "claude" if agent is Agent.CLAUDE else "demo-agent", "scripted"
        facts = Facts(
            agent=name,
            agent_model=model,
            benchmark=BENCHMARK,
            base_model=BASE_MODEL,
            method=f"{name}_{model}",
            case_id=f"{name}_{model}/{BENCHMARK}",
            limit_s=36_000.0,
        )
        return record(
            Plan(tuple(argv), folder, facts=facts, transcript=Choice.CLAUDE, grace_s=2.0, stdout=output), note
        )


def place_shipped() -> Path:
    """The recording that comes with the package, copied to the runs folder under its id; the run's folder."""
    with as_file(files("demo").joinpath("recordings", "demo")) as source:
        target = runs_folder() / read_manifest(source).run_id
        if not target.exists():
            shutil.copytree(source, target)
    return target


@contextmanager
def _command(agent: Agent, folder: Path) -> Iterator[list[str]]:
    if agent is Agent.SCRIPTED:
        yield [sys.executable, "-P", "-m", "demo.agent"]
        return
    claude = shutil.which("claude")
    if claude is None:
        raise Unavailable(f"claude is not on PATH: install it with `{INSTALL_CLAUDE}`")
    with serve(SCENARIO, folder) as url:
        # The CLI's own files, and nothing of this user's settings or history, beside the task folder.
        home = folder.parent / "home"
        home.mkdir()
        yield [
            "env",
            f"HOME={home}",
            f"CLAUDE_CONFIG_DIR={home / '.claude'}",
            f"PATH={Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            f"ANTHROPIC_BASE_URL={url}",
            "ANTHROPIC_API_KEY=none-is-needed",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
            "DISABLE_AUTOUPDATER=1",
            "IS_SANDBOX=1",  # it refuses to skip permissions as root otherwise
            *(claude, "--print", "--verbose", "--model", "claude-opus-4-6"),
            *("--output-format", "stream-json", "--dangerously-skip-permissions", PROMPT),
        ]


@contextmanager
def _nowhere() -> Iterator[int]:
    """A descriptor for output that nobody reads."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
