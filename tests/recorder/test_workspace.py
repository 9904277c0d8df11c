"""Versions of files that a run writes: kept, bounded, redacted, and never taken from where they should not be."""

import errno
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.redact import Redactor
from recorder.source import Target
from recorder.workspace import beneath, source
from recorder.workspace.content import Limits, read_content
from recorder.workspace.source import WorkspaceSource
from store.errors import StoreFailed, Unavailable
from store.rows import FileVersion, Gap, Quality, Row, Source, Stamp
from store.sink import RawColumn
from tests.waiting import until

KEY = "sk-ant-" + "api03-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"


class _Kept:
    """A sink and a blob store in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[Stamp, Row]] = []
        self.blobs: dict[str, bytes] = {}

    def put(self, at: Stamp, row: Row) -> int:
        self.rows.append((at, row))
        return len(self.rows)

    def intern(self, text: str) -> int:
        raise NotImplementedError(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        raise NotImplementedError(table)

    def put_blob(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.blobs[name] = data
        return name

    def versions(self, path: str | None = None) -> list[FileVersion]:
        return [r for _, r in list(self.rows) if isinstance(r, FileVersion) and path in (None, r.path)]

    def gaps(self) -> list[Gap]:
        return [row for _, row in list(self.rows) if isinstance(row, Gap)]


class Recorded:
    """A run whose ``/`` is a temporary folder and whose work is in ``/work``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "task"
        self.work.mkdir(parents=True)
        self.kept = _Kept()
        self.source = WorkspaceSource(self.kept, Redactor(), root=str(root))

    def begin(self, **options: object) -> None:
        if options:
            self.source = WorkspaceSource(self.kept, Redactor(), root=str(self.root), **options)  # type: ignore[arg-type]
        self.source.start(Target(os.getpid(), "/task"), self.kept)

    def write(self, name: str, data: bytes | str, *, process_id: int = 7) -> os.stat_result:
        """Write ``/task/NAME`` and report it as a kernel source would."""
        path = self.work / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        status = path.stat()
        self.note(name, status, process_id=process_id)
        return status

    def note(self, name: str, status: os.stat_result | None = None, *, process_id: int = 7) -> None:
        identity = () if status is None else (status.st_dev, status.st_ino)
        self.source.note_write(f"/task/{name}", process_id, 4711, time.time_ns(), *identity)

    def one(self, name: str) -> FileVersion:
        """End the recording; the only version of ``/task/NAME``."""
        self.source.stop()
        (version,) = self.kept.versions(f"/task/{name}")
        return version


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Recorded]:
    recorded = Recorded(tmp_path / "root")
    yield recorded
    recorded.source.stop()


def test_a_written_text_is_kept_with_its_writer_and_digest(run: Recorded) -> None:
    run.begin()
    before = time.time_ns()
    run.write("train.py", "print('hé')\n")
    until(lambda: len(run.kept.versions()) == 1)
    assert run.one("train.py") == FileVersion(
        path="/task/train.py",
        sha256=hashlib.sha256("print('hé')\n".encode()).hexdigest(),
        size=13,
        captured="whole",
        text="print('hé')\n",
        process_id=7,
        pid=4711,
    )
    stamp = run.kept.rows[0][0]
    assert (stamp.quality, stamp.source) == (Quality.EXACT, Source.WORKSPACE)
    assert stamp.ts is not None
    assert stamp.err_us is not None
    assert before <= stamp.ts <= time.time_ns()


def test_an_empty_file_was_observed_and_is_empty(run: Recorded) -> None:
    run.begin()
    run.write("empty", b"")
    version = run.one("empty")
    assert (version.captured, version.text, version.size) == ("whole", "", 0)


