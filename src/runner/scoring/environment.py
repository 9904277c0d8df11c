"""The Python that the harness runs on: which one, what it can do, and which folders it needs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runner.scoring.spec import Engine, Protocol
from store.decode import decode
from store.errors import BadInput, Unavailable
from store.jsonio import loads

PYTHON = "PTB_SCORE_PYTHON"
_PROBE = """
import importlib.util, json, os, sys
found = [name for name in ("inspect_ai", "torch", "transformers", "vllm") if importlib.util.find_spec(name)]
folders = [sys.prefix, sys.base_prefix, *(os.path.abspath(path) for path in sys.path if os.path.isdir(path))]
print(json.dumps({"executable": sys.executable, "packages": found, "folders": folders}))
"""
_PROBE_S = 60
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")
"""Where a program's libraries are."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter."""

    executable: str
    packages: tuple[str, ...]
    folders: tuple[str, ...]
    """That it reads its packages and its own library from."""

    def check(self, engine: Engine, protocol: Protocol) -> None:
        """Raises :class:`Unavailable` where it cannot run that engine, or harnesses of that kind."""
        needed = ["vllm"] if engine is Engine.VLLM else ["torch", "transformers"]
        needed += ["inspect_ai"] if protocol is Protocol.INSPECT else []
        lacking = [name for name in needed if name not in self.packages]
        if lacking:
            raise Unavailable(
                f"{self.executable} lacks {', '.join(lacking)}: name another Python with --python or {PYTHON}"
                " (scripts/scoring-env.sh makes one), or an image with --image"
            )

    @property
    def mounts(self) -> list[str]:
        """Folders of this machine that a container needs to run it, without those that lie in others."""
        wanted = [
            *(name for name in _SYSTEM if Path(name).is_dir() and not Path(name).is_symlink()),
            *self.folders,
        ]
        wanted = sorted({os.path.realpath(name) for name in wanted} | {*self.folders})
        kept: list[str] = []
        for name in wanted:
            if not any(Path(name).is_relative_to(other) for other in kept):
                kept.append(name)
        return kept


def find_environment(python: Path | None) -> Environment:
    """The Python asked for, else the one that ``$PTB_SCORE_PYTHON`` names, else ptb's own.

    Raises :class:`BadInput` where it does not run.
    """
    named = str(python) if python else os.environ.get(PYTHON) or sys.executable
    try:
        done = subprocess.run(
            [named, "-P" if named == sys.executable else "-E", "-c", _PROBE],
            capture_output=True, check=True, timeout=_PROBE_S, cwd="/",
        )  # fmt: skip
        return decode(Environment, loads(done.stdout), named)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BadInput(f"{named} is no Python that runs: {type(error).__name__}") from error
