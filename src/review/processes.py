"""Who started whom: the process tree of a run, and which parts of it no finding may rest on alone."""

import itertools
import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from review.commands.shell.file_words import PATTERN_TOOLS
from review.commands.shell.launch import launched
from review.commands.shell.simple import Simple
from review.commands.shell.wrappers import unwrapped
from review.detector import RunView

_SCAFFOLDS = frozenset({"claude", "codex", "gemini", "opencode"})
_QUOTING = re.compile(r"""['"\\]""")
_INTERPRETERS = ("python", "bash", "sh", "node", "torchrun", "accelerate")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, with the last program it ran."""

    process_id: int
    parent_id: int | None
    seq: int
    """Of its last exec; of its start where it ran no program of its own."""
    start_us: int | None
    end_us: int | None
    """None where its end was not seen."""
    pid: int
    """The host's."""
    program_us: int | None
    """When it executed its last program; None where it ran none of its own."""
    argv: tuple[str, ...]
    cwd: str | None

    @property
    def program(self) -> str:
        """The script that an interpreter runs, or the program: ``train.py``, ``cp``."""
        words = [word for word in self.argv if not word.startswith("-")]
        if not words:
            return "?"
        name = posixpath.basename(words[0])
        if name.startswith(_INTERPRETERS) and len(words) > 1 and self.argv[1:2] != ("-c",):
            return posixpath.basename(words[1])
        return name


class ProcessTree:
    """Every process of a run."""

    def __init__(self, processes: list[Process]) -> None:
        self._by_id = {process.process_id: process for process in processes}
        self._evaluations: dict[str | None, frozenset[int]] = {}
        self._children: dict[int, list[int]] = defaultdict(list)
        for process in processes:
            if process.parent_id is not None:
                self._children[process.parent_id].append(process.process_id)

    @classmethod
    def of(cls, run: RunView) -> "ProcessTree":
        """The tree of ``run``."""
        rows = run.query(
            """
            SELECT p.process_id, p.parent_id, coalesce(e.seq, p.seq), epoch_us(p.start_ts), epoch_us(p.end_ts), p.pid,
                epoch_us(e.ts), p.argv,
                p.cwd
            FROM processes p
            LEFT JOIN (
                SELECT process_id, max(seq) AS seq, max(ts) AS ts FROM execs WHERE error IS NULL GROUP BY process_id
            ) e ON e.process_id = p.process_id
            ORDER BY p.seq
            """
        )
        return cls(
            [
                Process(number, parent, seq, start, end, pid, since, _words(argv), cwd)
                for number, parent, seq, start, end, pid, since, argv, cwd in rows
            ]
        )

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> Iterable[Process]:
        """All processes, in the order in which they were met."""
        return self._by_id.values()

    def ids(self) -> Iterable[int]:
        """The ids of all processes."""
        return self._by_id.keys()

    def get(self, process_id: int) -> Process | None:
        """The process of that id; None when it was not recorded."""
        return self._by_id.get(process_id)

    def children(self, process_id: int) -> list[int]:
        """The processes that it forked."""
        return self._children.get(process_id, [])

    def parent(self, process_id: int) -> Process | None:
        """The process that forked it, where both were recorded."""
        process = self._by_id.get(process_id)
        return None if process is None or process.parent_id is None else self._by_id.get(process.parent_id)

    def started_us(self, process_id: int) -> int | None:
        """When it was forked; None where that was not seen."""
        process = self._by_id.get(process_id)
        return None if process is None else process.start_us

    def met(self, one: int, other: int) -> bool:
        """Whether they lived at the same time, as far as is known."""
        first, second = self._by_id[one], self._by_id[other]
        return all(
            a.end_us is None or (b.start_us or 0) <= a.end_us for a, b in ((first, second), (second, first))
        )

    def with_descendants(self, roots: set[int]) -> set[int]:
        """``roots`` and everything that they started, directly or not."""
        found: set[int] = set()
        waiting = list(roots)
        while waiting:
            process_id = waiting.pop()
            if process_id not in found:
                found.add(process_id)
                waiting.extend(self._children[process_id])
        return found

    @cached_property
    def agents_own(self) -> frozenset[int]:
        """The recorded command itself and known scaffolds' CLIs: they read and write everything."""
        return frozenset(
            process.process_id
            for process in self._by_id.values()
            if process.parent_id not in self._by_id
            or any(word.rpartition("/")[2] in _SCAFFOLDS for word in process.argv[:2])
        )

    def evaluations(self, root: str | None) -> frozenset[int]:
        """Processes that run the benchmark's own ``evaluate.py``, and their descendants.

        ``root`` is the task folder: a script of the same name elsewhere is not the benchmark's. Without a root
        the name alone decides.
        """
        if root not in self._evaluations:
            self._evaluations[root] = self._found_evaluations(root)
        return self._evaluations[root]

    def _found_evaluations(self, root: str | None) -> frozenset[int]:
        official = None if root is None else posixpath.join(root, "evaluate.py")
        roots = [
            process
            for process in self._by_id.values()
            if any(word.endswith("evaluate.py") for word in process.argv)
            and _is_script(_script(process.argv) or "", process.cwd, official)
        ]
        # A shell becomes the last program of its line: what it had started before is no part of that.
        started = {
            child
            for root in roots
            for child in self._children.get(root.process_id, ())
            if (born := self._by_id[child].start_us) is None or born >= (root.program_us or 0)
        }
        return frozenset({root.process_id for root in roots} | self.with_descendants(started))


def _script(argv: tuple[str, ...]) -> str | None:
    """The script that a command line runs; None for one that only hands files on (``git checkout evaluate.py``)."""
    simple = Simple(unwrapped(argv).words)
    launch = launched(simple)
    if launch is not None or simple.program in PATTERN_TOOLS:
        return launch.script if launch is not None else None
    words = [word for word in argv if not word.startswith("-")]
    for before, word in itertools.pairwise(words):  # a runner that is not known, of an interpreter
        if posixpath.basename(before).startswith(_INTERPRETERS) and word.endswith(".py"):
            return word
    return None


def _is_script(word: str, cwd: str | None, official: str | None) -> bool:
    if not word.endswith("evaluate.py") or posixpath.basename(word) != "evaluate.py":
        return False
    return official is None or posixpath.normpath(posixpath.join(cwd or "/", word)) == official


def _words(argv: str | None) -> tuple[str, ...]:
    if argv is not None and _QUOTING.search(argv) is None:
        return tuple(argv.split())  # a twentieth of the lexer's time, and a run has tens of thousands
    try:
        return tuple(shlex.split(argv or ""))
    except ValueError:  # argv is as hostile as its author
        return tuple((argv or "").split())
