"""A recorder that is killed leaves nothing running unseen, and a run that opens and says what happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.ebpf.programs import OBJECT
from recorder.kernel import KernelChoice
from recorder.output import Choice
from recorder.recording import Plan
from recorder.recording import record as recorded
from store.death import DEATH
from store.locks import is_live
from tests.recorder.test_record import manifest, table
from tests.waiting import until

RESTLESS = Path(__file__).with_name("restless.py")
HANG_NS = 5_000_000_000
"""What a busy machine may take for what is done at once."""
CLOCK_NS = 20_000_000
"""The time of a file lags behind the clock by a tick."""


class Recorder:
    """``ptb record`` around the restless tree."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.run, self.beats = folder / "run", folder / "beats"
        self.beats.mkdir()
        argv = [sys.executable, "-P", "-m", "ptb_tui", "record", "-o", str(self.run), "--transcript", "none"]
        argv += [*options, "--", sys.executable, "-I", "-S", str(RESTLESS), str(self.beats)]
        self.process = subprocess.Popen(
            argv, cwd=self.beats, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )

    def up(self) -> None:
        until((self.beats / "up").exists)
        until(lambda: len(list(self.beats.glob("*.*"))) == 4)
        time.sleep(0.3)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def frozen_at(self) -> int:
        """When all stood still, told while they do."""
        until((self.run / DEATH).exists)
        found: int = json.loads((self.run / DEATH).read_bytes())["frozen_at"]
        return found

    def last_beat(self) -> int:
        return max((path.stat().st_mtime_ns for path in self.beats.glob("*.*")), default=0)

    def recovered(self) -> None:
        until(lambda: manifest(self.run)["state"] == "recovered")

    def tree(self) -> set[int]:
        """Every process with the run's folder of beats on its command line that has not ended."""
        found = set()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and os.fsencode(self.beats) in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
        return found

    def watchdogs(self) -> list[int]:
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdecimal() and b"recorder.watchdog\0" + os.fsencode(self.run) in _cmdline(entry)
        ]


