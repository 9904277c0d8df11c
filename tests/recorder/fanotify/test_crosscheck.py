"""The second witness beside a real kernel witness: it agrees where all is recorded and tells where something is not."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.ebpf.source import EbpfSource
from recorder.fanotify import group
from recorder.fanotify.beside import Beside, Paths
from recorder.source import Target
from store.manifest import SourceInfo
from store.rows import FileAccess, Gap, ProcessStart, Row, Source, Stamp
from store.sink import RawColumn, Sink
from tests.recorder.ebpf.conftest import bpf_object
from tests.recorder.ebpf.seen import Seen
from tests.recorder.test_record import PTB, manifest, table
from tests.waiting import until

__all__ = ["bpf_object"]

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("bpf_object")]

_GATE = 'read -r go; exec "$@" </dev/null'


@dataclass
class Blind:
    """A sink that keeps the rows of one file from those behind it: a kernel witness that does not see it."""

    sink: Sink
    path: Path

    def put(self, at: Stamp, row: Row) -> int:
        return self.sink.put(at, row)

    def intern(self, text: str) -> int:
        return self.sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        kept = columns["inode"] != self.path.stat().st_ino if "inode" in columns else np.ones(len(ts), bool)
        self.sink.put_columns(
            table, source, ts[kept], {name: column[kept] for name, column in columns.items()}
        )


@dataclass
class Told:
    """What came of a recording."""

    seen: Seen
    info: SourceInfo

    @property
    def disagreements(self) -> list[Gap]:
        return [gap for gap in self.seen.of(Gap) if gap.cause == "disagreement"]

    @property
    def alone(self) -> list[FileAccess]:
        """What fanotify alone has seen."""
        return [row for row in self.seen.of(FileAccess) if row.via == "fanotify"]


def record(
    work: Path,
    command: Sequence[str],
    *,
    watch: Sequence[Path] = (),
    blind: Path | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Told:
    """Record a command through eBPF and fanotify."""
    seen, source, beside = Seen(), EbpfSource(), Beside(Paths(watch=tuple(watch)))
    argv = ["/bin/bash", "-c", _GATE, "gate", *command]
    with beside, subprocess.Popen(argv, stdin=subprocess.PIPE, cwd=work) as process:
        target = Target(process.pid, str(work))
        hearing = beside.hearing(seen)
        source.start(target, Blind(hearing, blind) if blind else hearing)
        beside.start(target, seen, [], kernel=True, transfers=True)
        process.communicate(b"go\n", 60)
        meanwhile()
        beside.close_eyes()
        source.stop()
    return Told(seen, beside.infos[0])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "task.md").write_text("the task\n")
    return folder


@pytest.fixture
def items(tmp_path: Path) -> Path:
    """An eval file outside the work folder."""
    (tmp_path / "eval").mkdir()
    path = tmp_path / "eval" / "items.jsonl"
    path.write_bytes(b"x" * 5000)
    return path


WAYS = {
    "cat": "cat {items}",
    "symbolic link": "ln -s {items} s; cat s",
    "hard link": "ln {items} h; cat h; rm h",
    "renamed": "mv {items} moved; cat moved; mv moved {items}",
    "changed": "echo more >> {items}",
    "changed in place": "sed -i s/x/y/ {items}",
    "truncated": ": > {items}; truncate -s 9 {items}",
    "copied": "cp {items} copy; cp copy {items}; cat copy",
    "executed": "printf '#!/bin/sh\\n:\\n' > {items}; chmod +x {items}; {items}; cp /bin/true t; ./t",
    "by a child that is gone": "((cat {items}; : >a) &); ((cat task.md; : >b) &); until [ -e a ] && [ -e b ]; do sleep .01; done",
    "a new file": "echo > {items}.new; cat {items}.new; rm {items}.new",
    "inherited": "exec 5< {items}; cat <&5",
    "many times": "for i in 1 2 3 4 5 6 7 8 9; do cat {items} task.md; done",
    "spliced": f'{sys.executable} -c \'import os; f = os.open("{{items}}", 0); o = os.open("o", 65); '
    "os.sendfile(o, f, 0, 99); os.copy_file_range(f, o, 99); os.posix_fadvise(f, 0, 0, 3)'",
    "mapped": f"{sys.executable} -c 'import mmap; f = open(\"{{items}}\"); mmap.mmap(f.fileno(), 0, prot=1)[:]'",
}


@pytest.mark.parametrize("script", WAYS.values(), ids=WAYS)
def test_two_witnesses_agree(work: Path, items: Path, script: str) -> None:
    told = record(work, ["bash", "-c", script.format(items=items)], watch=[items.parent])
    assert told.disagreements == []
    assert told.alone == []
    assert told.info.reason is not None
    assert int(told.info.reason.split("; ")[1].split()[0]) > 0, told.info


@pytest.mark.parametrize(
    "script",
    [
        "cat {items}",
        "ln {items} h; cat h; rm h",
        "((setsid -w cat {items}; : >a) &); until [ -e a ]; do sleep .01; done",
    ],
)
def test_what_the_kernel_witness_missed_is_told(work: Path, items: Path, script: str) -> None:
    told = record(work, ["bash", "-c", script.format(items=items)], watch=[items.parent], blind=items)
    (gap,) = told.disagreements
    assert "open and read" in gap.reason
    assert gap.start_ts is not None
    assert gap.end_ts is not None
    assert 0 <= gap.end_ts - gap.start_ts < 5e9
    (row,) = told.alone
    found = items.stat()
    assert (row.dev, row.inode) == (found.st_dev, found.st_ino)
    assert row.path in (str(items), str(work / "h"))
    starts = {(start.process_id, start.pid) for start in told.seen.of(ProcessStart)}
    assert (row.process_id, row.pid) in starts


def test_what_is_opened_while_the_marks_are_set_is_compared(
    work: Path, items: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container, and a command that is attached to, runs on meanwhile."""
    mark = group.Group.mark

    def reading_follows(
        self: group.Group, path: bytes, mask: group.Mask, *, at: int = -100, follow: bool = True
    ) -> None:
        mark(self, path, mask, at=at, follow=follow)
        if path == os.fsencode(items):
            (work / "marked").touch()
            until((work / "read").exists)
            time.sleep(0.2)

    monkeypatch.setattr(group.Group, "mark", reading_follows)
    script = "until [ -e marked ]; do sleep .01; done; cat ../eval/items.jsonl; : > read"
    seen, source, beside = Seen(), EbpfSource(), Beside(Paths(watch=(items,)))
    with beside, subprocess.Popen(["/bin/bash", "-c", script], cwd=work) as process:
        target = Target(process.pid, str(work))
        source.start(target, beside.hearing(seen))
        beside.start(target, seen, [], kernel=True, transfers=True)
        process.wait(60)
        beside.close_eyes()
        source.stop()
    told = Told(seen, beside.infos[0])
    assert told.disagreements == []
    assert told.info.reason is not None
    assert int(told.info.reason.split("; ")[1].split()[0]) > 0, told.info


