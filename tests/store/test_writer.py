"""What was put is what is read: while recording, after closing, across merges and from another process."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import store.writer
from store.errors import BadInput, StoreFailed
from store.manifest import Facts, Manifest
from store.manifest_file import write_manifest
from store.rows import FileAccess, Gap, GpuSample, Message, Quality, Row, Source, Stamp
from store.schema import NULL, symbol_columns
from store.snapshot import Snapshot
from store.verify import verify
from tests.store.recorded import START, at, closed_run, put_sample, seal, writer


def decoded(snapshot: Snapshot, table: str, *columns: str) -> list[dict[str, object]]:
    """Rows of a table with symbols as text."""
    texts = snapshot.strings().to_pylist()
    rows: list[dict[str, object]] = snapshot.table(table, list(columns) or None).to_pylist()
    for row in rows:
        for name in symbol_columns(table):
            if row.get(name) is not None:
                row[name] = texts[int(str(row[name]))]
    return rows


def test_seq_is_dense_over_all_tables(tmp_path: Path) -> None:
    closed_run(tmp_path / "run")
    with Snapshot.open(tmp_path / "run") as snapshot:
        tables = ("files", "transcript", "execs", "file_versions")
        seqs = sorted(seq for name in tables for seq in snapshot.table(name)["seq"].to_pylist())
    assert seqs == list(range(121))


def test_null_is_not_zero(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        run.put(at(0), FileAccess(1, 2, "open", "/a", bytes_read=0))
        run.put(at(1), FileAccess(1, 2, "open", "/a"))
        ids = {"op": run.intern("open"), "path": run.intern("/b")}
        run.put_columns(
            FileAccess,
            Source.KERNEL,
            np.array([5, 6]),
            {name: np.full(2, value) for name, value in ids.items()} | {"bytes_read": np.array([0, NULL])},
        )
    with Snapshot.open(tmp_path / "run") as snapshot:
        assert [row["bytes_read"] for row in decoded(snapshot, "files")] == [0, None, 0, None]
        assert decoded(snapshot, "files", "path")[3] == {"path": "/b"}


def test_columns_and_rows_keep_the_order_of_arrival(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        op = run.intern("open")
        for n in range(5):
            run.put(at(n), FileAccess(n, None, "open", "/single"))
            path = np.full(3, run.intern("/many"))
            columns = {"op": np.full(3, op), "path": path, "process_id": np.full(3, 100 + n)}
            run.put_columns(FileAccess, Source.KERNEL, np.full(3, START), columns)
    with Snapshot.open(tmp_path / "run") as snapshot:
        rows = snapshot.table("files")
    assert rows["seq"].to_pylist() == list(range(20))
    assert rows["process_id"].to_pylist()[:8] == [0, 100, 100, 100, 1, 101, 101, 101]


def test_text_that_no_utf_8_can_hold_is_spelled_out_and_stops_no_recording(tmp_path: Path) -> None:
    broken = os.fsdecode(b"caf\xe9") + "\ud83d"
    with writer(tmp_path / "run") as run:
        run.update_facts(Facts(command=broken))
        run.put(at(0), FileAccess(1, 1, "open", broken))
        run.put(at(1), Message("assistant", "message", broken))
        run.close(ended_at=START)
    with Snapshot.open(tmp_path / "run") as snapshot:
        assert snapshot.strings().to_pylist().count("caf\\xe9\\ud83d") == 1
        assert snapshot.table("transcript").column("text").to_pylist() == ["caf\\xe9\\ud83d"]
        assert snapshot.manifest.facts.command == "caf\\xe9\\ud83d"
    assert not verify(tmp_path / "run").problems


def test_an_unknown_column_is_refused_and_costs_nothing(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        with pytest.raises(KeyError, match="no_such"):
            run.put_columns(GpuSample, Source.GPU, np.array([1]), {"no_such": np.array([1])})
        run.put(at(0), GpuSample(0, util_pct=1.5))
    with Snapshot.open(tmp_path / "run") as snapshot:
        assert snapshot.table("gpu")["util_pct"].to_pylist() == [1.5]


ROWS = st.one_of(
    st.builds(
        FileAccess,
        process_id=st.none() | st.integers(0, 2**40),
        pid=st.integers(1, 2**22),
        op=st.sampled_from(["open", "rename"]),
        path=st.text(max_size=20),
        final=st.none() | st.booleans(),
    ),
    st.builds(Message, role=st.just("user"), kind=st.just("message"), text=st.none() | st.text(max_size=50)),
    st.builds(GpuSample, device=st.integers(0, 7), util_pct=st.none() | st.floats(0, 100)),
    st.builds(Gap, cause=st.just("test"), reason=st.text(max_size=9), lost=st.none() | st.integers(0, 9)),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=40), cuts=st.sets(st.integers(0, 40), max_size=4))
def test_any_rows_come_back_wherever_the_log_was_sealed(
    rows: list[Row], cuts: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    run = writer(folder / "run")
    for n, row in enumerate(rows):
        run.put(Stamp(None, Quality.NONE, Source.TRANSCRIPT), row)
        if n in cuts:
            seal(run)
    run.close(ended_at=None)
    found: dict[int, dict[str, object]] = {}
    with Snapshot.open(folder / "run") as snapshot:
        for table in ("files", "transcript", "gpu", "gaps"):
            found |= {int(str(row["seq"])): row for row in decoded(snapshot, table)}
    assert sorted(found) == list(range(len(rows)))
    for seq, row in enumerate(rows):
        for name in row.__slots__:
            assert found[seq][name] == getattr(row, name)
    assert verify(folder / "run").consistent


def test_another_process_sees_rows_within_a_quarter_second(tmp_path: Path) -> None:
    script = (
        "import sys,time; from pathlib import Path; from store.snapshot import Snapshot\n"
        "s = Snapshot.open(Path(sys.argv[1])); print('ready', flush=True)\n"
        "end, seen = time.monotonic() + 20, 0\n"
        "while seen < 5 and time.monotonic() < end:\n"
        "    s = s.refresh() or s\n"
        "    rows = s.live_rows('gpu')\n"
        "    if rows.num_rows > seen:\n"
        "        seen = rows.num_rows\n"
        "        print(time.time_ns() - rows['ts'][-1].as_py(), s.live, flush=True)\n"
        "    time.sleep(0.01)\n"
    )
    run = writer(tmp_path / "run")
    put_sample(run)
    command = [sys.executable, "-P", "-c", script, str(run.folder)]
    delays = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for _ in range(5):
            run.put(Stamp(time.time_ns(), Quality.EXACT, Source.GPU), GpuSample(0))
            delay, live = reader.stdout.readline().split()
            assert live == "True"
            delays.append(int(delay))
    run.close(ended_at=START)
    assert sorted(delays)[2] <= 250_000_000


def test_a_snapshot_outlives_sealing_and_merging(tmp_path: Path) -> None:
    run = writer(tmp_path / "run")
    put_sample(run)
    run.flush()
    old = Snapshot.open(run.folder)
    before = old.table("files")
    for _ in range(3):
        put_sample(run)
        seal(run)
    middle = Snapshot.open(run.folder)
    run.close(ended_at=START)
    assert old.table("files").equals(before)
    assert middle.table("files").num_rows == 400
    middle.close()
    old.close()
    with Snapshot.open(run.folder) as newest:
        assert len(newest.segment_files("files")) == 1
        assert newest.table("files").slice(0, 100).equals(before)


def test_what_no_reader_needs_is_deleted(tmp_path: Path) -> None:
    run = writer(tmp_path / "run")
    for _ in range(3):
        put_sample(run)
        seal(run)
    run.close(ended_at=START)
    assert not list((run.folder / "log").iterdir())
    assert len(list((run.folder / "segments").glob("files.*"))) == 1


def test_two_writers_exclude_each_other(tmp_path: Path) -> None:
    run = writer(tmp_path / "run")
    with pytest.raises(BadInput, match="holds a run already"):
        writer(tmp_path / "run")
    run.close(ended_at=START)


def test_disk_full_holds_rows_then_counts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.writer, "MAX_WAITING", 20_000)
    run = writer(tmp_path / "run")
    put_sample(run, 10)
    run.flush()
    full = [True]
    real = os.pwrite

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        if full[0]:
            real(fd, data[: len(data) // 2], offset)
            raise OSError(28, "No space left on device")
        return real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    kept = lost = 0
    for n in range(300):
        seq = run.put(at(100 + n), Message("assistant", "message", f"{n}" * 200))
        kept, lost = kept + (seq >= 0), lost + (seq < 0)
        if n % 20 == 19:
            with pytest.raises(StoreFailed):
                run.flush()
    assert kept
    assert lost
    full[0] = False
    run.flush()
    run.close(ended_at=START)
    with Snapshot.open(run.folder) as snapshot:
        (gap,) = decoded(snapshot, "gaps")
        assert (gap["cause"], gap["lost"]) == ("disk_full", lost)
        assert snapshot.rows("transcript") == kept + 1
    assert verify(run.folder).consistent


def test_what_a_full_disk_has_cost_is_told_though_nothing_is_put_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.writer, "MAX_WAITING", 1)
    monkeypatch.setattr(store.writer, "FLUSH_S", 60)
    run = writer(tmp_path / "run")
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", _no_space)
        run.put(at(0), GpuSample(0))
        with pytest.raises(StoreFailed, match="disk is full"):
            run.flush()
        run.put(at(1), GpuSample(0))
    run.close(ended_at=START)
    with Snapshot.open(run.folder) as snapshot:
        assert [(row["cause"], row["lost"]) for row in decoded(snapshot, "gaps")] == [("disk_full", 1)]
        assert snapshot.rows("gpu") == 1


def _no_space(_fd: int, _data: bytes, _offset: int) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("origin", [START, None])
def test_times_of_a_row_come_back_exactly(tmp_path: Path, origin: int | None) -> None:
    with writer(tmp_path / "run") as run:
        stamp = Stamp(origin, Quality.EXACT, Source.KERNEL)
        run.put(stamp, FileAccess(1, 2, "open", "/a", first_read_ts=START - 7, end_ts=START + 9))
        ids = {"op": np.array([run.intern("open")]), "path": np.array([run.intern("/a")])}
        times = {"end_ts": np.array([START + 3]), "last_read_ts": np.array([NULL])}
        ts = np.array([NULL if origin is None else origin])
        run.put_columns(FileAccess, Source.KERNEL, ts, {**ids, **times})
        seal(run)
        run.put(stamp, Gap("test", "", start_ts=START + 1))
    with Snapshot.open(tmp_path / "run") as snapshot:
        rows = snapshot.table("files", ["end_ts", "first_read_ts", "last_read_ts"]).to_pylist()
        assert [tuple(row.values()) for row in rows] == [
            (START + 9, START - 7, None),
            (START + 3, None, None),
        ]
        assert snapshot.table("gaps", ["start_ts"]).to_pylist() == [{"start_ts": START + 1}]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs" / "another").mkdir(parents=True)
    with pytest.raises(BadInput, match="is not empty"):
        writer(tmp_path / "runs")
    assert [one.name for one in (tmp_path / "runs").iterdir()] == ["another"]


def test_epochs_that_begin_while_others_end_hold_each_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(folder: Path, manifest: Manifest) -> None:
        time.sleep(0.005)
        write_manifest(folder, manifest)

    monkeypatch.setattr("store.run_files.write_manifest", slowly)
    monkeypatch.setattr("store.writer.EPOCH_ROWS", 1)
    run = writer(tmp_path / "run")
    for n in range(30):
        run.put(at(n), GpuSample(0, util_pct=float(n)))
        run.flush()
        with Snapshot.open(run.folder) as snapshot:
            assert snapshot.table("gpu")["util_pct"].to_pylist() == [float(m) for m in range(n + 1)]
    run.close(ended_at=START)
    assert verify(run.folder).consistent
