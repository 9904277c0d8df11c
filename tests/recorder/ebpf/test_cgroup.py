"""Recording by cgroup: what is inside, how deep ever, from the first instruction or from the middle."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import cgroups
from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.errors import BadInput, Unavailable
from store.rows import Exec, FileAccess, ProcessStart
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until

pytestmark = pytest.mark.root


@pytest.fixture
def cgroup(bpf_object: Path) -> Iterator[Path]:
    """A fresh cgroup with one nested in it; everything in them is ended afterwards."""
    try:
        folder = cgroups.unified_mount() / f"ptb-test-{os.getpid()}"
        (folder / "inner").mkdir(parents=True)
    except (Unavailable, OSError) as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    yield folder
    for pid in cgroups.members(folder):
        os.kill(pid, 9)
    until(lambda: not cgroups.members(folder))
    (folder / "inner").rmdir()
    folder.rmdir()


def inside(cgroup: Path, script: str, *arguments: str | Path) -> list[str]:
    """A command that moves itself into a cgroup, then runs a script."""
    move = f'echo $$ > {cgroup}/cgroup.procs && exec /bin/sh -c {script!r} sh "$@"'
    return ["/bin/sh", "-c", move, "sh", *map(str, arguments)]


def test_what_is_in_the_cgroup_or_nested_in_it_is_recorded(cgroup: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("aa")
    (tmp_path / "b").write_text("bbb")
    (tmp_path / "c").write_text("cccc")
    seen, source = Seen(), EbpfSource()
    source.start(Target(0, "/", str(cgroup)), seen)
    subprocess.run(inside(cgroup, "cat $1", tmp_path / "a"), check=True, stdout=subprocess.DEVNULL)
    subprocess.run(inside(cgroup / "inner", "cat $1", tmp_path / "b"), check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cat", tmp_path / "c"], check=True, stdout=subprocess.DEVNULL)
    source.stop()
    assert (seen.bytes_read(tmp_path / "a"), seen.bytes_read(tmp_path / "b")) == (2, 3)
    assert not seen.files(tmp_path / "c")
    assert {Path(row.exe or "").name for row in seen.of(Exec)} == {"dash", "cat"}


def test_who_leaves_the_cgroup_stays_recorded(cgroup: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("aa")
    seen, source = Seen(), EbpfSource()
    source.start(Target(0, "/", str(cgroup)), seen)
    leave = f"echo $$ > {cgroup.parent}/cgroup.procs; cat $1"
    subprocess.run(inside(cgroup, leave, tmp_path / "a"), check=True, stdout=subprocess.DEVNULL)
    source.stop()
    assert seen.bytes_read(tmp_path / "a") == 2


def test_who_runs_already_is_told_with_the_files_it_has_open(cgroup: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("aa\naa\n")
    (tmp_path / "b").write_text("bbb")
    script = "exec 3<$1 4<$2; read -r x <&3; echo; read -r go; read -r x <&3"
    command = inside(cgroup, script, tmp_path / "a", tmp_path / "b")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        seen, source = Seen(), EbpfSource()
        source.start(Target(0, "/", str(cgroup)), seen)
        process.communicate(b"go\n")
        source.stop()
    (start,) = seen.of(ProcessStart)
    assert (start.pid, start.exe, start.uid) == (process.pid, os.path.realpath("/bin/sh"), 0)
    for name, read in (("a", True), ("b", False)):
        rows = seen.files(tmp_path / name)
        status = (tmp_path / name).stat()
        assert {(row.dev, row.inode, row.via) for row in rows[:1]} == {
            (status.st_dev, status.st_ino, "inherited")
        }
        assert bool(seen.bytes_read(tmp_path / name)) is read
        assert any(row.final for row in rows)
    assert not [row for row in seen.of(FileAccess) if row.pid != process.pid]


def test_who_is_in_it_is_told_while_groups_below_it_come_and_go(cgroup: Path) -> None:
    brief = cgroup / "inner" / "brief"
    restless = "import os, sys\nwhile True: os.mkdir(sys.argv[1]); os.rmdir(sys.argv[1])"
    member = subprocess.Popen(inside(cgroup, "exec sleep 60"))
    other = subprocess.Popen([sys.executable, "-c", restless, str(brief)])
    try:
        until(lambda: cgroups.members(cgroup))
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            assert cgroups.members(cgroup) == [member.pid]
    finally:
        for process in (other, member):
            process.kill()
            process.wait()
        if brief.exists():
            brief.rmdir()


def test_a_folder_that_is_no_cgroup_is_refused(bpf_object: Path, tmp_path: Path) -> None:
    source = EbpfSource()
    with pytest.raises(BadInput, match="no cgroup"):
        source.start(Target(0, "/", str(tmp_path)), Seen())
