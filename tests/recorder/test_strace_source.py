"""Real programs under the real strace: what they did is what the rows say."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from recorder.source import Target
from recorder.strace.proc_status import status
from recorder.strace.program import find, probe
from recorder.strace.source import StraceSource
from store.errors import Unavailable
from store.rows import Connection, Exec, FileAccess, Gap, ProcessExit, ProcessStart
from tests.recorder.collected import Collected
from tests.recorder.test_record import AWAIT_GO
from tests.waiting import until


def _reason() -> str | None:
    try:
        probe(find())
    except Unavailable as error:
        return str(error)
    return None


needs_strace = pytest.mark.skipif(_reason() is not None, reason=_reason() or "")
pytestmark = needs_strace


class Traced:
    """A command under a :class:`StraceSource`."""

    def __init__(self, argv: list[str], folder: Path, source: StraceSource | None = None) -> None:
        self.sink = Collected()
        self.source = source or StraceSource()
        self.strace = subprocess.Popen(
            self.source.wrap(argv), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.source.start(Target(self.strace.pid, str(folder)), self.sink)

    def finish(self, timeout: float = 60) -> Collected:
        assert self.source.wait(timeout)
        self.source.stop()
        self.strace.wait(60)
        return self.sink


def trace(folder: Path, *argv: str) -> Collected:
    return Traced(list(argv), folder).finish()


def trace_python(folder: Path, code: str) -> Collected:
    return trace(folder, sys.executable, "-I", "-S", "-c", textwrap.dedent(code))


def files(sink: Collected, folder: Path) -> list[tuple[str, str, str | None]]:
    """(op, path relative to the folder, error) of every access below it."""
    return [
        (row.op, os.path.relpath(row.path, folder), row.error)
        for row in sink.of(FileAccess)
        if row.path.startswith(f"{folder}/")
    ]


def test_a_tree_of_processes(tmp_path: Path) -> None:
    sink = trace(tmp_path, "/bin/sh", "-c", "(/bin/true; exit 3); /bin/true; exit 7")
    starts, exits = sink.of(ProcessStart), sink.of(ProcessExit)
    root = starts[0]
    assert root.parent_id is None
    assert root.cwd == str(tmp_path)
    assert root.uid == os.getuid()
    assert len(starts) == 4
    assert {start.parent_id for start in starts[1:]} <= {start.process_id for start in starts}
    assert sorted(e.exit_code for e in exits if e.exit_code is not None) == [0, 0, 3, 7]
    assert next(e for e in exits if e.process_id == root.process_id).exit_code == 7
    assert {e.process_id for e in exits} == {s.process_id for s in starts}
    assert not sink.of(Gap)


def test_argv_is_whole_and_exact(tmp_path: Path) -> None:
    words = ["a b", 'quo"te', "new\nline", "ünï", "", "x" * 100_000, "..."]
    sink = trace(tmp_path, "/bin/true", *words)
    (row,) = sink.of(Exec)
    assert row.argv is not None
    assert shlex.split(row.argv) == ["/bin/true", *words]
    assert not row.truncated
    assert row.cwd == str(tmp_path)
    assert row.exe == os.path.realpath("/bin/true")


def test_env_hash_tells_environments_apart(tmp_path: Path) -> None:
    sink = trace(tmp_path, "/bin/sh", "-c", "/bin/true; A=1 /bin/true; /bin/true")
    hashes = [row.env_hash for row in sink.of(Exec) if row.argv == "/bin/true"]
    assert hashes[0] == hashes[2]
    assert hashes[0] != hashes[1]


def test_failed_exec_is_attempted_not_done(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        """
        import os
        try: os.execv("./missing", ["missing", "x"])
        except OSError: pass
        """,
    )
    failed = [row for row in sink.of(Exec) if row.error]
    assert [(row.exe, row.argv, row.error) for row in failed] == [
        (f"{tmp_path}/missing", "missing x", "ENOENT")
    ]


def test_operations_on_names(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        """
        import os
        open("a", "w").close()
        os.rename("a", "b"); os.link("b", "c"); os.symlink("b", "s")
        open("s").close()
        os.truncate("s", 0); os.chmod("c", 0o600)
        os.mkdir("d"); os.rmdir("d"); os.unlink("c")
        try: open("missing")
        except OSError: pass
        """,
    )
    assert files(sink, tmp_path) == [
        ("create", "a", None),
        ("rename", "a", None),
        ("link", "b", None),
        ("symlink", "s", None),
        ("open", "b", None),
        ("truncate", "b", None),
        ("chmod", "c", None),
        ("mkdir", "d", None),
        ("rmdir", "d", None),
        ("unlink", "c", None),
        ("open", "missing", "ENOENT"),
    ]
    second = {row.op: row.path2 for row in sink.of(FileAccess) if row.path2}
    assert second == {"rename": f"{tmp_path}/b", "link": f"{tmp_path}/c", "symlink": "b"}


def test_relative_names_follow_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    sink = trace_python(
        tmp_path,
        """
        import os
        os.chdir("link/deep")
        os.mkdir("one"); os.mkdir("../two")
        fd = os.open("..", os.O_RDONLY)
        os.fchdir(fd)
        os.mkdir("three"); os.mkdir("deep/../four"); os.mkdir("five", dir_fd=fd)
        if os.fork() == 0:
            os.mkdir("six"); os._exit(0)
        os.wait()
        """,
    )
    made = [path for op, path, _ in files(sink, tmp_path) if op == "mkdir"]
    assert made == ["real/deep/one", "real/two", "real/three", "real/four", "real/five", "real/six"]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        r"""
        import os
        name = b'a>b<c\xff\n("\x1b]52;c;x\x07'
        open(name, "w").close()
        os.unlink(name)
        """,
    )
    expected = 'a>b<c\\xff\n("\x1b]52;c;x\x07'
    assert files(sink, tmp_path) == [("create", expected, None), ("unlink", expected, None)]


def test_threads_belong_to_their_process(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        """
        import threading
        def work(n): open(f"t{n}", "w").close()
        threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        [t.start() for t in threads]; [t.join() for t in threads]
        """,
    )
    (start,) = sink.of(ProcessStart)
    made = [row for row in sink.of(FileAccess) if row.op == "create"]
    assert sorted(Path(row.path).name for row in made) == sorted(f"t{n}" for n in range(20))
    assert {(row.process_id, row.pid) for row in made} == {(start.process_id, start.pid)}
    assert len(sink.of(ProcessExit)) == 1


def test_exec_by_a_thread_that_is_not_the_leader(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        """
        import os, threading, time
        threading.Thread(target=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 3"])).start()
        time.sleep(30)
        """,
    )
    (start,) = sink.of(ProcessStart)
    assert [(row.process_id, row.argv, row.error) for row in sink.of(Exec)][-1] == (
        start.process_id,
        "sh -c 'exit 3'",
        None,
    )
    assert [row.exit_code for row in sink.of(ProcessExit)] == [3]


def test_connections(tmp_path: Path) -> None:
    sink = trace_python(
        tmp_path,
        """
        import socket
        def go(family, address):
            with socket.socket(family) as s:
                try: s.connect(address)
                except OSError: pass
        go(socket.AF_INET, ("127.0.0.1", 1))
        go(socket.AF_INET6, ("::1", 9))
        go(socket.AF_UNIX, "/nowhere/socket")
        go(socket.AF_UNIX, "\\0abstract")
        """,
    )
    found = [(row.dst, row.port, row.error) for row in sink.of(Connection)]
    assert found[0] == ("127.0.0.1", 1, "ECONNREFUSED")
    assert found[1][:2] == ("::1", 9)
    assert found[2:] == [("/nowhere/socket", None, "ENOENT"), ("@abstract", None, "ECONNREFUSED")]


def test_a_signal_is_not_an_exit_code(tmp_path: Path) -> None:
    traced = Traced(["/bin/sh", "-c", "kill -9 $$"], tmp_path)
    sink = traced.finish()
    (end,) = sink.of(ProcessExit)
    assert (end.exit_code, end.signal) == (None, signal.SIGKILL)
    assert not sink.of(Gap)
    assert traced.source.ending is not None
    assert traced.source.ending.signal == signal.SIGKILL


def test_times_are_the_run_s(tmp_path: Path) -> None:
    before = time.time_ns()
    sink = trace(tmp_path, "/bin/sh", "-c", "/bin/true")
    times = [stamp.ts for stamp, _ in sink.rows if stamp.ts is not None]
    assert len(times) == len(sink.rows)
    assert before <= min(times) <= max(times) <= time.time_ns()


def test_a_daemon_is_recorded_after_the_command_ended(tmp_path: Path) -> None:
    traced = Traced(["/bin/sh", "-c", f"({AWAIT_GO}; : > late) & exit 5"], tmp_path)
    until(lambda: traced.source.ending)
    assert traced.source.ending is not None
    assert traced.source.ending.exit_code == 5
    assert traced.source.alive
    (tmp_path / "go").touch()
    sink = traced.finish()
    assert ("create", "late", None) in files(sink, tmp_path)
    assert not sink.of(Gap)


def test_a_daemon_that_stays_is_ended_and_told(tmp_path: Path) -> None:
    traced = Traced(["/bin/sh", "-c", "sleep 600 & exit 0"], tmp_path)
    until(lambda: traced.source.ending)
    (daemon,) = traced.source.alive
    traced.source.stop()
    traced.strace.wait(60)
    assert status(daemon) is None
    (gap,) = traced.sink.of(Gap)
    assert gap.cause == "stopped"
    assert str(daemon) in gap.reason
    assert {row.signal for row in traced.sink.of(ProcessExit)} == {None, signal.SIGTERM}


def test_killing_strace_leaves_a_gap_and_nothing_unrecorded(tmp_path: Path) -> None:
    traced = Traced(["/bin/sh", "-c", f"{AWAIT_GO}; : > unseen; sleep 600"], tmp_path)
    until(lambda: len(traced.source.alive) >= 2)
    traced.strace.kill()
    left = traced.source.alive
    sink = traced.finish()
    (tmp_path / "go").touch()
    time.sleep(0.3)
    (gap,) = sink.of(Gap)
    assert gap.cause == "killed"
    assert not (tmp_path / "unseen").exists()
    assert not any(status(pid) for pid in left)


def test_two_thousand_processes(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 100 ]; do for n in 1 2 3 4 5 6 7 8 9 10; do (:) & (exit 1) & done; wait; i=$((i+1)); done"
    sink = trace(tmp_path, "/bin/sh", "-c", script)
    starts, exits = sink.of(ProcessStart), sink.of(ProcessExit)
    assert len(starts) == len(exits) == 2001
    assert len({row.process_id for row in starts}) == 2001
    assert {row.parent_id for row in starts[1:]} == {starts[0].process_id}
    assert sum(row.exit_code == 1 for row in exits) == 1000
    assert not sink.of(Gap)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_real_program(tmp_path: Path) -> None:
    sink = trace(tmp_path, "git", "init", "-q", "repo")
    renamed = {row.path2 for row in sink.of(FileAccess) if row.op == "rename"}
    assert {f"{tmp_path}/repo/.git/{name}" for name in ("HEAD", "config")} <= renamed
    assert not sink.of(Gap)
