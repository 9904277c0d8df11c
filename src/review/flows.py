"""Where the content of a file may have gone: from readers to what they and their children wrote, file by file.

A read before a write in the same process (or in one that it started later) is an edge. Without byte counts, as
under strace, an open for reading counts as a read. Nothing is followed through barred processes.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from review.detector import RunView
from review.literals import text_list, text_literal
from review.processes import ProcessTree

_LONGEST_CHAIN = 16
_MOST_READERS = 100
"""Of one file, beyond which it is common property (a cache, a log) and tells nothing of where content went."""
_MOST_LOOKED_AT = 10_000
"""Readers of one file that are looked at at all."""
_MOST_HEIRS = 1000
"""Of one process, beyond which it is a shell or server that starts everything."""
_FAR_FUTURE = 2**62
_MOST_NAMES = 64
"""Of one file: a folder moved into itself again and again would have no end of them."""

WEIGHTS = r"\.(safetensors|bin|pt|pth|gguf|ckpt|npz)$"
"""Names of files that hold weights, as a regular expression."""

_READS = """
    (coalesce(bytes_read, 0) > 0 OR coalesce(bytes_mapped, 0) > 0
     OR (bytes_read IS NULL AND flags & 3 IN (0, 2) AND flags & 2162688 = 0))
"""  # 2162688 is O_DIRECTORY | O_PATH: such an open reads nothing
_WRITES = "(coalesce(bytes_written, 0) > 0 OR (bytes_written IS NULL AND flags & 3 IN (1, 2)))"
_NO_DATA = r"^/(dev|proc|sys|usr|lib|lib64|etc)/|/(site|dist)-packages/|/__pycache__/|/\.git/|^[a-z]+:\["
"""Paths of devices, programs, libraries, pipes and sockets: what is read there is not data."""


@dataclass(frozen=True, slots=True)
class Use:
    """All that one process read, or all that it wrote, through its opens of one path."""

    process_id: int
    path: str
    seq: int
    """Of the first row."""
    first_us: int
    """Not earlier than this."""
    last_us: int
    """Not later than this; far in the future where the end was not seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edge: a process read a file that holds the content, and it or a process it started wrote another."""

    read: Use
    write: Use


Way = tuple[Step, ...]
"""How content got from the file it was in to the last file written."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where content may have gone."""

    ways: Mapping[str, Way]
    """The shortest way to each file, by path."""
    makers: frozenset[tuple[int, str]]
    """Every process that may have carried it into a file, with the file's path."""


def readers(run: RunView, paths: Iterable[str]) -> list[Use]:
    """Who read one of these files."""
    return _uses(run, "read", _READS, f"path IN {text_list(paths)}")


def writers(run: RunView, paths: Iterable[str]) -> list[Use]:
    """Who wrote one of these files."""
    return _uses(run, "write", _WRITES, f"path IN {text_list(paths)}")


def _uses(
    run: RunView, verb: str, done: str, which: str, only: str = "", most: int = _FAR_FUTURE
) -> list[Use]:
    """Uses of files with data: the first ``most`` of each, where the regular expression ``only`` matches its path."""
    rows = run.query(
        f"""
        SELECT process_id, path, min(seq), min(epoch_us(coalesce(first_{verb}_ts, ts))),
               max(coalesce(epoch_us(coalesce(last_{verb}_ts, end_ts)), {_FAR_FUTURE}))
        FROM files
        WHERE {which} AND error IS NULL AND process_id IS NOT NULL AND op IN ('open', 'create') AND {done}
          AND regexp_matches(path, {text_literal(only)}) AND NOT regexp_matches(path, {text_literal(_NO_DATA)})
        GROUP BY process_id, path
        QUALIFY row_number() OVER (PARTITION BY path ORDER BY min(seq)) <= {most}
        ORDER BY 3
        """
    )
    return [Use(*row) for row in rows]


