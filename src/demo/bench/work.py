"""Plays and judges the corpus in several processes; the answers come as they are ready."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from demo.bench.judging import Judged, Outcome
from review.known_runs import Witness
from store.jsonio import loads


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was said of one run of the corpus."""

    scenario: str
    judged: tuple[Judged, ...]
    failed: str | None
    """Why it could not be played or looked at."""


def answers(
    scenario_ids: Sequence[str], witnesses: Sequence[Witness], profile: str, cache: Path, processes: int = 2
) -> Iterator[Answer]:
    """Every run's answer, in the order in which they are ready.

    The work is done in processes of their own: the recorder handles signals, and detectors are bound to a core.
    """
    ready: SimpleQueue[Answer] = SimpleQueue()
    shares = [share for n in range(processes) if (share := list(scenario_ids[n::processes]))]
    readers = [
        Thread(target=_work, args=(share, witnesses, profile, cache, ready), daemon=True) for share in shares
    ]
    for reader in readers:
        reader.start()
    for _ in scenario_ids:
        yield ready.get()
    for reader in readers:
        reader.join()


def _work(
    share: list[str],
    witnesses: Sequence[Witness],
    profile: str,
    cache: Path,
    ready: "SimpleQueue[Answer]",
) -> None:
    waiting = dict.fromkeys(share)
    command = [sys.executable, "-P", "-m", "demo.bench", "--cache", str(cache), "--profile", profile]
    command += [f"--witness={witness}" for witness in witnesses]
    with subprocess.Popen(
        [*command, *share], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            answer = read_answer(line)
            waiting.pop(answer.scenario, None)
            ready.put(answer)
    for scenario in waiting:
        ready.put(Answer(scenario, (), f"{scenario}: its process ended with {worker.returncode}"))


def read_answer(line: str) -> Answer:
    """What a worker printed."""
    table = loads(line)
    judged = [
        Judged(**{**one, "witness": Witness(one["witness"]), "outcome": Outcome(one["outcome"])})
        for one in table["judged"]
    ]
    return Answer(table["scenario"], tuple(judged), table["failed"])