def _cmdline(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    made: list[Recorder] = []

    def make(*options: str) -> Recorder:
        made.append(Recorder(tmp_path, *options))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()
        for pid in one.tree():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose ``sitecustomize.py`` the recorder and its watchdog run first."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def causes(run: Path) -> set[str]:
    return {row["cause"] for row in table(run, "gaps")}


def gap(run: Path) -> dict[str, Any]:
    (found,) = [row for row in table(run, "gaps") if row["cause"] == "recorder_died"]
    return found


KERNELS = [
    pytest.param("strace", id="strace"),
    pytest.param("none", id="none"),
    pytest.param(
        "ebpf",
        id="ebpf",
        marks=[
            pytest.mark.root,
            pytest.mark.skipif(
                not OBJECT.is_file() or os.geteuid() != 0, reason="eBPF needs root and its object"
            ),
        ],
    ),
]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_killed_recorder_s_processes_are_frozen_then_ended(
    recorder: Callable[..., Recorder], kernel: str
) -> None:
    recording = recorder("--kernel", kernel, "--death-grace", "2.5")
    recording.up()
    killed = time.time_ns()
    recording.kill()
    frozen_at = recording.frozen_at()
    assert recording.tree() or kernel == "strace"
    assert is_live(recording.run)
    assert frozen_at - killed < HANG_NS
    until(lambda: not recording.tree())
    assert recording.last_beat() < frozen_at + CLOCK_NS
    recording.recovered()
    told = gap(recording.run)
    assert killed < told["start_ts"] < frozen_at
    assert 2_400_000_000 < told["end_ts"] - frozen_at < 2_500_000_000 + HANG_NS
    assert "frozen within" in told["reason"]
    assert not (recording.run / DEATH).exists()
    assert causes(recording.run) >= {"killed", "recorder_died"}


def test_without_grace_they_are_ended_at_once(recorder: Callable[..., Recorder]) -> None:
    recording = recorder("--kernel", "none", "--on-recorder-death", "kill")
    recording.up()
    recording.kill()
    until(lambda: not recording.tree())
    recording.recovered()
    told = gap(recording.run)
    assert told["end_ts"] - told["start_ts"] < 20_000_000_000  # 60 s are the default grace


def test_without_grace_a_slow_disk_keeps_nothing_alive(
    recorder: Callable[..., Recorder], site: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk answers"
    (site / "sitecustomize.py").write_text(
        "import pathlib, time, store.death\nwrite = store.death.Death.write\n"
        "def slow(*args):\n"
        f"  while not pathlib.Path({str(disk)!r}).exists(): time.sleep(.01)\n"
        "  write(*args)\n"
        "store.death.Death.write = slow\n"
    )
    recording = recorder("--kernel", "none", "--on-recorder-death", "kill")
    recording.up()
    recording.kill()
    try:
        until(lambda: not recording.tree())
        assert is_live(recording.run)
    finally:
        disk.touch()
    recording.recovered()


def test_without_a_cgroup_the_tree_is_stopped_process_by_process(
    recorder: Callable[..., Recorder], site: Path
) -> None:
    (site / "sitecustomize.py").write_text(
        "import recorder.watchdog.cgroup as cgroup\ncgroup.Cgroup.create = classmethod(lambda cls, name: None)\n"
    )
    recording = recorder("--kernel", "strace", "--death-grace", "1.5")
    recording.up()
    recording.kill()
    frozen_at = recording.frozen_at()
    until(lambda: not recording.tree())
    assert recording.last_beat() < frozen_at + CLOCK_NS
    recording.recovered()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_killed_at_any_moment_nothing_runs_on(recorder: Callable[..., Recorder], seed: int) -> None:
    chance = random.Random(seed)
    recording = recorder("--kernel", chance.choice(["strace", "none", "auto"]), "--death-grace", "0.5")
    time.sleep(chance.uniform(0.05, 2.5))
    recording.kill()
    killed = time.time_ns()
    until(lambda: not recording.tree())
    assert recording.last_beat() - killed < HANG_NS
    if (recording.run / "run.json").exists():
        until(lambda: not is_live(recording.run))
        assert table(recording.run, "gaps")


def test_a_watchdog_that_is_killed_is_replaced_and_the_gap_told(recorder: Callable[..., Recorder]) -> None:
    recording = recorder("--kernel", "none", "--death-grace", "0")
    recording.up()
    (first,) = recording.watchdogs()
    os.kill(first, signal.SIGKILL)
    until(lambda: recording.watchdogs() not in ([], [first]))
    until(lambda: "watchdog_ended" in causes(recording.run))
    recording.kill()
    until(lambda: not recording.tree())
    recording.recovered()


def test_a_watchdog_that_is_stopped_is_let_go_on_and_the_gap_told(recorder: Callable[..., Recorder]) -> None:
    recording = recorder("--kernel", "none", "--death-grace", "0")
    recording.up()
    (watchdog,) = recording.watchdogs()
    os.kill(watchdog, signal.SIGSTOP)
    until(lambda: "watchdog_stopped" in causes(recording.run))
    recording.kill()
    until(lambda: not recording.tree())
    recording.recovered()


def test_without_a_watchdog_the_recording_goes_on_and_the_gap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    plan = Plan(("true",), tmp_path, tmp_path / "run", kernel=KernelChoice.NONE, transcript=Choice.NONE)
    assert recorded(plan, lambda _: None).exit_code == 0
    (reason,) = [row["reason"] for row in table(tmp_path / "run", "gaps") if "watchdog" in row["reason"]]
    assert "does not start" in reason


def test_a_recording_that_ends_leaves_no_watchdog_and_no_cgroup(tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = [sys.executable, "-P", "-m", "ptb_tui", "record", "-o", str(run), "--kernel", "none", "--", "true"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert not [entry for entry in Path("/proc").iterdir() if os.fsencode(run) in _cmdline(entry)]
    assert not list(Path("/sys/fs/cgroup").rglob(f"ptb-{manifest(run)['run_id']}"))
    assert not (run / DEATH).exists()
    assert manifest(run)["state"] == "closed"
