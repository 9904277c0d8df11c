"""The single writer of a run: gives every row its ``seq``, keeps the log, seals it, and closes the run.

Sources call :meth:`RunWriter.put` from their own threads. A full disk stops nothing: rows wait in memory up to
:data:`MAX_WAITING` bytes, then they are counted, and the count becomes a gap once the disk takes writes again. Nor does
a slow one: one thread makes rows readable, another waits for the disk to confirm them, and no put waits for either.
"""

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from store.buffers import TableBuffer
from store.chain import Chain, recording_hash
from store.counting import counted
from store.durable import explain, replace_file, writing
from store.errors import BadInput, Damaged, StoreFailed
from store.locks import Lock, lock_for_writing
from store.log import LogEpoch, LogReader
from store.manifest import MANIFEST, Facts, Manifest, SourceInfo, State
from store.memory import give_back
from store.rows import TABLES, Gap, Quality, Row, Source, Stamp
from store.run_files import LOG, RunFiles
from store.schema import STRINGS, STRINGS_SCHEMA
from store.sealing import merge, plan_merges, seal_epoch
from store.sink import RawColumn
from store.strings import Interner, spelled_facts
from store.version import MAJOR, MINOR

FLUSH_ROWS = 8192
FLUSH_S = 0.1
"""Rows are readable by others at the latest this many seconds after they were put."""
SYNC_S = 1.0
"""What a loss of power may take, and what came while the disk was slow to confirm it."""
EPOCH_ROWS = 512 * 1024
"""Rows of all tables after which a log epoch is sealed; more, where the disk is slow to begin another."""
MAX_WAITING = 64 << 20
"""Bytes held back while the disk is full."""
_BEGUN_AT = 1 / 8
"""How full the first epoch is when the next is begun, so that a flood does not wait for the disk to begin it."""
BLOBS = "blobs"
LOST = -1
"""``seq`` of a row that could be neither written nor held."""


