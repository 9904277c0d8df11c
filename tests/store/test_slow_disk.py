"""A disk that is slow to confirm, or fails to, holds nobody up: rows are put, rows are read, and it is told."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.errors import StoreFailed
from store.log import LogReader
from store.manifest import State
from store.manifest_file import read_manifest
from store.rows import FileAccess, GpuSample
from store.run_files import RunFiles
from store.sealing import seal_epoch
from store.snapshot import Snapshot
from store.verify import verify
from store.writer import RunWriter
from tests.store.recorded import START, at, writer
from tests.store.test_writer import decoded
from tests.waiting import until

EPOCH = 100


@pytest.fixture(autouse=True)
def _short_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.writer.EPOCH_ROWS", EPOCH)
    monkeypatch.setattr("store.writer.FLUSH_ROWS", EPOCH)
    monkeypatch.setattr("store.writer.SYNC_S", 0.05)


def put(run: RunWriter, count: int = EPOCH) -> None:
    for _ in range(count):
        run.put(at(run.next_seq), FileAccess(run.next_seq, None, "open", f"/p{run.next_seq}"))


def seqs(folder: Path) -> list[int]:
    """The rows that a reader sees now."""
    with Snapshot.open(folder) as snapshot:
        assert None not in snapshot.strings().to_pylist()
        rows = [snapshot.table(table, ["seq"])["seq"].to_pylist() for table in ("files", "gpu")]
    return sorted(seq for table in rows for seq in table)


def gaps(folder: Path) -> list[dict[str, object]]:
    with Snapshot.open(folder) as snapshot:
        return decoded(snapshot, "gaps")


def seen(run: RunWriter, rows: int) -> None:
    """Wait until a reader sees so many rows, the first ones."""
    until(lambda: len(seqs(run.folder)) == rows)
    assert seqs(run.folder) == list(range(rows))


def closes_whole(run: RunWriter, rows: int) -> None:
    """That it ends with so many rows, in order, and leaves nothing open."""
    run.close(ended_at=START)
    assert seqs(run.folder) == list(range(rows))
    assert verify(run.folder).consistent
    assert not held(run.folder / "log")


def held(folder: Path) -> list[str]:
    """Files below the folder that this process has open."""
    links = []
    for one in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(one))
        except FileNotFoundError:
            continue
    return [link for link in links if link.startswith(str(folder))]


@contextmanager
def stuck(call: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let a system call of this process wait until the block ends; the event is set once somebody waits."""
    asked, over = threading.Event(), threading.Event()
    real = getattr(os, call)

    def wait(fd: int) -> None:
        asked.set()
        over.wait(60)
        real(fd)

    monkeypatch.setattr(os, call, wait)
    try:
        yield asked
    finally:
        over.set()


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_a_disk_that_does_not_confirm_keeps_rows_neither_from_sources_nor_from_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    run = writer(tmp_path / "run")
    put(run, EPOCH // 2)
    run.flush()
    rows = run.next_seq
    with stuck(call, monkeypatch) as asked:
        for _ in range(3):
            source = threading.Thread(target=put, args=(run, EPOCH + 1), daemon=True)
            source.start()
            source.join(20)
            assert not source.is_alive(), "the disk holds a source up"
            rows += EPOCH + 1
            seen(run, rows)
            assert asked.wait(60)
    closes_whole(run, rows)


def test_a_disk_that_fails_to_confirm_is_told_and_ends_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = writer(tmp_path / "run")
    began = time.time_ns()

    def refused() -> bool:
        try:
            run.flush()
        except StoreFailed as error:
            return "Input/output error" in str(error)
        return False

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _fail)
        until(refused)
        for _ in range(3):
            put(run)
        seen(run, 3 * EPOCH)
        assert refused()
    until(lambda: not refused())
    until(lambda: gaps(run.folder))
    put(run)
    until(lambda: read_manifest(run.folder).next_seq > 0)
    run.close(ended_at=START)
    assert len(seqs(run.folder)) == 4 * EPOCH
    assert verify(run.folder).consistent
    (gap,) = gaps(run.folder)
    assert gap["cause"] == "disk_failed"
    assert "Input/output error" in str(gap["reason"])
    assert began < int(str(gap["start_ts"])) < int(str(gap["end_ts"])) < time.time_ns()


