"""What processes did with files, summed up: one record for all opens of one path by one process.

Reads and writes are asked for by path or by process, so that of millions of accesses only a neighbourhood leaves the
database. Without byte counts, as under strace, an open for reading counts as a read.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from review.detector import RunView
from review.file_names import DATA_NAME, NO_DATA
from review.sql_literals import text_literal

K = TypeVar("K", str, int)

FAR_FUTURE = 2**62
"""The end of a use whose end was not seen, in µs."""

_MOST_REMEMBERED = 200_000
"""Uses that are kept of what was looked up; a tenth of a gigabyte."""
_LONG_LIST = 32
"""Paths for which it is asked once what anybody wrote at all."""
_NO_ID = -1
"""The id of no string."""
_MOST_PER_PROCESS = 5000
"""Paths of one process that are looked at, in the order in which it came to them."""
_MOST_PER_PATH = 2000
"""Processes of one path, likewise."""


@dataclass(frozen=True, slots=True)
class Span:
    """All reads, or all writes, of a use."""

    seq: int
    """Of the first row."""
    first_us: int
    """Not earlier than this."""
    last_us: int
    """Not later than this; :data:`FAR_FUTURE` where the end was not seen."""
    size: int | None
    """Bytes; None where the witness does not count them."""


@dataclass(frozen=True, slots=True)
class FileUse:
    """What one process did through all its opens of one path."""

    process_id: int
    path: str
    read: Span | None
    written: Span | None
    emptied_us: int | None = None
    """When it last began the file anew; None when it only added to it or read it."""


_NOT_WRITING = """
    (access_id IS NULL AND bytes_written = 0)
    OR (coalesce(bytes_written, 0) = 0 AND op IN {open_ids} AND coalesce(flags & 515 = 0, false))
"""  # 515 is O_ACCMODE | O_TRUNC
"""Rows of accesses that wrote nothing, to be left out before anything is summed up: most rows of most files."""
_MAY_READ = """
    coalesce(bytes_read, 0) + coalesce(bytes_mapped, 0) > 0
    OR (bytes_read IS NULL AND bytes_mapped IS NULL AND flags & 3 IN (0, 2))
