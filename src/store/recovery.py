"""Bringing a run back whose recorder died: keep the committed prefix, mark the end, close.

Every step of sealing leaves the chain ahead of the manifest at most, so recovery trusts the chain for what is
sealed and the logs' verified prefix for the rest, and may itself be killed and repeated.
"""

from pathlib import Path

import pyarrow.compute as pc

from store.chain import CHAIN, Chain, read_chain
from store.death import take_death
from store.errors import Damaged
from store.locks import lock_for_writing
from store.log import LogReader, unbroken
from store.manifest import State
from store.manifest_file import read_manifest
from store.rows import TABLES, Gap, Quality, Source, Stamp
from store.run_files import LOG, RunFiles
from store.schema import STRINGS
from store.writer import RunWriter


def recover(folder: Path) -> None:
    """Recover the run in ``folder``, which must have no writer.

    Raises :class:`BadInput` while another process writes or recovers it, :class:`Damaged` when the chain is broken,
    :class:`StoreFailed` when the folder cannot be written.
    """
    lock = lock_for_writing(folder)
    try:
        manifest = read_manifest(folder)
        if manifest.state is not State.RECORDING:
            return
        files = RunFiles(folder, manifest, _whole_chain(folder))
        logs = _unsealed(folder, files)
        last_ts = _last_ts(files, logs)
        writer = RunWriter.resume(
            files,
            lock,
            next_seq=max([files.manifest.next_seq, *(log.next_seq or 0 for log in logs)]),
            next_string=_next_string(files, logs),
        )
        reason = "the recorder died: what came after the last commit is not known"
        writer.put(
            Stamp(last_ts, Quality.INTERPOLATED, Source.RECORDER), Gap("killed", reason, start_ts=last_ts)
        )
        death = take_death(folder)
        if death:
            writer.put(Stamp(death.died_at, Quality.EXACT, Source.RECORDER), death.gap())
        writer.close(ended_at=last_ts, exit_status="recorder died", state=State.RECOVERED)
    finally:
        lock.release()


def _whole_chain(folder: Path) -> Chain:
    entries, torn = read_chain(folder)
    chain = Chain(folder, entries)
    if torn is not None:
        lines = (folder / CHAIN).read_bytes().count(b"\n")
        if torn <= lines:
            raise Damaged(f"{folder / CHAIN} line {torn} is no entry: `ptb verify` tells more")
        chain.drop_torn_tail()
    return chain


def _unsealed(folder: Path, files: RunFiles) -> list[LogReader]:
    """The logs whose rows no segment holds, each read up to its verified prefix; the manifest is put right."""
    done = {f"{LOG}/{epoch}" for epoch in files.epochs}
    found = [
        LogReader(folder / name)
        for name in files.manifest.logs
        if name not in done and (folder / name).is_dir()
    ]
    for log in found:
        log.poll_verified()
    segments = tuple(one.segment for one in files.sealed)
    next_seq = max([files.manifest.next_seq, *(one.last_seq + 1 for one in segments if one.table != STRINGS)])
    logs = unbroken(found, next_seq)
    names = tuple(f"{LOG}/{log.folder.name}" for log in logs)
    if (names, segments) != (files.manifest.logs, files.manifest.segments):
        files.update(logs=names, segments=segments, next_seq=next_seq)
    files.discard_strays()
    return logs


def _last_ts(files: RunFiles, logs: list[LogReader]) -> int | None:
    """The latest time of any committed row."""
    known = [one.last_ts for one in files.manifest.segments if one.last_ts is not None]
    for log in logs:
        for table in TABLES.values():
            latest = [pc.max(batch.column("ts")).as_py() for batch in log.batches(table)]
            known += [ts for ts in latest if ts is not None]
    return max(known, default=files.manifest.started_at)


def _next_string(files: RunFiles, logs: list[LogReader]) -> int:
    ends = [one.last_seq + 1 for one in files.manifest.segments if one.table == STRINGS]
    ends += [batch.column("id")[-1].as_py() + 1 for log in logs for batch in log.batches(STRINGS)]
    return max(ends, default=0)
