"""Nothing is missing, and what is missing is counted."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.rows import FileAccess, Gap, ProcessExit, ProcessStart, Row, Source
from store.sink import RawColumn, Sink
from store.snapshot import Snapshot
from store.writer import RunWriter
from tests.recorder.ebpf.conftest import Record
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until

pytestmark = pytest.mark.root


def test_every_file_made_and_removed_is_a_row(record: Record, tmp_path: Path) -> None:
    churn = (
        "import os\nfor i in range(20_000): os.close(os.open(f'f{i}', os.O_CREAT | os.O_WRONLY))\n"
        "for i in range(20_000): os.unlink(f'f{i}')"
    )
    seen = record(sys.executable, "-c", churn)
    expected = {f"{tmp_path}/f{number}" for number in range(20_000)}
    for op in ("create", "unlink"):
        rows = [row.path for row in seen.of(FileAccess) if row.op == op]
        assert len(rows) == 20_000
        assert set(rows) == expected
    assert not seen.of(Gap)


def test_a_gibibyte_read_is_a_gibibyte(record: Record, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(1 << 30)
    seen = record("dd", f"if={big}", "of=/dev/null", "bs=64k", "status=none")
    assert seen.bytes_read(big) == 1 << 30
    assert seen.bytes_written("/dev/null") == 1 << 30


def test_processes_that_only_come_and_go_all_have_both_rows(record: Record) -> None:
    seen = record("/bin/bash", "-c", "for i in {1..2000}; do (:); done")
    starts = [row.process_id for row in seen.of(ProcessStart)]
    assert len(starts) == len(set(starts)) == 2001
    assert {row.process_id for row in seen.of(ProcessExit)} == set(starts)


@contextmanager
def flooding(program: Path, marked: Path, times: int, sink: Sink) -> Iterator[subprocess.Popen[bytes]]:
    """The test program, told to open and close a file ``times`` times, recorded into ``sink``."""
    gate = [
        "/bin/bash",
        "-c",
        'read -r go; exec "$@"',
        "gate",
        str(program),
        "flood",
        str(marked),
        str(times),
    ]
    source = EbpfSource()
    with subprocess.Popen(gate, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        source.start(Target(process.pid, "/"), sink)
        try:
            process.stdin.write(b"go\n")
            process.stdin.flush()
            yield process
            process.communicate(b"end\n")
        finally:
            source.stop()


def test_a_flood_into_a_run_loses_nothing(evade: Path, bpf_object: Path, tmp_path: Path) -> None:
    times = 300_000
    marked = tmp_path / "marked"
    marked.touch()
    run = tmp_path / "run"
    with RunWriter.create(run, "flood", started_at=time.time_ns()) as writer:
        with flooding(evade, marked, times, writer):
            pass
        writer.close(ended_at=time.time_ns(), exit_status="0")
    with Snapshot.open(run) as snapshot:
        path = snapshot.strings().to_pylist().index(str(marked))
        files = snapshot.table("files", ["ts", "path", "flags", "final"])
        rows = [row for row in files.to_pylist() if row["path"] == path]
        gaps = snapshot.table("gaps")
    assert sum(row["flags"] is not None for row in rows) == times
    assert sum(bool(row["final"]) for row in rows) == times
    assert gaps.num_rows == 0
    took = (max(row["ts"] for row in rows) - min(row["ts"] for row in rows)) / 1e9
    if 2 * times / took < 150_000:
        pytest.skip(f"nothing was lost, but this machine made only {2 * times / took:,.0f} records/s")


class Stalling(Seen):
    """A sink that does not take columns before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns_: Mapping[str, RawColumn]
    ) -> None:
        self.go.wait(60)
        super().put_columns(table, source, ts, columns_)


class Tally:
    """Of one file: opens and ends that were kept, and those that were counted as lost."""

    def __init__(self, sink: Seen, path: Path) -> None:
        self._sink, self._path = sink, str(path)
        self._at = 0
        self.kept: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def __call__(self) -> tuple[int, int]:
        """Opens and ends, kept or lost, until now."""
        fresh = self._sink.rows[self._at :]
        self._at += len(fresh)
        for _, row in fresh:
            if isinstance(row, FileAccess) and row.path == self._path:
                self.kept["opens"] += row.flags is not None
                self.kept["ends"] += bool(row.final)
            elif isinstance(row, Gap):
                what = row.reason.split(" records of ")[1].split()[0]
                self.lost["opens" if what == "opens," else "ends"] += row.lost or 0
        return self.kept["opens"] + self.lost["opens"], self.kept["ends"] + self.lost["ends"]


def test_a_stalled_consumer_keeps_and_counts_everything(
    evade: Path, bpf_object: Path, tmp_path: Path
) -> None:
    times = 400_000
    marked = tmp_path / "marked"
    marked.touch()
    sink = Stalling()
    tally = Tally(sink, marked)
    with flooding(evade, marked, times, sink) as process:
        assert process.stdout
        process.stdout.readline()
        sink.go.set()
        # The program ends after that: what ends with it finds the rings empty, and is not counted as lost.
        until(lambda: tally() == (times, times), "every open and every end")
    assert tally() == (times, times)
    assert tally.lost["opens"]
    assert tally.lost["ends"]
