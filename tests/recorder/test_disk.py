"""Disks that fill up, go away or take nothing: the command runs on, the run opens, what is missing is told."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.verify import verify
from tests.recorder.test_record import PTB, manifest, table
from tests.waiting import until

pytestmark = pytest.mark.root

_EXT4_IOC_SHUTDOWN = 0x8004587D
"""After it every write fails with EIO, as on a disk that was pulled out (linux/ext4.h)."""


@pytest.fixture(autouse=True)
def _as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount")


@contextmanager
def mounted(folder: Path, *how: str | Path) -> Iterator[Path]:
    """A mount of its own."""
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", *how, folder], capture_output=True, check=False).returncode:
        pytest.skip(f"mount {' '.join(map(str, how))} is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # a watchdog may still be on its way out


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=24m", "tmpfs") as folder:
        yield folder


def recorded(run: Path, cwd: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Record Python code; what stands after ``_AWAIT_GO`` runs when the first 500 files that it makes can be read."""
    argv = [
        *PTB,
        "record",
        "--transcript",
        "none",
        "-o",
        str(run),
        "--",
        sys.executable,
        "-I",
        "-S",
        "-c",
        code,
    ]
    with subprocess.Popen(
        argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if _AWAIT_GO in code:
            until(
                lambda: process.poll() is not None or ((run / "run.json").exists() and len(made(run)) == 500)
            )
            (cwd / "go").touch()
        out, err = process.communicate(timeout=100)
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def made(run: Path) -> list[str]:
    return [row["path"] for row in table(run, "files") if "made-" in row["path"] and row["op"] == "create"]


_MAKE = "import os, time\ndef make(a, b):\n  for i in range(a, b): os.close(os.open(f'made-{i}', os.O_CREAT | os.O_WRONLY))\n"
_AWAIT_GO = "while not os.path.exists('go'): time.sleep(.02)\n"
_FILL = "try:\n  with open({ballast!r}, 'wb', 0) as f:\n    while True: f.write(bytes(4096))\nexcept OSError: pass\n"


def test_rows_wait_until_a_full_disk_takes_them(disk: Path, tmp_path: Path) -> None:
    ballast = str(disk / "ballast")
    code = (
        f"{_MAKE}make(0, 500)\n{_AWAIT_GO}{_FILL.format(ballast=ballast)}"
        f"make(500, 1500); time.sleep(1.5); os.unlink({ballast!r}); make(1500, 2000)"
    )
    done = recorded(disk / "run", tmp_path, code)
    assert done.returncode == 0, done.stderr
    run = disk / "run"
    assert sorted(made(run)) == sorted(str(tmp_path / f"made-{number}") for number in range(2000))
    assert manifest(run)["state"] == "closed"
    assert verify(run).consistent


def test_a_disk_that_stays_full_ends_the_recording_and_not_the_command(disk: Path, tmp_path: Path) -> None:
    ballast = disk / "ballast"
    code = (
        f"{_MAKE}make(0, 500)\n{_AWAIT_GO}{_FILL.format(ballast=str(ballast))}"
        "make(500, 1500); time.sleep(.5); open('done', 'w')"
    )
    done = recorded(disk / "run", tmp_path, code)
    assert (tmp_path / "done").exists()
    assert done.returncode == 1
    assert "ptb: " in done.stderr
    assert "Traceback" not in done.stderr
    run = disk / "run"
    assert len(made(run)) >= 500  # it reads even now
    ballast.unlink()
    assert len(made(run)) >= 500
    assert manifest(run)["state"] == "recovered"
    (gap,) = [row for row in table(run, "gaps") if row["cause"] in ("recovered", "killed")]
    assert gap["reason"]
    assert verify(run).consistent


def test_a_disk_that_goes_away_ends_the_recording_and_the_run_opens_read_only(tmp_path: Path) -> None:
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no mkfs.ext4: apt-get install e2fsprogs")
    image, work = tmp_path / "image", tmp_path / "work"
    work.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    with mounted(tmp_path / "disk", "-o", "loop", image) as disk:
        pull = f"import fcntl, struct; f = os.open({str(disk)!r}, 0); fcntl.ioctl(f, {_EXT4_IOC_SHUTDOWN}, struct.pack('I', 0))"
        code = f"{_MAKE}make(0, 500)\n{_AWAIT_GO}time.sleep(2.5)\n{pull}\nmake(500, 1500); time.sleep(.5); open('done', 'w')"
        done = recorded(disk / "run", work, code)
        assert (work / "done").exists(), done.stderr
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    with mounted(tmp_path / "disk", "-o", "loop,ro", image) as disk:
        assert len(made(disk / "run")) == 500
        assert manifest(disk / "run")["state"] == "recording"


def test_a_disk_that_is_read_only_is_one_line_and_nothing_runs(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "ro", "tmpfs") as disk:
        done = recorded(disk / "run", tmp_path, "open('ran', 'w')")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "read-only" in done.stderr.lower()
    assert not (tmp_path / "ran").exists()
