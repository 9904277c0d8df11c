"""Ends what is left of a scoring job whose process died: ``python -m runner.scoring.reaper``, and the client's end.

The reaper is a process in a session of its own that reads the other end of a pipe; when the pipe ends without a goodbye it
removes the job's container and processes, its scratch folder, and tells the job's file. It holds the device locks meanwhile.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from runner.in_flight import looks
from runner.scoring.layout import remove_scratch
from runner.scoring.process_box import end_processes
from store.decode import decode
from store.jsonio import dumps, loads

_GOODBYE_S = 5.0


@dataclass(frozen=True, slots=True)
class Charge:
    """What a reaper is answerable for."""

    run_folder: str
    run_id: str
    job_id: str
    scratch: str
    containers: bool
    """Whether the job uses Docker."""


class Reaper:
    """The client's end; leave it in good order with ``done``, or it reaps."""

    def __init__(self, charge: Charge, locks: Sequence[int]) -> None:
        """``locks`` are descriptors to hold as long as there is something to end."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runner.scoring.reaper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=tuple(locks),
            start_new_session=True,
        )
        assert self._process.stdin
        self._process.stdin.write(dumps(asdict(charge)) + b"\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Goodbye: whatever happened, this process cleaned up itself."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.write(b"done\n")
            self._process.stdin.close()
        try:
            self._process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Wait for the end of the pipe, and reap unless there was a goodbye."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    first = sys.stdin.buffer.readline()
    if not first or b"done\n" in sys.stdin.buffer:
        return
    _reap(decode(Charge, loads(first), "charge"))


def _reap(charge: Charge) -> None:
    for _ in looks():
        end_processes(charge.job_id)
        if charge.containers:
            with suppress(Exception):  # no daemon: its containers are looked for again by the next job
                from runner.scoring.container_box import connect, remove_containers

                remove_containers(connect(), charge.job_id)
    remove_scratch(Path(charge.scratch))
    from runner.scoring.ledger import settle_lost
    from store.overlay import Review

    settle_lost(Review(Path(charge.run_folder), charge.run_id))


if __name__ == "__main__":
    main()