class RunWriter:
    """Writes one run; a :class:`store.sink.Sink`. As a context manager it closes the run, also after an error."""

    def __init__(self, files: RunFiles, lock: Lock, next_seq: int, next_string: int) -> None:
        """Use :meth:`create` or :meth:`resume`."""
        self.folder = files.folder
        self._files = files
        self._file_lock = lock
        self._next_seq = next_seq
        self._strings = Interner(next_string)
        self._tables = {row: TableBuffer(name, self._strings) for row, name in TABLES.items()}
        self._pending = 0
        self._lost = 0
        self._lost_since: int | None = None
        self._trouble: OSError | None = None
        self._unconfirmed: OSError | None = None
        self._unconfirmed_since = 0
        self._lock = threading.RLock()
        self._closed = False
        self._syncer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ptb-sync")
        self._sealer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ptb-seal")
        self._epoch = self._new_epoch()
        self._next: LogEpoch | None = None
        self._beginning = False
        self._stop = threading.Event()
        self._timer = threading.Thread(target=self._tick, name="ptb-flush", daemon=True)
        self._timer.start()

    @classmethod
    def create(cls, folder: Path, run_id: str, *, started_at: int | None, facts: Facts | None = None) -> Self:
        """Begin a run in ``folder``, which must not hold one; ``started_at`` in nanoseconds since the epoch.

        Raises :class:`BadInput` when a run is there already, :class:`StoreFailed` when the disk refuses.
        """
        if folder.exists() and any(folder.iterdir()):
            what = "holds a run already" if (folder / MANIFEST).exists() else "is not empty"
            raise BadInput(f"{folder} {what}; choose another folder for this run")
        manifest = Manifest(
            run_id=run_id,
            major=MAJOR,
            minor=MINOR,
            state=State.RECORDING,
            generation=0,
            started_at=started_at,
            facts=spelled_facts(facts or Facts()),
        )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / LOG).mkdir(exist_ok=True)
        lock = lock_for_writing(folder)
        return cls(RunFiles(folder, manifest, Chain(folder)), lock, next_seq=0, next_string=0)

    @classmethod
    def resume(cls, files: RunFiles, lock: Lock, *, next_seq: int, next_string: int) -> Self:
        """Go on writing a run whose files are in order; recovery does this."""
        return cls(files, lock, next_seq, next_string)

    @property
    def next_seq(self) -> int:
        """The ``seq`` that the next row gets."""
        return self._next_seq

    @property
    def lock_fd(self) -> int:
        """The descriptor of the writer's lock, for a process that has to hold it when this one dies."""
        return self._file_lock.fd

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._files.manifest.run_id

    @property
    def head(self) -> str:
        """The head of the chain; final after :meth:`close`."""
        return self._files.head

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row; returns its ``seq``, or :data:`LOST` when the disk is full and memory is, too."""
        with self._lock:
            if not self._room(1, at.ts):
                return LOST
            seq = self._next_seq
            ids = self._strings
            header = (seq, at.ts, ids.id(at.quality.value), at.err_us, ids.id(at.source.value))
            self._tables[type(row)].add(header, row)
            self._next_seq = seq + 1
            self._count(1)
        return seq

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once, with exact times; see :class:`store.sink.Sink`."""
        count = len(ts)
        with self._lock:
            if not count or not self._room(count, int(ts[-1])):
                return
            header: dict[str, RawColumn | int | None] = {
                "seq": np.arange(self._next_seq, self._next_seq + count, dtype=np.int64),
                "ts": ts,
                "ts_quality": self._strings.id(Quality.EXACT.value),
                "source": self._strings.id(source.value),
            }
            self._tables[table].add_columns(count, {**header, **columns})
            self._next_seq += count
            self._count(count)

    def intern(self, text: str) -> int:
        """The id of ``text`` in the run's strings."""
        with self._lock:
            return self._strings.id(text)

    def put_blob(self, data: bytes) -> str:
        """Keep ``data`` under its SHA-256, which is returned; the same content is kept once."""
        name = hashlib.sha256(data).hexdigest()
        path = blob_path(self.folder, name)
        if not path.exists():
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
        return name

    def set_sources(self, sources: Sequence[SourceInfo]) -> None:
        """Say in the manifest which witnesses the run has."""
        self._files.update(sources=tuple(map(spelled_facts, sources)))

    def update_facts(self, facts: Facts) -> None:
        """Replace what is known of the run besides its rows."""
        self._files.update(facts=spelled_facts(facts))

    @property
    def facts(self) -> Facts:
        """What the manifest says of the run besides its rows."""
        return self._files.manifest.facts

    def flush(self) -> None:
        """Make every row put so far readable by others.

        Raises :class:`StoreFailed` when the disk refuses, and while it last failed to confirm what it had taken.
        """
        with self._lock:
            self._flush()
            refused = self._trouble or self._unconfirmed
        if refused is not None:
            raise explain(refused, self.folder)

    def close(
        self, *, ended_at: int | None, exit_status: str | None = None, state: State = State.CLOSED
    ) -> str:
        """Seal and merge everything, pin the recording and return the head of the chain.

        Raises :class:`StoreFailed` when the disk refuses: what was committed is kept, and the next open recovers.
        """
        if self._closed:
            return self.head
        self._closed = True
        self._stop.set()
        self._timer.join()
        self._syncer.shutdown(wait=True)
        try:
            with writing(self.folder):
                self._end_last()
                self._sealer.shutdown(wait=True)
                self._seal_rest()
                self._merge()
                self._finish(ended_at, exit_status, state)
                self._files.sweep()
        finally:
            self._sealer.shutdown(wait=True)
            self._file_lock.release()
        return self.head

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed:
            self.close(ended_at=time.time_ns(), exit_status=None if error is None else "recorder failed")

    def _room(self, rows: int, ts: int | None) -> bool:
        """Whether more rows can be held; counts them as lost where not."""
        if self._trouble is None or self._epoch.waiting < MAX_WAITING:
            return True
        if not self._lost:
            self._lost_since = ts
        self._lost += rows
        return False

    def _count(self, rows: int) -> None:
        self._pending += rows
        if self._pending >= FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        """Hand pending rows to the log and commit; a failure is kept in ``_trouble`` and tried again later."""
        tables = {TABLES[row]: buffer.take() for row, buffer in self._tables.items() if len(buffer)}
        self._pending = 0
        try:
            first, new = self._strings.take_new()
            if new:
                self._epoch.add(STRINGS, [_strings_batch(first, new)])
            for table, batches in tables.items():
                self._epoch.add(table, batches)
            self._epoch.commit(self._next_seq)
        except OSError as error:
            self._trouble = error
            return
        self._trouble = None
        if self._lost:
            self._tell_loss()
        if not self._closed:
            self._rotate()

    def _tell_loss(self) -> None:
        lost, self._lost = self._lost, 0
        now = time.time_ns()
        reason = f"the disk was full: {counted(lost, 'row')} could be neither written nor held"
        at = Stamp(self._lost_since, Quality.ARRIVAL, Source.RECORDER)
        self.put(at, Gap("disk_full", reason, start_ts=self._lost_since, end_ts=now, lost=lost))

    def _tick(self) -> None:
        """The timer thread: flush, and have the log synced once a second without waiting for it."""
        began = time.monotonic()
        sync: Future[None] | None = None
        while not self._stop.wait(FLUSH_S):
            with self._lock:
                if self._pending or self._trouble is not None:
                    self._flush()
            if time.monotonic() - began >= SYNC_S and (sync is None or sync.done()):
                began, sync = time.monotonic(), self._syncer.submit(self._sync)

    def _sync(self) -> None:
        """Have the disk confirm what is committed, delete what can go."""
        try:
            self._epoch.sync()
            self._files.sweep()
        except OSError as error:
            self._not_confirmed(error)
        else:
            self._tell_unconfirmed()

    def _not_confirmed(self, error: OSError) -> None:
        if self._unconfirmed is None:
            self._unconfirmed_since = time.time_ns()
        self._unconfirmed = error

    def _tell_unconfirmed(self) -> bool:
        """Now that the disk confirms again, say since when it had not; whether there was anything to say."""
        error, self._unconfirmed = self._unconfirmed, None
        if error is None:
            return False
        since, now = self._unconfirmed_since, time.time_ns()
        reason = f"the disk did not confirm what it had taken ({error.strerror}): a loss of power could have taken it"
        at = Stamp(since, Quality.ARRIVAL, Source.RECORDER)
        self.put(at, Gap("disk_failed", reason, start_ts=since, end_ts=now))
        return True

    def _new_epoch(self) -> LogEpoch:
        name = self._files.next_epoch()
        folder = self.folder / LOG / name
        epoch: LogEpoch | None = None
        try:
            with writing(self.folder):
                epoch = LogEpoch(folder)
            self._files.add_log(name)
        except StoreFailed:
            if epoch is not None:
                epoch.close()
            shutil.rmtree(folder, ignore_errors=True)  # at once: the next try may take the same name
            raise
        return epoch

    def _rotate(self) -> None:
        """Let the next epoch take over from a full one, all of which is committed; until there is one, it grows on."""
        rows = self._epoch.rows
        if self._next is not None and rows >= EPOCH_ROWS:
            old, self._epoch, self._next = self._epoch, self._next, None
            self._begin_next()  # first: it takes less of the disk than the end of a whole epoch
            self._syncer.submit(self._end_quietly, old)
        elif self._next is None and not self._beginning and rows >= EPOCH_ROWS * _BEGUN_AT:
            self._begin_next()

    def _begin_next(self) -> None:
        self._beginning = True
        self._syncer.submit(self._begin_quietly)

    def _begin_quietly(self) -> None:
        """Begin the next epoch in the background; after a failure (a full disk) a later flush asks again."""
        begun: LogEpoch | None = None
        with suppress(StoreFailed, OSError):
            begun = self._new_epoch()
        with self._lock:  # both at once, or a takeover in between has another begun, which would be forgotten
            self._next, self._beginning = begun, False

    def _end_quietly(self, old: LogEpoch) -> None:
        """End an epoch in the background; a log that the disk does not confirm is sealed all the same."""
        try:
            with closing(old):
                old.sync()
        except OSError as error:
            self._not_confirmed(error)
        self._sealer.submit(self._seal_quietly, old.folder.name)

    def _end_last(self) -> None:
        try:
            self._flush_last()
            self._epoch.sync()
            if self._tell_unconfirmed():
                self._flush_last()
                self._epoch.sync()
        finally:
            self._epoch.close()
            if self._next is not None:
                self._next.close()

    def _flush_last(self) -> None:
        with self._lock:
            self._flush()
            if self._pending:  # the gap that tells what a full disk has cost
                self._flush()
            if self._trouble is not None:
                raise self._trouble

    def _seal_quietly(self, epoch: str) -> None:
        """Seal in the background; what fails here is sealed by :meth:`close` or by recovery."""
        try:
            self._seal(epoch)
        except (StoreFailed, OSError, Damaged, pa.ArrowException):
            return
        give_back()

    def _seal(self, epoch: str) -> None:
        log = LogReader(self.folder / LOG / epoch)
        log.poll_verified()
        next_seq = self._files.manifest.next_seq if log.next_seq is None else log.next_seq
        self._files.seal(epoch, seal_epoch(self.folder, log, epoch), next_seq)

    def _seal_rest(self) -> None:
        for log in self._files.manifest.logs:
            self._seal(Path(log).name)

    def _merge(self) -> None:
        sealed = {one.segment.file: one for one in self._files.sealed}
        for group in plan_merges(self._files.manifest.segments):
            inputs = [sealed[segment.file] for segment in group]
            self._files.merge(inputs, merge(self.folder, inputs))

    def _finish(self, ended_at: int | None, exit_status: str | None, state: State) -> None:
        manifest = self._files.manifest
        facts = spelled_facts(replace(manifest.facts, exit_status=exit_status or manifest.facts.exit_status))
        digest = recording_hash(manifest.run_id, self._files.sealed)
        final = replace(manifest, facts=facts, ended_at=ended_at, state=state, recording_hash=digest)
        self._files.finish(digest, facts_hash(final))
        self._files.update(facts=facts, ended_at=ended_at, state=state, recording_hash=digest)


