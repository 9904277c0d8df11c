"""The log while recording: one Arrow IPC stream a table, and a commit record a flush.

An epoch is a folder of streams (``<table>.arrows``) and ``commits``. A flush first writes its batches to the
streams, new strings before the rows that use them, then appends one commit line: ``crc32 {json}``. The JSON holds,
for each table that grew, ``[rows, end, crc]``: rows so far, bytes so far, CRC-32 of the bytes added. Readers and
recovery believe a stream only up to the last commit, so a write that was cut short is never seen.
"""

import io
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa

from store.durable import sync_folder, write_all
from store.errors import Damaged
from store.schema import STRINGS, arrow_schema

COMMITS = "commits"
SUFFIX = ".arrows"

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class _Stream:
    """One table's stream: serialises at once, writes when the disk lets it."""

    def __init__(self, folder: Path, table: str) -> None:
        self._path = folder / f"{table}{SUFFIX}"
        self._fd: int | None = None
        self._pending = io.BytesIO()
        self._writer = pa.ipc.new_stream(
            pa.PythonFile(self._pending, mode="w"), arrow_schema(table), options=_OPTIONS
        )
        self.rows = 0
        self.end = 0
        self._rows_pending = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Serialise a batch into memory."""
        self._writer.write_batch(batch)
        self._rows_pending += batch.num_rows

    @property
    def waiting(self) -> int:
        """Bytes serialised and not yet written."""
        return self._pending.tell()

    def write(self) -> tuple[int, int, int] | None:
        """Write what is pending after the committed end; ``(rows, end, crc)`` to commit, None for nothing."""
        data = self._pending.getvalue()
        if not data:
            return None
        if self._fd is None:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        write_all(self._fd, data, self.end)
        return self.rows + self._rows_pending, self.end + len(data), zlib.crc32(data)

    def committed(self) -> None:
        """What :meth:`write` wrote is now part of the log."""
        self.end += self.waiting
        self.rows += self._rows_pending
        self._rows_pending = 0
        self._pending.seek(0)
        self._pending.truncate()

    def rewind(self) -> None:
        """Cut off a write that was not committed; its bytes stay pending."""
        if self._fd is not None:
            os.ftruncate(self._fd, self.end)

    def sync(self) -> None:
        if self._fd is not None:
            os.fdatasync(self._fd)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)


class LogEpoch:
    """The writing end of one epoch; not safe for use from several threads at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._streams: dict[str, _Stream] = {}
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._commits = os.open(folder / COMMITS, flags, 0o644)
        self._end = 0
        try:
            sync_folder(folder)
            sync_folder(folder.parent)
        except OSError:
            self.close()
            raise

    @property
    def rows(self) -> int:
        """Rows committed, of all recorded tables."""
        return sum(stream.rows for table, stream in self._streams.items() if table != STRINGS)

    @property
    def waiting(self) -> int:
        """Bytes that the disk has not taken yet."""
        return sum(stream.waiting for stream in self._streams.values())

    def add(self, table: str, batches: list[pa.RecordBatch]) -> None:
        """Take batches of a table; :meth:`commit` writes them."""
        stream = self._streams.get(table)
        if stream is None:
            stream = self._streams[table] = _Stream(self.folder, table)
        for batch in batches:
            stream.add(batch)

    def commit(self, next_seq: int) -> None:
        """Write everything taken since the last commit and commit it.

        On ``OSError`` (a full disk) nothing of it is committed, the files are cut back to the last commit, and
        the next call tries again with the same bytes.
        """
        ordered = sorted(self._streams.items(), key=lambda item: item[0] != STRINGS)
        try:
            written = {table: stream.write() for table, stream in ordered}
            grown = {table: end for table, end in written.items() if end is not None}
            if not grown:
                return
            body = orjson.dumps({"next_seq": next_seq, "tables": grown})
            line = b"%08x %s\n" % (zlib.crc32(body), body)
            write_all(self._commits, line, self._end)
        except OSError:
            for stream in self._streams.values():
                stream.rewind()
            os.ftruncate(self._commits, self._end)
            raise
        self._end += len(line)
        for table in grown:
            self._streams[table].committed()

    def sync(self) -> None:
        """Force what is committed to the disk, streams before commits."""
        for stream in list(self._streams.values()):
            stream.sync()
        os.fdatasync(self._commits)

    def close(self) -> None:
        """Close the files; what was not committed is lost."""
        for stream in self._streams.values():
            stream.close()
        os.close(self._commits)


