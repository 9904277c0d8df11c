"""Which program a process was when it read or wrote: its execs in time, and how far that program can be trusted to carry
content on purpose.
"""

import posixpath
import re
import shlex
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from review.detector import RunView
from review.processes import ProcessTree

_ALL_AT_ONCE = 2000
"""Processes of a run up to which all are looked up with the first: a query costs more than their rows."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "tmux", "screen", "script"})
_SERVERS = re.compile(
    r"\b(vllm|sglang|ollama|llama-server|tritonserver|text-generation-launcher|ray|jupyter\S*|uvicorn|gunicorn"
    r"|http\.server|redis-server|postgres|mongod|sshd|dockerd|containerd)\b"
)


class Carrier(StrEnum):
    """What kind of process stands between a read and a write."""

    PROGRAM = "program"
    SHELL = "shell"
    SERVER = "server"
    """Lives long and answers many: what went in need not be what came out."""
    AGENT = "agent"
    """The agent's own process: what it read it has seen, and whatever it writes later may hold it."""
    EVALUATION = "evaluation"
    """The benchmark's own evaluate.py and what it started."""


@dataclass(frozen=True, slots=True)
class Image:
    """A process while it ran one program."""

    process_id: int
    seq: int | None
    """Of its exec, or of the process's start."""
    from_us: int
    argv: str
    own: bool
    """Whether the process executed it itself, rather than having it from its parent by fork."""

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments apart."""
        try:
            return tuple(shlex.split(self.argv))
        except ValueError:  # argv is as hostile as its author
            return tuple(self.argv.split())


class Images:
    """Programs of the processes that were asked for."""

    def __init__(self, run: RunView, tree: ProcessTree) -> None:
        self._run = run
        self._tree = tree
        self._agents = tree.agents_own
        self._evaluations = tree.evaluations(run.manifest.facts.root)
        self._known: dict[int, list[Image]] = {}

    @property
    def agents(self) -> frozenset[int]:
        """The agent's own processes."""
        return frozenset(self._agents)

    def load(self, process_ids: Iterable[int]) -> None:
        """Look up the execs of these processes, once each."""
        missing = sorted(set(process_ids) - self._known.keys())
        if not missing:
            return
        if not self._known and len(self._tree) <= _ALL_AT_ONCE:
            missing = sorted({*missing, *self._tree.ids()})
        execs: dict[int, list[Image]] = defaultdict(list)
        for process_id, seq, us, argv in self._run.query(
            f"""
            SELECT process_id, seq, epoch_us(ts), argv FROM execs
            WHERE error IS NULL AND process_id IN ({", ".join(map(str, missing))}) ORDER BY ts, seq
            """
        ):
            execs[process_id].append(Image(process_id, seq, us or 0, argv or "?", own=True))
        for process_id in missing:
            self._known[process_id] = [self._as_born(process_id), *execs[process_id]]

    def at(self, process_id: int, us: int) -> Image:
        """The program that the process was at that time."""
        self.load([process_id])
        images = self._known[process_id]
        return images[max(0, bisect_right(images, us, key=lambda image: image.from_us) - 1)]

    def changed_between(self, process_id: int, after_us: int, before_us: int) -> bool:
        """Whether the process became another program between two times, so that only what is inherited passed on."""
        self.load([process_id])
        return any(image.own and after_us < image.from_us <= before_us for image in self._known[process_id])

    def executed_by(self, process_id: int, us: int) -> bool:
        """Whether the process had executed a program of its own by then."""
        return self.at(process_id, us).own

    def carrier(self, process_id: int, us: int) -> Carrier:
        """What kind of process it was at that time."""
        if process_id in self._evaluations and not self._is_yet_to_be(process_id, us):
            return Carrier.EVALUATION
        if process_id in self._agents:
            return Carrier.AGENT
        image = self.at(process_id, us)
        words = image.words
        if words and posixpath.basename(words[0]).removeprefix("-") in _SHELLS:
            return Carrier.SHELL
        return Carrier.SERVER if _SERVERS.search(" ".join(words[:4])) else Carrier.PROGRAM

    def _is_yet_to_be(self, process_id: int, us: int) -> bool:
        """Whether the process had not yet executed its last program: a shell becomes the last one of its line."""
        process = self._tree.get(process_id)
        return process is not None and process.program_us is not None and us < process.program_us

    def workers(self, process_id: int) -> Collection[int]:
        """Its children that run its own program: forks, and what Python's multiprocessing spawns."""
        children = self._tree.children(process_id)
        self.load(children)
        return [child for child in children if self._is_worker(child)]

    def _is_worker(self, process_id: int) -> bool:
        images = self._known[process_id]
        return not images[-1].own or "multiprocessing" in images[-1].argv

    def _as_born(self, process_id: int) -> Image:
        process = self._tree.get(process_id)
        if process is None:
            return Image(process_id, None, 0, "?", own=False)
        return Image(
            process_id, process.seq, process.start_us or 0, shlex.join(process.argv) or "?", own=False
        )
