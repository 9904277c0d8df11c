"""Small recordings for the store's tests, made with the real writer."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from store.log import LogReader
from store.manifest_file import read_manifest
from store.rows import Exec, FileAccess, FileVersion, Message, Quality, Source, Stamp
from store.writer import RunWriter

SECOND = 1_000_000_000
START = 1_775_000_000 * SECOND


def at(seconds: float, source: Source = Source.KERNEL) -> Stamp:
    """An exact stamp, so many seconds after the start."""
    return Stamp(START + int(seconds * SECOND), Quality.EXACT, source)


def writer(folder: Path, run_id: str = "test-run") -> RunWriter:
    """A writer of a new run that started at :data:`START`."""
    return RunWriter.create(folder, run_id, started_at=START)


def put_sample(run: RunWriter, count: int = 100) -> None:
    """Rows of several tables, interleaved, ``count`` of them accesses."""
    for n in range(count):
        run.put(at(n), FileAccess(1, 100, "open", f"/task/file{n % 7}.txt", bytes_read=n, final=True))
        if n % 10 == 0:
            run.put(at(n, Source.TRANSCRIPT), Message("assistant", "message", f"step {n} ☃ \x1b[31m"))
            run.put(at(n), Exec(1, 100, "/usr/bin/python3", f"python3 step.py {n}", cwd="/task"))


def closed_run(folder: Path, run_id: str = "test-run", count: int = 100) -> Path:
    """A finished run with a blob."""
    with writer(folder, run_id) as run:
        put_sample(run, count)
        blob = run.put_blob(b"x" * 1000)
        run.put(at(count, Source.WORKSPACE), FileVersion("/task/big.bin", blob, 1000, "whole", blob=blob))
        run.close(ended_at=START + count * SECOND, exit_status="0")
    return folder


def seal(run: RunWriter) -> None:
    """Let the writer take what is in its log for enough to seal, and wait until it has."""
    deadline = time.monotonic() + 20
    with patch("store.writer.EPOCH_ROWS", 1):
        run.flush()
        while read_manifest(run.folder).next_seq < run.next_seq:
            assert time.monotonic() < deadline, "the log was not sealed"
            time.sleep(0.002)
            run.flush()


@contextmanager
def ends_while_read(run: RunWriter, polls: int) -> Iterator[None]:
    """Let the run get a last row and end just after a reader has looked into its log for the ``polls``-th time."""
    poll, polled = LogReader.poll, itertools.count(1)

    def then_end(log: LogReader) -> bool:
        grown = poll(log)
        if next(polled) == polls:
            run.put(at(9, Source.TRANSCRIPT), Message("assistant", "message", "the last word"))
            run.close(ended_at=START + 9 * SECOND)
        return grown

    with patch.object(LogReader, "poll", then_end):
        yield
