"""A command that is held back goes on when it is let go, inherits nothing, and ends with a recorder that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from recorder.command import Command
from recorder.strace.proc_status import status
from tests.waiting import until

HOLD_AND_WAIT = """
import sys, time
from pathlib import Path
from recorder.command import Command
Command(["touch", sys.argv[1]], Path("/"), stdout=None, stderr=None, born=lambda pid: print(pid, flush=True))
print("held", flush=True)
time.sleep(60)
"""


def _held(argv: list[str], folder: Path) -> Command:
    return Command(argv, folder, stdout=subprocess.PIPE, stderr=None, born=lambda pid: None)


def test_nothing_runs_before_it_is_let_go(tmp_path: Path) -> None:
    command = _held(["touch", "ran"], tmp_path)
    time.sleep(0.2)
    assert not (tmp_path / "ran").exists()
    command.release()
    assert command.over.wait(60)
    assert command.returncode == 0
    assert (tmp_path / "ran").exists()


def test_the_command_inherits_no_descriptor_and_keeps_its_pid(tmp_path: Path) -> None:
    look = "echo $$; n=3; while [ $n -lt 64 ]; do [ ! -e /proc/$$/fd/$n ] || echo $n; n=$((n+1)); done"
    command = _held(["sh", "-c", look], tmp_path)
    command.release()
    assert command.stdout
    pid, *descriptors = command.stdout.read().split()
    command.stdout.close()
    assert command.over.wait(60)
    assert int(pid) == command.pid
    assert not descriptors


def test_it_ends_with_a_recorder_that_is_killed_before_anybody_knows_of_it(tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-c", HOLD_AND_WAIT, str(tmp_path / "ran")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout
        pid = int(recorder.stdout.readline())
        assert recorder.stdout.readline() == "held\n"
        os.kill(pid, 0)
        recorder.send_signal(signal.SIGKILL)
    until(lambda: status(pid) is None, "the end of the held command")
    assert not (tmp_path / "ran").exists()