@dataclass(slots=True)
class _Position:
    """How far one stream of an epoch was committed, and how far decoded."""

    rows: int = 0
    end: int = 0
    decoded: int = 0
    schema_end: int = 0


class LogReader:
    """The committed prefix of one epoch, growing with each :meth:`poll`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.next_seq: int | None = None
        """The first ``seq`` after the prefix; None while nothing is committed."""
        self._commits_end = 0
        self._positions: dict[str, _Position] = {}
        self._batches: dict[str, list[pa.RecordBatch]] = {}

    @property
    def tables(self) -> list[str]:
        """Tables with committed rows, :data:`store.schema.STRINGS` included."""
        return list(self._positions)

    @property
    def first_seq(self) -> int | None:
        """The first ``seq`` of the prefix; None while it has no row."""
        firsts = [
            self.batches(table)[0].column("seq")[0].as_py() for table in self.tables if table != STRINGS
        ]
        return min(firsts, default=None)

    def poll(self) -> bool:
        """Take note of new commits; True when there were any."""
        return self._advance(lambda _table, _start, _end, _crc: True)

    def poll_verified(self) -> bool:
        """Like :meth:`poll`, but stops before the first commit whose bytes are not on the disk as written."""
        return self._advance(self._bytes_agree)

    def batches(self, table: str) -> list[pa.RecordBatch]:
        """All committed batches of a table, oldest first; only new ones are decoded."""
        position = self._positions.get(table)
        if position is None or position.decoded == position.end:
            return self._batches.get(table, [])
        with self._stream(table).open("rb") as stream:
            schema = stream.read(position.schema_end)
            stream.seek(position.decoded)
            fresh = stream.read(position.end - position.decoded)
        source = pa.BufferReader(schema + fresh if position.decoded else fresh)
        try:
            reader = pa.ipc.open_stream(source)
            if not position.decoded:
                position.schema_end = source.tell()
            self._batches[table] = [*self._batches.get(table, []), *reader]
        except (pa.ArrowInvalid, OSError) as error:
            raise Damaged(f"{self._stream(table)} cannot be decoded ({error}): run `ptb verify`") from error
        position.decoded = position.end
        return self._batches[table]

    def _stream(self, table: str) -> Path:
        return self.folder / f"{table}{SUFFIX}"

    def _advance(self, check: Callable[[str, int, int, int], bool]) -> bool:
        try:
            with (self.folder / COMMITS).open("rb") as commits:
                commits.seek(self._commits_end)
                data = commits.read()
        except FileNotFoundError:
            return False
        start = self._commits_end
        for line in data.splitlines(keepends=True):
            record = _parse_commit(line)
            if record is None or not all(
                check(table, self._end(table), end, crc) for table, (_, end, crc) in record.tables.items()
            ):
                break
            for table, (rows, end, _) in record.tables.items():
                position = self._positions.setdefault(table, _Position())
                position.rows, position.end = rows, end
            self.next_seq = record.next_seq
            self._commits_end += len(line)
        return self._commits_end > start

    def _end(self, table: str) -> int:
        position = self._positions.get(table)
        return position.end if position else 0

    def _bytes_agree(self, table: str, start: int, end: int, crc: int) -> bool:
        try:
            with self._stream(table).open("rb") as stream:
                stream.seek(start)
                data = stream.read(end - start)
        except FileNotFoundError:
            return False
        return len(data) == end - start and zlib.crc32(data) == crc


def unbroken(logs: Sequence[LogReader], next_seq: int) -> list[LogReader]:
    """The logs, oldest first, up to the first that does not begin where what came before it ended, at ``next_seq``.

    A loss of power may take the end of one and leave some of the next, whose rows then lack strings.
    """
    whole = []
    for log in logs:
        if log.first_seq is not None and log.first_seq > next_seq:
            break
        whole.append(log)
        next_seq = max(next_seq, log.next_seq or 0)
    return whole


@dataclass(frozen=True, slots=True)
class _Commit:
    next_seq: int
    tables: dict[str, tuple[int, int, int]]


def _parse_commit(line: bytes) -> _Commit | None:
    """One line of ``commits``; None when it is torn."""
    body = line[9:-1]
    try:
        if not line.endswith(b"\n") or int(line[:8], 16) != zlib.crc32(body):
            return None
        return _Commit(**orjson.loads(body))
    except (ValueError, TypeError):
        return None
