"""``ptb open`` from the outside."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ptb_tui.terminal import Terminal, ptb_env

HEAVY = ("numpy", "pyarrow", "duckdb", "pygments.lexers", "pynvml", "transformers")


def ptb(*args: str, runs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ptb_tui", *args]
    env = {**os.environ, **ptb_env(runs)}
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
    )


def test_without_a_terminal_it_says_so_in_one_line(story: Path) -> None:
    done = ptb("open", "story", runs=story.parent)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["open", "nosuchrun"], "no run 'nosuchrun'"),
        (["open", "--seq", "3"], "name the RUN"),
        (["open", "story", "--at", "soon"], "not a time in this run"),
        (["open", "story", "--seq", "99999"], "has no event #99999"),
        (["open", "story", "--seq", "1", "--at", "50%"], "not both"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(story: Path, args: list[str], says: str) -> None:
    with Terminal(args, ptb_env(story.parent), width=200) as terminal:
        assert terminal.wait() == 2
        assert says in terminal.text
        assert "Traceback" not in terminal.text


def test_a_deep_link_opens_at_its_event(story: Path) -> None:
    with Terminal(["open", "sto", "--at", "0:10"], ptb_env(story.parent)) as terminal:
        terminal.until(lambda screen: "▸" in screen and "T+00:10:00" in screen)
        terminal.send("q")
        assert terminal.wait() == 0


def test_nothing_heavy_is_imported_before_the_first_paint(story: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from ptb_tui.app import PtbApp
from ptb_tui.state.opened import OpenRun
from ptb_tui.screens.replay import ReplayScreen
OpenRun.open(Path({str(story)!r})).close()  # builds the index, as a recorder does at the end
for name in [name for name in sys.modules if name.split(".")[0] in ("numpy", "pyarrow")]:
    del sys.modules[name]
app = PtbApp(run=OpenRun.open(Path({str(story)!r})))
seen = []
def after(self):
    seen.extend(name for name in {HEAVY!r} if name in sys.modules)
    app.exit()
ReplayScreen._read_review = after
async def main():
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
asyncio.run(main())
print(seen)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_a_bug_ends_in_one_line_that_names_a_file(story: Path, tmp_path: Path) -> None:
    script = """
import sys
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.__main__ import main
def fail(self, *_):
    raise ZeroDivisionError("\\x1b]52;c;ZXZpbA==\\x07")
ReplayScreen.action_play = fail
sys.argv = ["ptb", "open", "story", "--at", "start"]
sys.exit(main())
"""
    program = tmp_path / "failing.py"
    program.write_text(script)
    with Terminal([], ptb_env(story.parent), program=program) as terminal:
        terminal.until(lambda screen: "T+00:00:00" in screen)
        terminal.send(" ")
        assert terminal.wait() == 70
        assert "bug of ptb (ZeroDivisionError)" in terminal.text
        assert "Traceback" not in terminal.text
        assert b"\x1b]52" not in terminal.raw


SLOW = """
import sys, time
import ptb_tui.state.making
from pathlib import Path

started = sys.argv[-1]
sys.argv = [sys.argv[0], "open", sys.argv[1]]

def making(_reviewed):
    Path(started).touch()
    time.sleep(60)

ptb_tui.state.making.making = making
from ptb_tui.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("key", ["q", "\x11"])
def test_leaving_waits_for_nothing_that_is_still_worked_out(story: Path, tmp_path: Path, key: str) -> None:
    program, started = tmp_path / "slow.py", tmp_path / "started"
    program.write_text(SLOW)
    with Terminal(["story", str(started)], ptb_env(story.parent), program=program) as terminal:
        terminal.until(lambda screen: "working it out" in screen)
        terminal.until(lambda _screen: started.exists())
        began = time.monotonic()
        terminal.send(key)
        assert terminal.wait() == 0
        assert time.monotonic() - began < 30
        assert "Traceback" not in terminal.text