def test_a_disk_that_confirms_at_the_end_only_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = writer(tmp_path / "run")
    failed = threading.Event()

    def fail_at_first(fd: int) -> None:
        if not failed.is_set():
            failed.set()
            monkeypatch.setattr("store.writer.SYNC_S", 60)
            _fail(fd)

    monkeypatch.setattr(os, "fdatasync", fail_at_first)
    put(run, 10)
    assert failed.wait(60)
    run.close(ended_at=START)
    assert [gap["cause"] for gap in gaps(run.folder)] == ["disk_failed"]
    assert seqs(run.folder) == list(range(10))
    assert verify(run.folder).consistent


def test_a_run_that_the_disk_does_not_confirm_at_its_end_is_not_called_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = writer(tmp_path / "run")
    put(run, 10)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _fail)
        with pytest.raises(StoreFailed, match="Input/output error"):
            run.close(ended_at=START)
    assert not held(run.folder / "log")
    assert seqs(run.folder) == list(range(10))
    assert read_manifest(run.folder).state is State.RECOVERED


@pytest.mark.parametrize("step", ["store.writer.LogEpoch", "store.run_files.RunFiles.add_log"])
def test_an_epoch_that_cannot_begin_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run = writer(tmp_path / "run")
    log = run.folder / "log"
    tried = threading.Semaphore(0)
    with monkeypatch.context() as full:

        def refuse(*_: object) -> None:
            tried.release()
            raise StoreFailed("the disk is full")

        full.setattr(step, refuse)

        def tried_again() -> bool:
            run.flush()
            return tried.acquire(timeout=0.01)

        for _ in range(5):
            put(run)
            until(tried_again)
        seen(run, 5 * EPOCH)
        until(lambda: not [link for link in held(log) if "000001" not in link])
    put(run)
    run.close(ended_at=START)
    assert seqs(run.folder) == list(range(6 * EPOCH))
    assert not list(log.iterdir())
    assert verify(run.folder).consistent


def test_rows_of_a_table_wait_for_a_disk_that_has_no_room_for_its_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = writer(tmp_path / "run")
    real = os.open

    def no_room(path: Path | str, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("gpu.arrows"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, mode)

    with monkeypatch.context() as full:
        full.setattr(os, "open", no_room)
        run.put(at(0), GpuSample(0))
        put(run, 5)
        with pytest.raises(StoreFailed, match="disk is full"):
            run.flush()
    run.flush()
    assert seqs(run.folder) == list(range(6))
    run.close(ended_at=START)
    assert seqs(run.folder) == list(range(6))


def test_a_reader_sees_no_row_before_those_that_came_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch is named by the manifest a little before rows go there; meanwhile the one before still grows."""
    run = writer(tmp_path / "run")
    named, go_on = threading.Event(), threading.Event()
    add_log, poll = RunFiles.add_log, LogReader.poll

    def slowly(files: RunFiles, epoch: str) -> None:
        add_log(files, epoch)
        named.set()
        go_on.wait(60)

    def meanwhile(log: LogReader) -> bool:
        grown = poll(log)
        if not go_on.is_set():
            go_on.set()
            until(_both_have_rows)
        return grown

    def _both_have_rows() -> bool:
        put(run, 1)
        run.flush()
        return (run.folder / "log" / "000002" / "commits").stat().st_size > 0

    monkeypatch.setattr(RunFiles, "add_log", slowly)
    put(run)
    assert named.wait(60)
    monkeypatch.setattr(LogReader, "poll", meanwhile)
    seen = seqs(run.folder)
    assert seen == list(range(len(seen)))
    run.close(ended_at=START)


@pytest.mark.parametrize("kept", [0, 2])
def test_what_follows_a_log_that_lost_its_end_with_the_power_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("store.writer.seal_epoch", _never)
    run = writer(tmp_path / "run")

    def first_ended() -> bool:
        run.flush()
        return not held(run.folder / "log" / "000001")

    for _ in range(4):
        put(run, EPOCH // 4)
        run.flush()
    until(first_ended)
    put(run, 7)
    run.flush()
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy, ignore=shutil.ignore_patterns("*.lock"))
    commits = copy / "log" / "000001" / "commits"
    commits.write_bytes(b"".join(commits.read_bytes().splitlines(keepends=True)[:kept]))
    monkeypatch.setattr("store.writer.seal_epoch", seal_epoch)
    run.close(ended_at=START)
    assert seqs(run.folder) == list(range(EPOCH + 7))

    assert seqs(copy) == list(range(EPOCH // 4 * kept))
    with Snapshot.open(copy) as snapshot:
        assert snapshot.manifest.state is State.RECOVERED
        assert snapshot.rows("gaps") == 1
    assert verify(copy).consistent


def _fail(_fd: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def _never(folder: Path, _log: LogReader, _epoch: str) -> None:
    raise StoreFailed(f"{folder} cannot be written")
