"""Tables have an end, accesses may have none: both are told in time."""

import subprocess
import sys
from pathlib import Path

import pytest

from recorder.ebpf import source
from recorder.ebpf.libbpf import Object
from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.rows import FileAccess, Gap, ProcessStart
from tests.recorder.ebpf.conftest import Record
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until

pytestmark = pytest.mark.root


def shrink(monkeypatch: pytest.MonkeyPatch, table: str, entries: int) -> None:
    """Load with a small table."""
    load = Object.load

    def load_small(self: Object) -> None:
        self.resize(table, entries)
        load(self)

    monkeypatch.setattr(Object, "load", load_small)


def test_an_access_that_lives_on_is_told_while_it_does(
    bpf_object: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_SWEEP_S", 0.2)
    log = tmp_path / "log"
    seen, witness = Seen(), EbpfSource()
    command = 'read -r go; exec 3> "$1"; while read -r line; do echo abc >&3; done; kill -9 $$'
    with subprocess.Popen(["/bin/sh", "-c", command, "sh", log], stdin=subprocess.PIPE) as process:
        witness.start(Target(process.pid, "/"), seen)
        stdin = process.stdin
        assert stdin

        def write(line: bytes, told: int) -> None:
            stdin.write(line)
            stdin.flush()
            until(lambda: seen.bytes_written(log) == told)

        stdin.write(b"go\n")
        for told in (4, 8, 12):
            write(b"line\n", told)
        stdin.close()
        process.wait()
        witness.stop()
    rows = seen.files(log)
    written = [row for row in rows if row.bytes_written]
    assert [row.bytes_written for row in written] == [4, 4, 4]
    assert len({row.access_id for row in rows}) == 1
    assert [row.final for row in rows].count(True) == 1
    for row in written:
        assert row.first_write_ts == row.last_write_ts is not None


def test_processes_beyond_the_table_are_counted(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch, "processes", 8)
    seen = record("/bin/bash", "-c", "for i in {1..20}; do sleep 0.3 & done; wait")
    lost = sum(gap.lost or 0 for gap in seen.of(Gap) if gap.cause == "table_full")
    assert lost > 0
    assert len(seen.of(ProcessStart)) + lost == 21


def test_bytes_are_kept_when_the_access_table_is_full(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(monkeypatch, "accesses", 4)
    (tmp_path / "big").write_bytes(b"x" * 50_000)
    many = "import os; fs = [os.open('big', 0) for _ in range(20)]\nfor f in fs: os.read(f, 700); os.read(f, 300)"
    seen = record(sys.executable, "-c", many)
    assert seen.bytes_read(tmp_path / "big") == 20_000
    assert not [gap for gap in seen.of(Gap) if gap.lost]


def test_a_path_of_any_depth_is_whole(record: Record, tmp_path: Path) -> None:
    deep = "import os\nfor _ in range(60): os.mkdir('d' * 200); os.chdir('d' * 200)\nopen('leaf', 'w').write('x')"
    seen = record(sys.executable, "-c", deep)
    (path,) = {row.path for row in seen.of(FileAccess) if row.path.endswith("/leaf")}
    assert path == str(tmp_path) + "/" + ("d" * 200 + "/") * 60 + "leaf"
    assert not seen.of(Gap)
