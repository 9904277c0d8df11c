"""What processes did with files, summed up: one record for all opens of one path by one process.

Reads and writes are asked for by path or by process, so that of millions of accesses only a neighbourhood leaves the
database. Without byte counts, as under strace, an open for reading counts as a read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from review.detector import RunView
from review.literals import text_list, text_literal

FAR_FUTURE = 2**62
"""The end of a use whose end was not seen, in µs."""

NO_DATA = (
    r"^/(dev|proc|sys)/|^[a-z]+:\[(event|inotify|signal|timer|perf|io_uring|bpf|pid)|^anon_inode:"
    r"|^/(usr|lib|lib64|etc|opt)/|/(site|dist)-packages/|/lib/python3|/__pycache__/|/\.git/|^(memfd|/memfd):"
    r"|\.(so|pyc|dylib)(\.[0-9.]+)?$|/pyvenv\.cfg$"
)
"""Paths of devices, programs and libraries, as a regular expression; what is read there is data only by its name."""
DATA_NAME = r"\.(jsonl|csv|tsv|parquet|arrow)(\.gz|\.zst|\.xz|\.bz2)?$|\.json\.(gz|zst)$"
"""Names that tell of data wherever they stand, such as the items that a package ships."""
WEIGHTS = r"\.(safetensors|bin|pt|pth|gguf|ckpt|npz)$"
"""Names of files that hold weights, as a regular expression."""
SCAFFOLD_FILES = r"/\.(claude|codex|gemini)/|/tmp/claude-|/opencode/(storage|log)/"
"""Where agent CLIs keep their logs and the output of commands, as a regular expression."""

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
class Use:
    """What one process did through all its opens of one path."""

    process_id: int
    path: str
    read: Span | None
    written: Span | None
    emptied_us: int | None = None
    """When it last began the file anew; None when it only added to it or read it."""


_NOT_WRITING = """
    (access_id IS NULL AND bytes_written = 0)
    OR (coalesce(bytes_written, 0) = 0 AND op = 'open' AND coalesce(flags & 515 = 0, false))
"""  # 515 is O_ACCMODE | O_TRUNC
"""Rows of accesses that wrote nothing, to be left out before anything is summed up: most rows of most files."""


def uses_of(run: RunView, paths: Iterable[str]) -> list[Use]:
    """Who read or wrote these files, whatever they are called."""
    return _by_path(run, paths, "true")


def writers_of(run: RunView, paths: Iterable[str]) -> list[Use]:
    """Who wrote these files; far cheaper for files that everybody reads."""
    return [use for use in _by_path(run, paths, f"NOT ({_NOT_WRITING})") if use.written is not None]


def has_file_accesses(run: RunView) -> bool:
    """Whether a witness recorded what processes did with files, be it nothing."""
    if any(one.name == "kernel" and one.state != "unavailable" for one in run.manifest.sources):
        return True
    return bool(run.query("SELECT 1 FROM files LIMIT 1"))


def _by_path(run: RunView, paths: Iterable[str], which: str) -> list[Use]:
    wanted = sorted(set(paths))
    if not wanted:
        return []
    return _uses(
        run, f"path IN {text_list(wanted)} AND {which}", f"path ORDER BY min(seq)) <= {_MOST_PER_PATH}"
    )


def uses_by(run: RunView, process_ids: Iterable[int]) -> list[Use]:
    """The data that these processes read or wrote, pipes and sockets among it; programs and libraries are left out."""
    wanted = sorted(set(process_ids))
    if not wanted:
        return []
    which = (
        f"process_id IN ({', '.join(map(str, wanted))}) AND (NOT regexp_matches(path, {text_literal(NO_DATA)})"
        f" OR regexp_matches(path, {text_literal(DATA_NAME)}))"
    )
    return _uses(run, which, f"process_id ORDER BY min(seq)) <= {_MOST_PER_PROCESS}")


def _uses(run: RunView, which: str, at_most: str) -> list[Use]:
    # 3 is O_ACCMODE, 512 is O_TRUNC; 2162688 is O_DIRECTORY | O_PATH: such an open reads nothing.
    rows = run.query(
        f"""
        WITH accesses AS (
            SELECT process_id, path, min(seq) AS seq,
                sum(coalesce(bytes_read, 0) + coalesce(bytes_mapped, 0))
                    FILTER (bytes_read IS NOT NULL OR bytes_mapped IS NOT NULL) AS taken,
                sum(bytes_written) AS given,
                bool_or(flags & 3 IN (0, 2) AND flags & 2162688 = 0) AS for_reading,
                bool_or(flags & 3 IN (1, 2) OR op = 'truncate') AS for_writing,
                coalesce(min(first_read_ts), min(ts)) AS read_from,
                max(coalesce(last_read_ts, end_ts)) AS read_until,
                coalesce(min(first_write_ts), min(ts)) AS written_from,
                max(coalesce(last_write_ts, end_ts)) AS written_until,
                max(ts) FILTER (flags & 512 = 512 OR op IN ('create', 'truncate')) AS emptied
            FROM files
            WHERE {which} AND error IS NULL AND process_id IS NOT NULL
                AND op IN ('open', 'create', 'truncate')
            GROUP BY process_id, path, coalesce(access_id, -seq)
        ),
        told AS (
            SELECT *, coalesce(taken > 0, for_reading, false) AS reads, coalesce(given > 0, for_writing, false) AS writes
            FROM accesses
        )
        SELECT process_id, path, min(seq) AS seq,
            min(seq) FILTER (reads), epoch_us(min(read_from) FILTER (reads)),
            max(coalesce(epoch_us(read_until), {FAR_FUTURE})) FILTER (reads),
            (sum(taken) FILTER (reads))::BIGINT,
            min(seq) FILTER (writes), epoch_us(min(written_from) FILTER (writes)),
            max(coalesce(epoch_us(written_until), {FAR_FUTURE})) FILTER (writes),
            (sum(given) FILTER (writes))::BIGINT,
            epoch_us(max(emptied))
        FROM told
        WHERE reads OR writes
        GROUP BY process_id, path
        QUALIFY row_number() OVER (PARTITION BY {at_most}
        ORDER BY 3
        """
    )
    return [
        Use(process_id, path, _span(*read), _span(*written), emptied if written[0] is not None else None)
        for process_id, path, _, *spans, emptied in rows
        if (read := spans[:4]) and (written := spans[4:])
    ]


def _span(seq: int | None, first_us: int | None, last_us: int | None, size: int | None) -> Span | None:
    if seq is None:
        return None
    start = first_us or 0
    return Span(seq, start, max(start, last_us or 0), size)