class Flows:
    """Follows content through one run."""

    def __init__(self, run: RunView, tree: ProcessTree, barred: Collection[int]) -> None:
        """``barred``: processes through which nothing is followed."""
        self._run = run
        self._tree = tree
        self._barred = frozenset(barred)
        self.common: set[str] = set()
        """Files with such content that so many processes read that nothing can be told of them."""
        self.not_followed: set[int] = set()
        """Processes that read such content and started so many others that nothing can be told of them."""
        self._names: dict[str, list[str]] = defaultdict(list)
        for path, path2 in run.query(
            "SELECT path, path2 FROM files WHERE op IN ('rename', 'link') AND error IS NULL AND path2 IS NOT NULL"
        ):
            self._names[path].append(path2)

    def follow(
        self, reads: Iterable[Use], *, only: str = "", cleared: Callable[[Use], bool] | None = None
    ) -> Spread:
        """The files that the content may have gone to.

        ``only`` is a regular expression for the files to follow; nothing is followed through files that are
        ``cleared`` (their content was compared, and is another).
        """
        ways: dict[str, Way] = {}
        makers: set[tuple[int, str]] = set()
        level: list[tuple[Use, Way]] = [(read, ()) for read in reads if read.process_id not in self._barred]
        for _ in range(_LONGEST_CHAIN):
            reached: list[Use] = []
            for step, way in self._steps(level, only):
                write = step.write
                if (write.process_id, write.path) in makers or (cleared and cleared(write)):
                    continue
                makers.add((write.process_id, write.path))
                ways.setdefault(write.path, (*way, step))
                reached.append(write)
            if not reached:
                break
            level = [(read, ways[write.path]) for write, read in self.readers_after(reached)]
        return Spread(ways, frozenset(makers))

    def readers_after(self, writes: Iterable[Use]) -> list[tuple[Use, Use]]:
        """Each write with everyone who read it, under its name or a later one, and not before it was written."""
        origins: dict[str, list[Use]] = defaultdict(list)
        for write in writes:
            for name in self.names_of(write.path):
                origins[name].append(write)
        if not origins:
            return []
        reads: dict[str, list[Use]] = defaultdict(list)
        which = f"path IN {text_list(origins)}"
        for read in _uses(self._run, "read", _READS, which, most=_MOST_LOOKED_AT):
            if read.process_id not in self._barred:
                reads[read.path].append(read)
        common = {path for path, uses in reads.items() if len(uses) > _MOST_READERS}
        self.common |= common
        return [
            (write, read)
            for path in reads.keys() - common
            for read in reads[path]
            for write in origins[path]
            if read.last_us >= write.first_us
        ]

    def names_of(self, path: str) -> list[str]:
        """``path`` and the names that it was given by renaming or linking it, or a folder above it."""
        found = [path]
        for name in found:
            folder, rest = name, ""
            while folder not in ("", "/") and len(found) < _MOST_NAMES:
                found += [new + rest for new in self._names.get(folder, ()) if new + rest not in found]
                folder, last = posixpath.split(folder)
                rest = f"/{last}{rest}"
        return found

    def _steps(self, level: list[tuple[Use, Way]], only: str) -> list[tuple[Step, Way]]:
        """What the readers, or processes that they started afterwards, wrote after reading."""
        families = [
            (read, way, self._tree.heirs(read.process_id, read.first_us) - self._barred)
            for read, way in level
        ]
        everyone = {process_id for _, _, family in families for process_id in family}
        if not everyone:
            return []
        which = f"process_id IN ({', '.join(map(str, sorted(everyone)))})"
        writes: dict[int, list[Use]] = defaultdict(list)
        for write in _uses(self._run, "write", _WRITES, which, only):
            writes[write.process_id].append(write)
        return [
            (Step(read, write), way)
            for read, way, family in families
            for process_id in sorted(family)
            for write in writes[process_id]
            if write.last_us >= read.first_us
        ]