def test_a_missed_change_of_the_task_s_own_file_is_told(work: Path) -> None:
    told = record(work, ["bash", "-c", "echo x >> task.md"], blind=work / "task.md")
    (gap,) = told.disagreements
    assert f"open and change {work / 'task.md'}" in gap.reason


def test_reads_of_the_own_folder_are_not_compared(work: Path) -> None:
    told = record(work, ["bash", "-c", "for i in 1 2 3; do cat task.md; done"])
    assert told.disagreements == []


def test_other_processes_are_counted_not_recorded(work: Path, items: Path) -> None:
    told = record(
        work,
        ["sleep", "0.2"],
        watch=[items],
        meanwhile=lambda: (items.read_bytes(), subprocess.run(["cat", items], stdout=subprocess.DEVNULL)),
    )
    assert told.disagreements == []
    assert told.alone == []
    assert told.info.reason is not None
    assert "of processes that are not recorded" in told.info.reason


def test_a_change_that_no_call_tells_is_told(work: Path, items: Path) -> None:
    """fallocate(2) changes a file; the kernel witness has no row for it."""
    code = f"import os; f = os.open({str(items)!r}, os.O_RDWR); os.posix_fallocate(f, 0, 9999)"
    told = record(work, [sys.executable, "-c", code], watch=[items])
    assert [gap.reason for gap in told.disagreements if "change" in gap.reason]


def test_lost_events_are_told(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kernel's own bound on the queue, set low."""
    limit = Path("/proc/sys/fs/fanotify/max_queued_events")
    before = limit.read_text()
    monkeypatch.setattr(group, "_UNLIMITED_QUEUE", 0)
    for number in range(200):
        (work / str(number)).write_text("x")
    try:
        limit.write_text("16")
        told = record(work, ["bash", "-c", "cat [0-9]*"])
    finally:
        limit.write_text(before)
    assert "queue_full" in [gap.cause for gap in told.seen.of(Gap)]
    assert told.disagreements == []


@pytest.mark.parametrize("kernel", ["ebpf", "strace"])
def test_a_recording_says_what_was_watched(work: Path, items: Path, kernel: str) -> None:
    argv = [*PTB, "record", "--kernel", kernel, "--watch", str(items), "-o", "../run", "--"]
    script = f"cat {items}; echo x >> task.md; sed -i s/x/y/ task.md; python3 -c 'open(\"task.md\").read()'"
    subprocess.run([*argv, "sh", "-c", script], cwd=work, check=True, capture_output=True, timeout=60)
    run = work.parent / "run"
    (info,) = [source for source in manifest(run)["sources"] if source["name"] == "crosscheck"]
    assert (info["backend"], info["state"]) == ("fanotify", "ended")
    assert f"watches 3 files and folders: {items}, {work}; " in info["reason"]
    assert " sightings agree with the kernel witness, 0 do not" in info["reason"]
    assert [row["cause"] for row in table(run, "gaps") if row["cause"] == "disagreement"] == []
    assert [row["via"] for row in table(run, "files") if row["via"] == "fanotify"] == []


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux has no setpriv here")
def test_without_the_privilege_the_run_is_recorded_and_says_so(work: Path) -> None:
    argv = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *PTB]
    argv += ["record", "--kernel", "strace", "-o", "../run", "--", "touch", "ran"]
    subprocess.run(argv, cwd=work, check=True, capture_output=True, timeout=60)
    assert (work / "ran").exists()
    (info,) = [s for s in manifest(work.parent / "run")["sources"] if s["name"] == "crosscheck"]
    assert (info["state"], info["reason"]) == ("unavailable", "fanotify: it needs root (CAP_SYS_ADMIN)")
    gaps = [(row["source"], row["cause"]) for row in table(work.parent / "run", "gaps")]
    assert ("recorder", "unavailable") in gaps