def facts_hash(manifest: Manifest) -> str:
    """SHA-256 of what the manifest says besides files: times, state, witnesses and facts that no later import changes.

    Facts that are not known are left out, so that a fact which a later format adds changes no hash of an older run.
    """
    facts = asdict(replace(manifest.facts, superseded_by=None))
    said = {
        "facts": {name: value for name, value in facts.items() if value is not None},
        "sources": [asdict(source) for source in manifest.sources],
        "state": manifest.state.value,
        "started_at": manifest.started_at,
        "ended_at": manifest.ended_at,
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


_SHA256 = re.compile(r"[0-9a-f]{64}")


def blob_path(folder: Path, name: str) -> Path:
    """Where the content of that SHA-256 is kept in a run.

    Raises :class:`Damaged` for what is no such name: a run may come from anywhere, and would lead out of its folder.
    """
    if not _SHA256.fullmatch(name):
        raise Damaged(f"{folder}: a row names {name!r} as the content of a file, which is no SHA-256")
    return folder / BLOBS / name[:2] / name


def _strings_batch(first: int, new: list[str]) -> pa.RecordBatch:
    ids = pa.array(np.arange(first, first + len(new), dtype=np.int32))
    return pa.record_batch([ids, pa.array(new, type=pa.large_string())], schema=STRINGS_SCHEMA)
