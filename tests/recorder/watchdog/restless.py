"""A tree that never rests: children, a daemon whose parents are gone, and what they fork; each beats into its own file.

``python restless.py FOLDER``. A beat is one write to a file that is open already, which no seccomp filter stops.
"""

import os
import sys
import time
from pathlib import Path


def beat(folder: Path, name: str) -> None:
    with (folder / f"{name}.{os.getpid()}").open("wb", buffering=0) as file:
        while True:
            file.write(b".")
            time.sleep(0.01)


def daemon(folder: Path) -> None:
    """Two forks away, in a session of its own."""
    if os.fork():
        return
    os.setsid()
    if os.fork() == 0:
        beat(folder, "daemon")
    os._exit(0)


def main() -> None:
    folder = Path(sys.argv[1])
    for number in range(3):
        if os.fork() == 0:
            if number == 2:
                daemon(folder)
            beat(folder, "child")
    (folder / "up").touch()
    while True:
        if os.fork() == 0:
            time.sleep(0.02)
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main()
