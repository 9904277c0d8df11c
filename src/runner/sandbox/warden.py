"""``python -P -m runner.sandbox.warden FOLDER``: waits for the owner of a sandbox to be gone, then clears what it left.

It needs no word from the owner: the kernel gives it the lock. An owner that cleaned up has taken the folder away.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import docker

from runner.in_flight import looks
from runner.sandbox.place import Place
from runner.sandbox.reaper import LABEL, clear, remove_objects

_RECORDER_S = 15.0
"""For the recorder's own watchdog to end the recorded processes first, and to write down that it did."""
_LOOK_S = 0.2
_HANDED_ON = ("PATH", "HOME", "PYTHONPATH", "PTB_RUNS", "XDG_DATA_HOME")


def start_warden(folder: Path) -> subprocess.Popen[bytes]:
    """Start it; it outlives us."""
    environment = {
        name: value for name, value in os.environ.items() if name in _HANDED_ON or name.startswith("DOCKER_")
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "runner.sandbox.warden", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,
    )


def main() -> None:
    """Wait, then clear."""
    folder = Path(sys.argv[1])
    place = Place.take(folder, wait=True)
    if place is None or not folder.exists():
        return
    client = docker.from_env()
    deadline = time.monotonic() + _RECORDER_S
    while _runs(client, folder) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    for _ in looks():
        remove_objects(client, folder)
    clear(client, place)


def _runs(client: Any, folder: Path) -> bool:
    """Whether the agent's container still runs."""
    chosen = {"label": [f"{LABEL}={folder}", "ptb.role=agent"], "status": "running"}
    return bool(client.containers.list(filters=chosen, ignore_removed=True))


if __name__ == "__main__":
    main()
