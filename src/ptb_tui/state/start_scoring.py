"""A scoring job begun as a process of its own, which outlives the app."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from store.errors import Unavailable
from store.jsonio import loads

_LONGEST_S = 60.0
"""``ptb score --detach`` answers when its job can be found, or says why there is none, well before."""


def start_scoring(folder: Path, options: Iterable[str]) -> str:
    """Start ``ptb score`` on the run in ``folder``; the id of its job. Raises :class:`Unavailable` with the reason."""
    command = [sys.executable, "-P", "-m", "ptb_tui", "score", str(folder.absolute()), *options]
    try:
        done = subprocess.run(
            [*command, "--detach", "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"ptb score did not begin within {_LONGEST_S:.0f} s") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"ptb score ended with code {done.returncode}"]
        raise Unavailable(said[-1].removeprefix("ptb: "))
    answer = loads(done.stdout.encode())
    assert isinstance(answer, dict)
    return str(answer["job_id"])
