"""A consistent view of a run: the segments of one manifest generation and the committed prefix of the log.

A snapshot does not change; :meth:`Snapshot.refresh` gives a newer one. It holds a lease, so that the writer keeps
the files it needs. Segments that are missing or cut are left out and told as gap rows, never guessed at.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from store.buffers import TableBuffer
from store.counting import counted
from store.damage import damaged_segments
from store.errors import PtbError
from store.locks import Lock, hold_lease, is_live
from store.log import LogReader, unbroken
from store.manifest import Manifest, Segment, State
from store.manifest_file import read_manifest
from store.parquet import read_segment
from store.recovery import recover
from store.rows import TABLES, Gap, Quality, Source
from store.schema import STRINGS, STRINGS_SCHEMA, arrow_schema, storage, time_columns
from store.strings import Interner

_MISSING_TEXT = "\N{REPLACEMENT CHARACTER}"
"""Stands for a string whose segment is lost."""


class Snapshot:
    """What a reader sees of a run at one moment."""

    def __init__(
        self, folder: Path, manifest: Manifest, lease: Lock | None, logs: Sequence[LogReader], *, live: bool
    ) -> None:
        """Use :meth:`open`."""
        self.folder = folder
        self.manifest = manifest
        self.live = live
        """Whether a writer is at work."""
        self.damaged = damaged_segments(folder, manifest)
        """Segments left out because their file is missing or cut."""
        self._lease = lease
        self._logs = list(logs)
        self._batches = _committed(self._logs)
        ends = [log.next_seq for log in self._logs if log.next_seq is not None]
        self.next_seq = max([manifest.next_seq, *ends])
        """The first ``seq`` that this snapshot does not have."""
        self._tell_gaps()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The newest consistent view of the run in ``folder``.

        A run whose recorder died is recovered first; where the folder is read-only it is read as it is, with a
        gap row for the end. Raises :class:`BadInput`, :class:`NewerSchema` or :class:`Damaged`.
        """
        manifest = read_manifest(folder)
        if manifest.state is State.RECORDING and not is_live(folder):
            try:
                recover(folder)
            except PtbError:
                if is_live(folder):
                    return cls._open(folder, {})
        return cls._open(folder, {})

    def refresh(self) -> Self | None:
        """A newer view, None when nothing was committed since; close the old one when it is no longer needed.

        A run whose recorder died meanwhile is recovered, as :meth:`open` does it.
        """
        manifest = read_manifest(self.folder)
        if manifest.generation == self.manifest.generation:
            grown = [log.poll() for log in self._logs]
            if not any(grown):
                return self.open(self.folder) if self.live and not is_live(self.folder) else None
        return self._open(self.folder, {log.folder.name: log for log in self._logs})

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a recorded table by ``seq``, symbols as ids; :data:`store.schema.STRINGS` by id.

        ``columns`` are names of record fields; times come as nanoseconds since the epoch. Raises
        :class:`Damaged` when a segment does not decode.
        """
        fields = list(columns) if columns is not None else list(_fields(name))
        needed = stored_columns(name, fields)
        sealed = [read_segment(self.folder / one.file, name, needed) for one in self._segments(name)]
        return in_fields(name, pa.concat_tables([*sealed, self.live_rows(name).select(needed)]), fields)

    def live_rows(self, name: str) -> pa.Table:
        """The rows of a table that are not sealed yet, as stored (:func:`store.schema.arrow_schema`)."""
        return pa.Table.from_batches(self._batches.get(name, []), schema=arrow_schema(name))

    def live_batches(self, name: str) -> list[pa.RecordBatch]:
        """The same as committed; a later snapshot's list begins with these, until the epoch is sealed."""
        return list(self._batches.get(name, []))

    def segment_files(self, name: str) -> list[Path]:
        """The sealed files of a table, by ``seq``."""
        return [self.folder / one.file for one in self._segments(name)]

    def strings(self) -> pa.LargeStringArray:
        """The run's strings, indexed by id."""
        return self._strings

    def rows(self, name: str) -> int:
        """How many rows of a table this snapshot has."""
        live = sum(batch.num_rows for batch in self._batches.get(name, []))
        return sum(one.rows for one in self._segments(name)) + int(live)

    def close(self) -> None:
        """Let the writer delete what only this snapshot needed."""
        if self._lease is not None:
            self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def _open(cls, folder: Path, known: dict[str, LogReader]) -> Self:
        while True:
            manifest = read_manifest(folder)
            lease = hold_lease(folder, manifest.generation)
            # Before the manifest is confirmed: a writer that ends says so there, and only then lets go of its lock.
            live = manifest.state is State.RECORDING and is_live(folder)
            if read_manifest(folder).generation == manifest.generation:
                break
            if lease is not None:
                lease.release()
        logs = [known.get(Path(name).name) or LogReader(folder / name) for name in manifest.logs]
        crashed = manifest.state is State.RECORDING and not live
        for log in reversed(logs):  # rows come to one only when those before it are whole
            log.poll_verified() if crashed else log.poll()
        whole = unbroken(logs, manifest.next_seq) if crashed else logs
        return cls(folder, manifest, lease, whole, live=live)

    @cached_property
    def _strings(self) -> pa.LargeStringArray:
        table = self.table(STRINGS)
        ids, values = table.column("id"), table.column("value").combine_chunks()
        count = table.num_rows
        if not count or (ids[0].as_py() == 0 and ids[-1].as_py() == count - 1):
            return values
        texts = [_MISSING_TEXT] * (ids[-1].as_py() + 1)
        for number, text in zip(ids.to_pylist(), values.to_pylist(), strict=True):
            texts[number] = text
        return pa.array(texts, type=pa.large_string())

    def _segments(self, name: str) -> list[Segment]:
        return [one for one in self.manifest.segments if one.table == name and one not in self.damaged]

    def _tell_gaps(self) -> None:
        """Add rows, kept nowhere, for what a read-only reader knows to be missing."""
        gaps = [
            Gap(
                "damaged",
                f"{one.file} is missing or cut: {counted(one.rows, 'row')} of {one.table} cannot be read; see `ptb verify`",
                start_ts=one.first_ts,
                end_ts=one.last_ts,
                lost=one.rows,
            )
            for one in self.damaged
        ]
        if self.manifest.state is State.RECORDING and not self.live:
            gaps.append(Gap("killed", "the recorder died: what came after the last commit is not known"))
        if not gaps:
            return
        ends = [one.last_seq + 1 for one in self.manifest.segments if one.table == STRINGS]
        ends += [batch.column("id")[-1].as_py() + 1 for batch in self.live_batches(STRINGS)]
        strings = Interner(max(ends, default=0))
        buffer = TableBuffer(TABLES[Gap], strings)
        for gap in gaps:
            header = (
                self.next_seq,
                gap.start_ts,
                strings.id(Quality.NONE),
                None,
                strings.id(Source.RECORDER),
            )
            buffer.add(header, gap)
            self.next_seq += 1
        first, new = strings.take_new()
        ids = pa.array(range(first, first + len(new)), type=pa.int32())
        batch = pa.record_batch([ids, pa.array(new, type=pa.large_string())], schema=arrow_schema(STRINGS))
        self._batches.setdefault(STRINGS, []).append(batch)
        self._batches.setdefault(TABLES[Gap], []).extend(buffer.take())


def _fields(table: str) -> Iterable[str]:
    return STRINGS_SCHEMA.names if table == STRINGS else storage(table)


def stored_columns(name: str, fields: Sequence[str]) -> list[str]:
    """The stored columns that :func:`in_fields` needs for some record fields."""
    times = time_columns(name)
    stored = [times.get(field, field) for field in fields]
    return stored if "ts" in stored or not times else [*stored, "ts"]


def in_fields(name: str, rows: pa.Table, fields: Sequence[str] | None = None) -> pa.Table:
    """Stored rows of a table as record fields (default: all), times as nanoseconds since the epoch."""
    times = time_columns(name)
    wanted = list(fields) if fields is not None else list(_fields(name))
    absolute = [
        pc.add(rows[times[field]], pc.fill_null(rows["ts"], 0)) if field in times else rows[field]
        for field in wanted
    ]
    return pa.table(absolute, names=wanted)


def _committed(logs: Sequence[LogReader]) -> dict[str, list[pa.RecordBatch]]:
    batches: dict[str, list[pa.RecordBatch]] = {}
    for log in logs:
        for table in log.tables:
            batches.setdefault(table, []).extend(log.batches(table))
    return batches