def test_larger_text_is_a_blob_and_very_large_text_its_ends(run: Recorded) -> None:
    run.begin(limits=Limits(inline=1000, whole=10_000, end=2000))
    lines = "".join(f"{n:07}\n" for n in range(10_000))
    run.write("middle.jsonl", lines[:8000])
    run.write("large.jsonl", lines)
    run.source.stop()
    (middle,) = run.kept.versions("/task/middle.jsonl")
    assert middle.text is None
    assert middle.blob is not None
    assert run.kept.blobs[middle.blob] == lines[:8000].encode()
    (large,) = run.kept.versions("/task/large.jsonl")
    assert (large.captured, large.size) == ("ends", 80_000)
    assert large.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert large.blob is not None
    blob = run.kept.blobs[large.blob].decode()
    assert blob.startswith(lines[:2000])
    assert blob.endswith(lines[-2000:])
    assert "76000 bytes not kept" in blob


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (os.urandom(5000), "binary"),
        (np.arange(4000, dtype="<f4").tobytes(), "binary"),
        ((64).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(64) + bytes(8),
         "safetensors"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_kept_by_its_digest(run: Recorded, data: bytes, reason: str) -> None:
    run.begin()
    run.write("model.txt", data)
    version = run.one("model.txt")
    assert (version.captured, version.reason, version.text, version.blob) == ("none", reason, None, None)
    assert version.sha256 == hashlib.sha256(data).hexdigest()
    assert run.kept.blobs == {}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("weights.bin", b'{"question": "How many?"}\n' * 50),
        ("nul.jsonl", b'{"question": "How many?"}\n' * 50 + b"\0"),
        ("bad.jsonl", b'\xff{"question": "How many?"}\n' * 50),
        ("wide.txt", ('{"question": "How many?"}\n' * 50).encode("utf-16")),
    ],
)
def test_neither_a_name_nor_a_stray_byte_hides_text(run: Recorded, name: str, data: bytes) -> None:
    run.begin()
    run.write(name, data)
    version = run.one(name)
    assert version.captured == "whole"
    assert '{"question": "How many?"}' in (version.text or "")


