"""The chain: an append-only file of what was sealed and merged, each entry bound to the one before by its hash.

``chain.jsonl`` has one JSON object a line. ``seal`` entries bring segments in, ``merge`` entries replace some by
one, ``close`` pins the recording. A segment's ``parts`` are the runs of rows in which it was first sealed, each
with its :func:`store.rowhash.rows_hash`; a merge carries its inputs' parts over unchanged, so that rows can be
checked against the entry that first vouched for them, wherever they were filed since.

The chain shows that files and entries agree. Whoever can rewrite all of them can forge it: only a head noted
elsewhere or a signature makes it more than *consistent*.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from store.durable import write_all, writing
from store.errors import Damaged
from store.manifest import Segment

CHAIN = "chain.jsonl"
START = "0" * 64
"""What the first entry names as its predecessor."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of rows as it was first sealed."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A segment as the chain vouches for it."""

    segment: Segment
    parts: tuple[Part, ...]
    mib: tuple[str, ...]
    """Hash of each MiB of the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chain."""

    n: int
    kind: str
    """``seal``, ``merge`` or ``close``."""
    prev: str
    """The hash of the entry before."""
    epoch: str | None = None
    """seal: the log epoch whose rows these are."""
    segments: tuple[SealedSegment, ...] = ()
    replaces: tuple[str, ...] = ()
    """merge: the files that the segment stands for now."""
    recording_hash: str | None = None
    facts_hash: str | None = None
    hash: str = field(default="")

    def computed_hash(self) -> str:
        """SHA-256 of the entry's canonical JSON without ``hash``."""
        body = asdict(self)
        del body["hash"]
        return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Chain:
    """The writing end: knows the head and appends."""

    def __init__(self, folder: Path, entries: Iterable[Entry] = ()) -> None:
        self._path = folder / CHAIN
        self._entries = list(entries)

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self._entries[-1].hash if self._entries else START

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first."""
        return tuple(self._entries)

    def append(self, kind: str, **values: Any) -> Entry:
        """Add an entry and force it to the disk."""
        bare = Entry(n=len(self._entries), kind=kind, prev=self.head, **values)
        entry = Entry(
            **{name: getattr(bare, name) for name in bare.__slots__ if name != "hash"},
            hash=bare.computed_hash(),
        )
        line = orjson.dumps(asdict(entry)) + b"\n"
        with writing(self._path):
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                end = os.lseek(fd, 0, os.SEEK_END)
                try:
                    write_all(fd, line, end)
                except OSError:
                    os.ftruncate(fd, end)
                    raise
                os.fsync(fd)
            finally:
                os.close(fd)
        self._entries.append(entry)
        return entry

    def drop_torn_tail(self) -> None:
        """Cut the file back to the entries known, after a crash left half a line."""
        if not self._path.exists():
            return
        whole = sum(len(orjson.dumps(asdict(entry))) + 1 for entry in self._entries)
        os.truncate(self._path, whole)


def read_chain(folder: Path) -> tuple[list[Entry], int | None]:
    """The entries of a run's chain, and the line (from 1) at which reading had to stop, None for the end.

    Raises :class:`Damaged` when the file cannot be read at all.
    """
    try:
        data = (folder / CHAIN).read_bytes()
    except FileNotFoundError:
        return [], None
    except OSError as error:
        raise Damaged(f"{folder / CHAIN} cannot be read: {error.strerror}") from error
    entries: list[Entry] = []
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        entry = _parse(line)
        if entry is None:
            return entries, number
        entries.append(entry)
    return entries, None


def live_segments(entries: Iterable[Entry]) -> list[SealedSegment]:
    """The segments that stand after all entries, by table and ``first_seq``."""
    live: dict[str, SealedSegment] = {}
    for entry in entries:
        for file in entry.replaces:
            live.pop(file, None)
        live.update({sealed.segment.file: sealed for sealed in entry.segments})
    return sorted(live.values(), key=lambda sealed: (sealed.segment.table, sealed.segment.first_seq))


def recording_hash(run_id: str, sealed: Iterable[SealedSegment]) -> str:
    """What identifies the recorded rows and, through their hashes, the blobs: parts by table, merged or not."""
    parts = [(one.segment.table, [part.hash for part in one.parts]) for one in sealed]
    by_table: dict[str, list[str]] = {}
    for table, hashes in parts:
        by_table.setdefault(table, []).extend(hashes)
    body = orjson.dumps({"run_id": run_id, "parts": by_table}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def _parse(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    try:
        data = orjson.loads(line)
        segments = tuple(
            SealedSegment(
                segment=Segment(**one["segment"]),
                parts=tuple(Part(**part) for part in one["parts"]),
                mib=tuple(one["mib"]),
            )
            for one in data.pop("segments")
        )
        return Entry(segments=segments, replaces=tuple(data.pop("replaces")), **data)
    except (ValueError, TypeError, KeyError):
        return None