"""  # 3 is O_ACCMODE
"""Rows without which an access read nothing."""
_DATA_PATHS = "data_paths"
"""The table of the ids of all strings that, as paths, may be data."""


def uses_of(run: RunView, paths: Iterable[str]) -> list[FileUse]:
    """Who read or wrote these files, whatever they are called, in the order of ``seq``."""
    return run.once(_Known).of_paths(paths)


def uses_of_read(run: RunView, paths: Iterable[str]) -> list[FileUse]:
    """As :func:`uses_of`, for those of the files that anybody read; far cheaper for checkpoints, which nobody does."""
    known = run.once(_Known)
    return known.of_paths(known.read(paths))


def writers_of(run: RunView, paths: Iterable[str]) -> list[FileUse]:
    """Who wrote these files; far cheaper for files that everybody reads."""
    return run.once(_Known).writers(paths)


def uses_by(run: RunView, process_ids: Iterable[int]) -> list[FileUse]:
    """The data that these processes read or wrote, pipes and sockets among it; programs and libraries are left out."""
    return run.once(_Known).by_processes(process_ids)


def has_file_accesses(run: RunView) -> bool:
    """Whether a witness recorded what processes did with files, be it nothing."""
    if any(one.name == "kernel" and one.state != "unavailable" for one in run.manifest.sources):
        return True
    return run.count("files") > 0


class _Known:
    """What was looked up in one run, so that walks that come by the same files again ask nothing."""

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._of_path: dict[str, list[FileUse]] = {}
        self._written: dict[str, list[FileUse]] = {}
        self._by_process: dict[int, list[FileUse]] = {}
        self._unread: set[str] = set()
        self._ever_written: set[int] | None = None
        self._size = 0
        opening = _listed(run.records.ids(["open"]))
        self._writing = f"NOT ({_NOT_WRITING.format(open_ids=opening)})"

    def of_paths(self, paths: Iterable[str]) -> list[FileUse]:
        return self._paths(self._of_path, paths, "true")

    def read(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that somebody may have read."""
        wanted = set(paths) - self._unread
        ids = self._run.records.ids(wanted - self._of_path.keys())
        if ids:
            rows = self._run.records.rows(
                f"SELECT DISTINCT path FROM files WHERE path IN {_among(ids)} AND ({_MAY_READ})"
            )
            read = {number for (number,) in rows}
            self._unread.update(self._run.records.text(number) for number in ids if number not in read)
        return wanted - self._unread

    def writers(self, paths: Iterable[str]) -> list[FileUse]:
        wanted = set(paths)
        for path in wanted & self._of_path.keys() - self._written.keys():
            if len(self._of_path[path]) < _MOST_PER_PATH:
                self._written[path] = self._of_path[path]
        new = wanted - self._written.keys()
        if len(new) > _LONG_LIST:
            ids = self._run.records.ids(new)
            changed = {
                self._run.records.text(number) for number in self._ids_ever_written().intersection(ids)
            }
            self._written.update((path, []) for path in new - changed)
        return [use for use in self._paths(self._written, wanted, self._writing) if use.written is not None]

    def _ids_ever_written(self) -> set[int]:
        """Of the paths that somebody may have written: a few, where thousands of files are asked for that are only read."""
        if self._ever_written is None:
            # What neither half takes wrote nothing; each has a filter on one column, which passes most rows over unread.
            halves = " UNION ".join(
                f"SELECT path FROM files WHERE {told} AND error IS NULL AND {self._writing}"
                for told in ("bytes_written > 0", "access_id IS NOT NULL")
            )
            rows = self._run.records.rows(halves)
            self._ever_written = {number for (number,) in rows}
        return self._ever_written

    def _paths(self, known: dict[str, list[FileUse]], paths: Iterable[str], which: str) -> list[FileUse]:
        wanted = set(paths)
        found: dict[str, list[FileUse]] = {path: [] for path in wanted - known.keys()}
        ids = self._run.records.ids(found)
        if ids:
            condition = f"path IN {_among(ids)} AND {which}"
            for use in _uses(self._run, condition, f"path ORDER BY min(seq)) <= {_MOST_PER_PATH}"):
                found[use.path].append(use)
        return self._remembered(known, wanted, found)

    def by_processes(self, process_ids: Iterable[int]) -> list[FileUse]:
        wanted = set(process_ids)
        found: dict[int, list[FileUse]] = {one: [] for one in wanted - self._by_process.keys()}
        if found:
            self._run.once(_keep_data_paths)
            condition = f"process_id IN {_among(found)} AND path IN (SELECT id FROM {_DATA_PATHS})"
            for use in _uses(self._run, condition, f"process_id ORDER BY min(seq)) <= {_MOST_PER_PROCESS}"):
                found[use.process_id].append(use)
        return self._remembered(self._by_process, wanted, found)

    def _remembered(
        self, known: dict[K, list[FileUse]], wanted: set[K], found: dict[K, list[FileUse]]
    ) -> list[FileUse]:
        uses = [use for key in wanted for use in (found[key] if key in found else known[key])]
        self._size += sum(map(len, found.values()))
        if self._size > _MOST_REMEMBERED:
            for memory in (self._of_path, self._written, self._by_process):
                memory.clear()
            self._size = 0
        known.update(found)
        return sorted(uses, key=_by_seq)


def _by_seq(use: FileUse) -> int:
    return min(span.seq for span in (use.read, use.written) if span is not None)


