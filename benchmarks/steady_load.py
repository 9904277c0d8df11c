"""A program that does an even number of things a second: ``python -I -S steady_load.py FOLDER EVENTS_PER_S SECONDS``.

An agent's hours in small: mostly short opens with one read over a working set of files, once a second a shell that
ends at once, a new file and a line more in a log. Prints how often it opened a file of the working set.
"""

import os
import sys
import time

WORKING_SET = 20_000
"""Files that are opened in turn."""
_SLICE_S = 0.01


def main() -> int:
    """Fill the folder, then keep the pace; what a slice could not do is done in the next."""
    folder, events_per_s, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    paths = [f"{folder}/set/{number // 1000}/{number}" for number in range(WORKING_SET)]
    for path in paths:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"x" * 512)
    opened, turn = 0, 0
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        due = int(passed * events_per_s)
        for _ in range(min(due - opened, events_per_s)):
            fd = os.open(paths[opened % WORKING_SET], os.O_RDONLY)
            os.read(fd, 512)
            os.close(fd)
            opened += 1
        if passed >= turn:
            _turn(folder, turn)
            turn = int(passed) + 1
        time.sleep(_SLICE_S)
    print(opened)
    return 0


def _turn(folder: str, number: int) -> None:
    """What is done once a second."""
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/sh", ["sh", "-c", "exit 0"])
    os.waitpid(pid, 0)
    with open(f"{folder}/log.jsonl", "a") as log, open(f"{folder}/made-{number}", "w") as made:
        log.write(f'{{"step": {number}, "loss": 1.0}}\n')
        made.write(str(number))


if __name__ == "__main__":
    sys.exit(main())