def test_secrets_are_gone_and_the_digest_is_of_the_original(run: Recorded) -> None:
    run.begin(limits=Limits(inline=1000, whole=10_000, end=2000))
    small = f"key: {KEY}\n"
    run.write("small.env", small)
    run.write("blob.env", small + "x" * 5000)
    filler = "y" * (2000 - len(KEY) // 2)
    run.write("cut.env", filler[:-1] + " " + KEY + "\n" + "z" * 20_000)
    run.source.stop()
    for name in ("small.env", "blob.env", "cut.env"):
        (version,) = run.kept.versions(f"/task/{name}")
        assert version.redacted
        assert version.sha256 == hashlib.sha256((run.work / name).read_bytes()).hexdigest()
        stored = version.text or run.kept.blobs[version.blob or ""].decode()
        assert KEY[:20] not in stored
        assert "[redacted" in stored


def test_the_same_content_by_the_same_process_is_one_version(run: Recorded) -> None:
    run.begin()
    status = run.write("same.txt", "same", process_id=1)
    for process_id in (1, 2):
        until(lambda: "/task/same.txt" not in run.source._pending)
        run.note("same.txt", status, process_id=process_id)
    run.source.stop()
    assert [version.process_id for version in run.kept.versions()] == [1, 2]


def test_rapid_rewrites_keep_the_last_state_and_count_the_others(run: Recorded) -> None:
    run.begin()
    for n in range(200):
        run.write("log.txt", f"line {n}")
    run.source.stop()
    versions = run.kept.versions("/task/log.txt")
    assert versions[-1].text == "line 199"
    (gap,) = run.kept.gaps()
    assert gap.cause == "coalesced"
    # A state read through the close before its own is the same version twice, which makes one row.
    assert gap.lost is not None
    assert 198 <= gap.lost + len(versions) <= 200


def test_settling_a_file_keeps_it_as_it_is_now(run: Recorded) -> None:
    """Large enough to rest for longer than this test waits."""
    run.begin()
    states = [f"{what}\n" * 60_000 for what in ("first", "as it was executed", "overwritten")]
    run.write("run.sh", states[0])
    until(lambda: len(run.kept.versions()) == 1)
    run.write("run.sh", states[1])
    run.source.settle("/task/run.sh")
    run.source.settle("/task/never-written")
    until(lambda: len(run.kept.versions()) == 2)
    run.write("run.sh", states[2])
    run.source.stop()
    assert [
        run.kept.blobs[v.blob or ""].decode() if v.blob else v.text for v in run.kept.versions()
    ] == states


def test_a_file_that_rests_is_read_later_without_being_asked(run: Recorded) -> None:
    run.begin()
    run.write("a.txt", "one")
    until(lambda: len(run.kept.versions()) == 1)
    run.write("a.txt", "two")
    until(lambda: len(run.kept.versions()) == 2)


def test_the_files_that_are_there_are_kept_before_the_command_runs(run: Recorded) -> None:
    (run.work / "eval").mkdir()
    (run.work / "eval" / "items.jsonl").write_text('{"q": 1}')
    (run.work / "weights.bin").write_bytes(bytes(range(256)) * 8)
    (run.work / "huge.txt").write_bytes(b"x" * (9 << 20))
    run.begin()
    versions = {Path(version.path).name: version for version in run.kept.versions()}
    assert {name: version.captured for name, version in versions.items()} == {
        "items.jsonl": "whole",
        "weights.bin": "none",
        "huge.txt": "none",
    }
    assert versions["items.jsonl"].text == '{"q": 1}'
    assert versions["items.jsonl"].process_id is None
    assert "not read" in (versions["huge.txt"].reason or "")


def test_a_full_folder_is_kept_in_part_and_says_so(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.workspace.source.MOST_AT_START", 5)
    for number in range(9):
        (run.work / f"{number}.txt").write_text(str(number))
    run.begin()
    assert len(run.kept.versions()) == 5
    (gap,) = run.kept.gaps()
    assert gap.cause == "too_many"


def test_the_last_sweep_finds_what_no_event_spoke_of(run: Recorded) -> None:
    (run.work / "before.txt").write_text("there before the start")
    time.sleep(0.03)
    run.begin()
    deep = run.work.joinpath(*["d" * 20] * 40)
    deep.mkdir(parents=True)
    (deep / "hidden.py").write_text("found")
    (run.work / "backdated.py").write_text("found too")
    os.utime(run.work / "backdated.py", (0, 0))
    run.source.stop()
    found = {Path(version.path).name: version for version in run.kept.versions()}
    assert {name: version.text for name, version in found.items()} == {
        "before.txt": "there before the start",  # once, not again by the sweep
        "hidden.py": "found",
        "backdated.py": "found too",
    }
    assert found["hidden.py"].process_id is None


def test_the_sweep_does_not_repeat_what_was_read_at_close(run: Recorded) -> None:
    run.begin()
    run.write("a.txt", "one")
    run.one("a.txt")


def test_the_folder_of_the_recording_itself_is_no_work_of_the_run(run: Recorded) -> None:
    run.begin(skip=["/task/recording/"])
    (run.work / "recording" / "log").mkdir(parents=True)
    (run.work / "recording" / "log" / "rows").write_text("the recorder's own")
    (run.work / "recordings.txt").write_text("the run's")
    run.note("recording/log/rows")
    run.source.stop()
    assert [version.path for version in run.kept.versions()] == ["/task/recordings.txt"]


def test_without_a_kernel_source_changes_are_found_while_recording(run: Recorded) -> None:
    run.begin(scan_s=0.05)
    assert run.source.info.backend == "scan"
    assert "who wrote is unknown" in (run.source.info.reason or "")
    (run.work / "a.py").write_text("one")
    until(lambda: len(run.kept.versions()) == 1)
    (run.work / "a.py").write_text("two, longer")
    until(lambda: len(run.kept.versions()) == 2)
    assert run.kept.gaps() == []


def test_a_path_that_is_not_utf8_is_read(run: Recorded) -> None:
    run.begin()
    (Path(os.fsdecode(os.fsencode(run.work) + b"/caf\xe9.txt"))).write_text("un café")
    run.source.note_write("/task/caf\\xe9.txt", 1, 1, time.time_ns())
    run.source.stop()
    assert [(v.path, v.text) for v in run.kept.versions()] == [("/task/caf\\xe9.txt", "un café")]


def test_what_cannot_be_read_is_a_row_with_the_reason(run: Recorded) -> None:
    run.begin()
    secret = run.root.parent / "secret"
    secret.write_text("the reviewer's own")
    (run.work / "link").symlink_to(secret)
    os.mkfifo(run.work / "fifo")
    (run.work / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run.work / "socket"))
        for name in ("link", "fifo", "folder", "socket", "gone", "nul\0"):
            run.note(name)
        run.source.stop()
    reasons = {version.path.removeprefix("/task/"): version.reason for version in run.kept.versions()}
    assert reasons == {
        "link": "a symbolic link stands there, not a file",
        "fifo": "a FIFO stands there, not a file",
        "folder": "a folder stands there, not a file",
        "socket": "a socket stands there, not a file",
        "gone": "gone before it could be read",
        "nul\0": "no path: it holds a NUL",
    }
    assert all(version.captured == "none" for version in run.kept.versions())


def test_another_file_under_the_same_name_is_not_taken_for_the_one_written(run: Recorded) -> None:
    run.begin()
    written = (run.work / "a.txt").open("w")
    status = os.fstat(written.fileno())
    (run.work / "b.txt").write_text("swapped in")
    (run.work / "b.txt").rename(run.work / "a.txt")
    run.note("a.txt", status)
    written.close()
    until(lambda: len(run.kept.versions()) == 1)
    assert run.kept.versions()[0].reason == "another file stood there when it was read"


@pytest.mark.parametrize("kernel_has_openat2", [True, False])
def test_links_do_not_lead_out_of_the_root(
    run: Recorded, monkeypatch: pytest.MonkeyPatch, *, kernel_has_openat2: bool
) -> None:
    if not kernel_has_openat2:
        monkeypatch.setattr(beneath, "_openat2", _no_openat2)
    outside = run.root.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("the reviewer's own")
    run.begin()
    (run.work / "relative").symlink_to("../../outside")
    (run.work / "absolute").symlink_to(outside)
    for path in ("relative/secret.txt", "absolute/secret.txt", "../../outside/secret.txt"):
        run.note(path)
    run.write("inside.txt", "fine")
    run.source.stop()
    texts = [version.text for version in run.kept.versions()]
    assert texts.count("fine") == 1
    assert all(text in (None, "fine") for text in texts)


def _no_openat2(root: int, path: bytes) -> int:
    raise OSError(errno.ENOSYS, f"no openat2 for {path!r} in {root}")


@pytest.mark.parametrize("disguise", ["symlink", "fifo"])
def test_swapping_the_file_while_it_is_captured_gains_nothing(run: Recorded, disguise: str) -> None:
    """An attacker exchanges the path as fast as it can between a file, a link to a secret, and a FIFO."""
    secret = run.root.parent / "secret"
    secret.write_text("the reviewer's own")
    victim, decoy = run.work / "victim", run.work / "decoy"
    run.begin()
    done = threading.Event()

    def attack() -> None:
        while not done.is_set():
            if disguise == "symlink":
                decoy.symlink_to(secret)
            else:
                os.mkfifo(decoy)
            decoy.replace(victim)
            decoy.write_text("harmless")
            decoy.replace(victim)

    attacker = threading.Thread(target=attack)
    attacker.start()
    end = time.monotonic() + 1.5
    try:
        while time.monotonic() < end:
            run.note("victim")
            run.source.settle("/task/victim")
            time.sleep(0.0005)
    finally:
        done.set()
        attacker.join()
    run.source.stop()
    versions = run.kept.versions("/task/victim")
    assert {version.text for version in versions} <= {None, "harmless"}
    assert "harmless" in {version.text for version in versions}
    assert any("stands there" in (version.reason or "") for version in versions)


def test_a_sparse_giant_costs_nothing(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    pread, read = os.pread, []

    def counting(fd: int, length: int, offset: int) -> bytes:
        data = pread(fd, length, offset)
        read.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counting)
    run.begin()
    with (run.work / "giant").open("wb") as file:
        file.write(b"text at the start\n")
        file.truncate(1 << 42)
    run.note("giant")
    version = run.one("giant")
    assert 0 < sum(read) < 1 << 20
    assert (version.size, version.sha256) == (1 << 42, None)
    assert "not hashed" in (version.reason or "")


def test_a_file_that_grows_while_it_is_read_is_cut_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing"
    path.write_text("a" * 900)
    real = os.fstat

    def fstat_then_grow(fd: int) -> os.stat_result:
        status = real(fd)
        with path.open("a") as file:
            file.write("b" * 900)
        return status

    with path.open("rb") as file:
        monkeypatch.setattr(os, "fstat", fstat_then_grow)
        content = read_content(file.fileno(), Limits(inline=100, whole=1000), Redactor())
    assert (content.captured, content.sha256, content.text) == ("ends", None, "a" * 900 + "b" * 100)
    assert "grew" in (content.reason or "")


def test_a_full_queue_is_a_gap_with_the_exact_count(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_PENDING", 10)
    run.begin(patience_s=30.0)
    stuck = threading.Event()
    release = threading.Event()

    def slow_blob(data: bytes) -> str:
        stuck.set()
        release.wait(60)
        return hashlib.sha256(data).hexdigest()

    monkeypatch.setattr(run.kept, "put_blob", slow_blob)
    run.write("first", "x" * 300_000)
    assert stuck.wait(60)
    for n in range(25):
        run.source.note_write(f"/elsewhere/{n}", 1, 1, time.time_ns())
    release.set()
    run.source.stop()
    (gap,) = run.kept.gaps()
    assert (gap.cause, gap.lost) == ("queue_full", 15)
    assert len(run.kept.versions()) == 11


def test_the_budget_of_a_run_leaves_digests(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_STORED", 100)
    run.begin()
    run.write("a", "a" * 80)
    run.write("b", "b" * 80)
    run.source.stop()
    (a,), (b,) = run.kept.versions("/task/a"), run.kept.versions("/task/b")
    assert (a.captured, b.captured, b.text) == ("whole", "none", None)
    assert "spent" in (b.reason or "")
    assert b.sha256 == hashlib.sha256(b"b" * 80).hexdigest()


def test_pseudo_files_are_not_content_but_shared_memory_is(run: Recorded) -> None:
    run.begin()
    for path in ("/proc/self/mem", "/sys/power/state", "/dev/null", "/dev/shm/data.jsonl"):
        run.source.note_write(path, 1, 1, time.time_ns())
    run.source.stop()
    assert [version.path for version in run.kept.versions()] == ["/dev/shm/data.jsonl"]


def test_a_store_that_hangs_does_not_hang_the_end(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    run.begin(patience_s=0.3)
    release = threading.Event()

    stuck = threading.Event()

    def never(data: bytes) -> str:
        stuck.set()
        release.wait(60)
        return hashlib.sha256(data).hexdigest()

    monkeypatch.setattr(run.kept, "put_blob", never)
    run.write("a", "x" * 300_000)
    assert stuck.wait(60)
    started = time.monotonic()
    run.source.stop()
    assert time.monotonic() - started < 15
    assert [gap.cause for gap in run.kept.gaps()] == ["hung"]
    assert "not kept" in (run.source.info.reason or "")
    release.set()


def test_a_store_that_fails_ends_the_source_with_its_reason(
    run: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.begin()

    def refuse(data: bytes) -> str:
        raise StoreFailed(f"no space for {len(data)} bytes")

    monkeypatch.setattr(run.kept, "put_blob", refuse)
    run.write("a", "x" * 300_000)
    until(lambda: run.source.info.state == "ended")
    run.source.stop()
    assert run.source.info.reason == "no space for 300000 bytes"


def test_a_root_that_is_not_there_makes_the_source_unavailable(tmp_path: Path) -> None:
    kept = _Kept()
    absent = WorkspaceSource(kept, Redactor(), root=str(tmp_path / "absent"))
    with pytest.raises(Unavailable, match="cannot reach"):
        absent.start(Target(os.getpid(), "/task"), kept)
    assert absent.info.state == "unavailable"
    absent.stop()