def _keep_data_paths(run: RunView) -> None:
    run.records.keep(
        _DATA_PATHS,
        f"SELECT id FROM strings WHERE NOT regexp_matches(value, {text_literal(NO_DATA)})"
        f" OR regexp_matches(value, {text_literal(DATA_NAME)})",
    )


def _uses(run: RunView, which: str, at_most: str) -> list[FileUse]:
    opening = run.records.ids(["open", "create", "truncate"])
    anew = run.records.ids(["create", "truncate"])
    cut = run.records.ids(["truncate"])
    # 3 is O_ACCMODE, 512 is O_TRUNC; 2162688 is O_DIRECTORY | O_PATH: such an open reads nothing.
    rows = run.records.rows(
        f"""
        WITH accesses AS (
            SELECT process_id, path, min(seq) AS seq,
                sum(coalesce(bytes_read, 0) + coalesce(bytes_mapped, 0))
                    FILTER (bytes_read IS NOT NULL OR bytes_mapped IS NOT NULL) AS taken,
                sum(bytes_written) AS given,
                bool_or(flags & 3 IN (0, 2) AND flags & 2162688 = 0) AS for_reading,
                bool_or(flags & 3 IN (1, 2) OR op IN {_listed(cut)}) AS for_writing,
                coalesce(min({_at("first_read")}), min(ts)) AS read_from,
                max(coalesce({_at("last_read")}, {_at("end")})) AS read_until,
                coalesce(min({_at("first_write")}), min(ts)) AS written_from,
                max(coalesce({_at("last_write")}, {_at("end")})) AS written_until,
                max(ts) FILTER (flags & 512 = 512 OR op IN {_listed(anew)}) AS emptied
            FROM files
            WHERE {which} AND error IS NULL AND process_id IS NOT NULL AND op IN {_listed(opening)}
            GROUP BY process_id, path, coalesce(access_id, -seq)
        ),
        told AS (
            SELECT *, coalesce(taken > 0, for_reading, false) AS reads, coalesce(given > 0, for_writing, false) AS writes
            FROM accesses
        )
        SELECT process_id, path, min(seq) AS seq,
            min(seq) FILTER (reads), min(read_from) FILTER (reads) // 1000,
            max(coalesce(read_until // 1000, {FAR_FUTURE})) FILTER (reads),
            (sum(taken) FILTER (reads))::BIGINT,
            min(seq) FILTER (writes), min(written_from) FILTER (writes) // 1000,
            max(coalesce(written_until // 1000, {FAR_FUTURE})) FILTER (writes),
            (sum(given) FILTER (writes))::BIGINT,
            max(emptied) // 1000
        FROM told
        WHERE reads OR writes
        GROUP BY process_id, path
        QUALIFY row_number() OVER (PARTITION BY {at_most}
        ORDER BY 3
        """
    )
    paths = {number: run.records.text(number) for number in {row[1] for row in rows}}
    return [
        FileUse(
            process_id,
            paths[path],
            _span(*read),
            _span(*written),
            emptied if written[0] is not None else None,
        )
        for process_id, path, _, *spans, emptied in rows
        if (read := spans[:4]) and (written := spans[4:])
    ]


def _at(what: str) -> str:
    """A time of an access, in ns; it is stored as what has passed since the row's."""
    return f"coalesce(ts, 0) + {what}_after_ns"


def _listed(numbers: Iterable[int]) -> str:
    """A list for ``IN``; never empty, because SQL has no such list."""
    return f"({', '.join(map(str, numbers)) or _NO_ID})"


def _among(numbers: Collection[int]) -> str:
    """As :func:`_listed`, for any number: of a list, DuckDB compares every row with each number."""
    return _listed(numbers) if len(numbers) < 2 else f"(SELECT unnest([{', '.join(map(str, numbers))}]))"


def _span(seq: int | None, first_us: int | None, last_us: int | None, size: int | None) -> Span | None:
    if seq is None:
        return None
    start = first_us or 0
    return Span(seq, start, max(start, last_us or 0), size)
