"""A recorder killed at any moment loses nothing that was committed, and the end is marked."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.manifest import State
from store.manifest_file import read_manifest
from store.snapshot import Snapshot
from store.verify import verify
from tests.store.recorded import put_sample, writer

CHILD = """
import os, sys, time
from pathlib import Path
import store.chain, store.writer, store.sealing
from store.rows import *
store.writer.EPOCH_ROWS = 700
store.sealing.MERGED_ROWS = 100_000
run = store.writer.RunWriter.create(Path(sys.argv[1]), "killed", started_at=0)
closing_at = int(sys.argv[2])
written = store.chain.Chain.append
def append(self, kind, **values):
    if kind in sys.argv[3:]:
        os._exit(9)
    return written(self, kind, **values)
store.chain.Chain.append = append
for n in range(closing_at):
    run.put(Stamp(n, Quality.EXACT, Source.KERNEL), FileAccess(n, None, "open", f"/p{n % 50}/{n // 10}"))
    if n % 100 == 99:
        run.flush()
        print(n + 1, flush=True)
    while n == 999 and sys.argv[3:] and not any(run.folder.glob("segments/files.*")):
        run.flush()
        time.sleep(0.01)
run.close(ended_at=1)
print("closed", flush=True)
"""


def killed_run(folder: Path, rows: int, delay_s: float) -> int:
    """Record in a child and SIGKILL it ``delay_s`` after its first flush; rows that it knew to be committed."""
    command = [sys.executable, "-P", "-c", CHILD, str(folder), str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(delay_s)
        os.kill(child.pid, signal.SIGKILL)
        lines = [first, *child.stdout.read().split()]
    return max(int(line) for line in lines if line.strip().isdecimal())


@pytest.mark.parametrize("seed", range(20))
def test_sigkill_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = chance.choice([3_000, 8_000, 20_000])
    committed = killed_run(tmp_path / "run", rows, chance.uniform(0, 0.6))
    with Snapshot.open(tmp_path / "run") as snapshot:
        files = snapshot.table("files")
        texts = snapshot.strings()
        assert files.num_rows >= committed
        assert files["seq"].to_pylist() == list(range(files.num_rows))
        assert files["process_id"].to_pylist() == list(range(files.num_rows))
        last = files.num_rows - 1
        assert texts[files["path"][last].as_py()].as_py() == f"/p{last % 50}/{last // 10}"
        if snapshot.manifest.state is not State.CLOSED:
            gaps = snapshot.table("gaps")
            assert [texts[cause].as_py() for cause in gaps["cause"].to_pylist()] == ["killed"]
            assert gaps["start_ts"].to_pylist() == [last]
    report = verify(tmp_path / "run")
    assert report.consistent, report.problems


@pytest.mark.parametrize(("entry", "rows"), [("seal", 600), ("merge", 2000)])
def test_a_file_that_stood_before_the_chain_named_it_is_not_lost(
    tmp_path: Path, entry: str, rows: int
) -> None:
    command = [sys.executable, "-P", "-c", CHILD, str(tmp_path / "run"), str(rows), entry]
    died = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=60, check=False)
    assert died.returncode == 9
    with Snapshot.open(tmp_path / "run") as snapshot:
        assert snapshot.manifest.state is State.RECOVERED
        assert snapshot.table("files")["seq"].to_pylist() == list(range(rows))
    report = verify(tmp_path / "run")
    assert report.consistent, report.problems


def test_recovery_happens_once(tmp_path: Path) -> None:
    killed_run(tmp_path / "run", 3_000_000, 0.1)
    with Snapshot.open(tmp_path / "run"):
        pass
    first = read_manifest(tmp_path / "run")
    with Snapshot.open(tmp_path / "run"):
        pass
    assert first.state is State.RECOVERED
    assert read_manifest(tmp_path / "run") == first


def test_a_log_cut_at_any_byte_reads_up_to_a_commit(tmp_path: Path) -> None:
    run = writer(tmp_path / "run")
    for _ in range(5):
        put_sample(run, 20)
        run.flush()
    log = next((run.folder / "log").iterdir())
    whole = {path.name: path.read_bytes() for path in log.iterdir()}
    chance = random.Random(7)
    for name in ("files.arrows", "commits", "strings.arrows"):
        for cut in sorted(chance.randrange(len(whole[name])) for _ in range(8)):
            copy = tmp_path / f"{name}-{cut}"
            (copy / "log" / log.name).mkdir(parents=True)
            (copy / "run.json").write_bytes((run.folder / "run.json").read_bytes())
            for file, data in whole.items():
                (copy / "log" / log.name / file).write_bytes(data[:cut] if file == name else data)
            with Snapshot.open(copy) as snapshot:
                assert snapshot.rows("files") in {0, 20, 40, 60, 80}
                assert snapshot.rows("gaps") == 1
                assert None not in snapshot.strings().to_pylist()
            assert verify(copy).consistent
    run.close(ended_at=0)


def test_a_dead_recording_in_a_read_only_folder_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_run(tmp_path / "run", 3_000_000, 0.1)
    before = (tmp_path / "run" / "run.json").read_bytes()

    real = os.open

    def read_only(path: Path, flags: int, mode: int = 0) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    with Snapshot.open(tmp_path / "run") as snapshot:
        texts = snapshot.strings()
        assert [texts[one].as_py() for one in snapshot.table("gaps")["cause"].to_pylist()] == ["killed"]
        assert snapshot.rows("files") > 0
    assert (tmp_path / "run" / "run.json").read_bytes() == before
