"""Programs that try to open a denied file by every way there is: each fails with EPERM and leaves a row."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from recorder.fanotify.gate import Gate
from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.rows import FileAccess, Gap, ProcessStart, Quality, Source, Stamp
from tests.recorder.collected import Collected
from tests.recorder.fanotify.conftest import shut
from tests.recorder.test_record import AWAIT_GO, PTB, manifest, only_run, table
from tests.waiting import until

pytestmark = pytest.mark.root

_UNSHARE = ("unshare", "--mount", "--propagation", "private")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "items.jsonl").write_text("the answers\n")
    (tmp_path / "open.txt").write_text("for everybody\n")
    return tmp_path


def run(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-I", "-S", "-c", code, cwd=cwd)


def denials(rows: Collected) -> list[FileAccess]:
    return [row for row in rows.of(FileAccess) if (row.op, row.error, row.via) == ("open", "EPERM", "gate")]


SHELL = {
    "cat": "cat eval/items.jsonl",
    "symlink": "ln -s eval/items.jsonl s; cat s",
    "hard link": "ln eval/items.jsonl h; cat h",
    "folder link": "ln -s eval d; cat d/items.jsonl",
    "renamed folder": "mv eval other; cat other/items.jsonl",
    "renamed file": "mv eval/items.jsonl other; cat other",
    "for writing": ": >> eval/items.jsonl",
    "listing": "ls eval",
    "new file": "echo > eval/new",
    "new folder": "mkdir eval/sub; ls eval/sub",
    "execution": "chmod +x eval/items.jsonl; eval/items.jsonl",
    "bind mount": "mkdir m; mount --bind eval m; cat m/items.jsonl",
    "bind mount of the file": ": > m; mount --bind eval/items.jsonl m; cat m",
    "another root": "mkdir r; mount --bind . r; cd r; cat eval/items.jsonl",
}


@pytest.mark.parametrize("script", SHELL.values(), ids=SHELL)
def test_no_way_leads_in(work: Path, script: str) -> None:
    with shut(work / "eval") as rows:
        done = run(*_UNSHARE, "sh", "-c", script, cwd=work)
        assert done.returncode != 0
        assert "not permitted" in done.stderr
        assert "the answers" not in done.stdout
    assert denials(rows) == rows.of(FileAccess) != []


PYTHON = {
    "mmap": "import mmap; f = open('eval/items.jsonl'); mmap.mmap(f.fileno(), 0, prot=1)",
    "handle without opening": "import os; f = os.open('eval/items.jsonl', os.O_PATH); open(f'/proc/self/fd/{f}')",
    "double fork": (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
        "    try: open('eval/items.jsonl')\n    except PermissionError: open('denied', 'w')\n  os._exit(0)\n"
        "os.wait()\nwhile not os.path.exists('denied'): time.sleep(.01)\nraise PermissionError"
    ),
}


@pytest.mark.parametrize("code", PYTHON.values(), ids=PYTHON)
def test_no_call_leads_in(work: Path, code: str) -> None:
    with shut(work / "eval") as rows:
        done = python(code, work)
        assert "PermissionError" in done.stderr
    assert [row.path for row in denials(rows)] == [str(work / "eval" / "items.jsonl")]


def test_io_uring_does_not_lead_in(work: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the test program")
    source = Path(__file__).parents[1] / "ebpf" / "programs" / "evade.c"
    subprocess.run([compiler, "-static", "-pthread", "-o", work / "evade", source], check=True)
    assert run(work / "evade", "uring", work / "eval" / "items.jsonl", cwd=work).returncode == 0
    with shut(work / "eval") as rows:
        assert run(work / "evade", "uring", work / "eval" / "items.jsonl", cwd=work).returncode != 0
    assert denials(rows)


def test_all_else_stays_open(work: Path) -> None:
    with shut(work / "eval", work / "missing") as rows:
        assert run("cat", "open.txt", cwd=work).stdout == "for everybody\n"
        assert run("ls", ".", cwd=work).returncode == 0
    assert denials(rows) == []
    assert run("cat", "eval/items.jsonl", cwd=work).stdout == "the answers\n"


def test_the_recorder_itself_is_let_through(work: Path) -> None:
    with shut(work / "eval") as rows:
        assert (work / "eval" / "items.jsonl").read_text() == "the answers\n"
    assert rows.rows == []


def test_what_was_open_before_stays_open(work: Path) -> None:
    with (work / "eval" / "items.jsonl").open() as before, shut(work / "eval"):
        assert subprocess.check_output(["cat"], stdin=before, text=True) == "the answers\n"


def test_a_large_file_is_denied(work: Path) -> None:
    with (work / "eval" / "items.jsonl").open("r+b") as file:
        file.truncate(5 << 30)
    with shut(work / "eval"):
        assert "not permitted" in run("head", "-c", "9", "eval/items.jsonl", cwd=work).stderr


def test_a_file_behind_a_symlink_of_the_denied_folder_is_denied(work: Path) -> None:
    (work / "blob").write_text("the answers\n")
    (work / "eval" / "link").symlink_to("../blob")
    with shut(work / "eval"):
        assert run("cat", "blob", cwd=work).returncode != 0


@pytest.fixture
def outside(work: Path) -> Path:
    """A folder of the same file system, to move things from."""
    folder = work / "outside"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "file").write_text("the answers\n")
    return folder


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("denied", "placed", "opened"),
    [
        ("later", "mv outside/deep/deeper/file later", "later"),
        ("later", "mv outside/deep later", "later/deeper/file"),
        ("a/b/c", "mkdir -p a; sleep .2; mkdir a/b; sleep .2; mv outside/deep/deeper/file a/b/c", "a/b/c"),
        ("a/b", "mkdir a; mv outside/deep a/b", "a/b/deeper/file"),
        ("eval", "mv outside/deep eval/deep", "eval/deep/deeper/file"),
        ("eval", "mv eval old; mv outside/deep eval", "eval/deeper/file"),
        ("open.txt", "mv outside/deep/deeper/file open.txt", "open.txt"),
    ],
)
def test_what_comes_later_is_denied(work: Path, denied: str, placed: str, opened: str) -> None:
    with shut(work / denied):
        assert run("sh", "-c", placed, cwd=work).returncode == 0
        until(lambda: "not permitted" in run("cat", opened, cwd=work).stderr)
        hidden = run("sh", "-c", f"ln {opened} elsewhere && cat elsewhere", cwd=work)
        assert "not permitted" in hidden.stderr


def test_a_denied_path_cannot_be_written_into_being(work: Path) -> None:
    with shut(work / "later") as rows:
        assert "not permitted" in python("open('later', 'w').write('x')", work).stderr
        assert run("sh", "-c", "mv open.txt later && cat later", cwd=work).returncode != 0
    assert len(denials(rows)) == 2


def test_a_library_linked_into_a_denied_folder_can_still_be_used(work: Path) -> None:
    with shut(work / "eval"):
        run("ln", "open.txt", "eval/shared.so", cwd=work)
        time.sleep(0.3)
        assert run("cat", "open.txt", cwd=work).returncode == 0
        assert run("cat", "eval/shared.so", cwd=work).returncode != 0


def test_a_denial_names_its_process(work: Path) -> None:
    lives = Lives()
    with shut(work / "eval", lives=lives) as rows:
        began = time.time_ns()
        process = subprocess.Popen(["cat", work / "eval" / "items.jsonl"], stderr=subprocess.DEVNULL)
        process.wait()
        lives.note(Stamp(began, Quality.EXACT, Source.KERNEL), ProcessStart(77, process.pid))
    (row,) = denials(rows)
    assert (row.process_id, row.pid) == (77, process.pid)


def gatekeeper_of(recorder: int) -> int:
    children = Path(f"/proc/{recorder}/task/{recorder}/children").read_text().split()
    (found,) = [int(pid) for pid in children if b"gatekeeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found


def stands(task: Path) -> bool:
    try:
        return (task / "stat").read_text().rpartition(") ")[2][0] == "T"
    except OSError:  # it has ended meanwhile
        return True


def halt(pid: int) -> None:
    """Stop a process, and see all its threads stopped."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: all(map(stands, Path(f"/proc/{pid}/task").iterdir())))


def begin(work: Path, script: str) -> subprocess.Popen[bytes]:
    """``ptb record`` that denies ``eval``, once its command runs."""
    argv = [*PTB, "record", "--transcript", "none", "--kernel", "none", "--deny", "eval", "-o", "run"]
    argv += ["--on-recorder-death", "kill", "--", "sh", "-c", f": > started; {script}"]
    recorder = subprocess.Popen(argv, cwd=work)
    until((work / "started").exists)
    return recorder


def test_a_killed_recorder_leaves_nobody_waiting(work: Path) -> None:
    recorder = begin(work, "exec sleep 60")
    halt(recorder.pid)  # or it would let the gatekeeper go on
    halt(gatekeeper_of(recorder.pid))
    waiting = subprocess.Popen(["cat", work / "eval" / "items.jsonl"], stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.5)
    recorder.kill()
    recorder.wait()
    assert waiting.communicate(timeout=60)[0] == b"the answers\n"


def test_a_recorder_that_rests_denies_all_the_same(work: Path) -> None:
    recorder = begin(work, AWAIT_GO)
    recorder.send_signal(signal.SIGSTOP)
    try:
        assert run("cat", "eval/items.jsonl", cwd=work).returncode != 0
    finally:
        recorder.send_signal(signal.SIGCONT)
        (work / "go").touch()
    assert recorder.wait(60) == 0
    paths = [row["path"] for row in table(work / "run", "files") if row["via"] == "gate"]
    assert paths == [str(work / "eval" / "items.jsonl")]


def test_a_stopped_gatekeeper_is_let_go_on_and_it_is_told(work: Path) -> None:
    gate, rows = Gate([work / "eval"], Lives()), Collected()
    gate.start(Target(0, "/"), rows)
    gatekeeper = gatekeeper_of(os.getpid())
    for _ in range(20):
        os.kill(gatekeeper, signal.SIGSTOP)
        opener = threading.Thread(target=(work / "open.txt").read_text, daemon=True)
        opener.start()
        opener.join(30)
        assert not opener.is_alive(), "the recorder waits for its own gate"
        assert run("cat", "eval/items.jsonl", cwd=work).returncode != 0
    gate.stop()
    assert len(denials(rows)) == 20
    assert {gap.cause for gap in rows.of(Gap)} == {"gate_stopped"}


def test_a_killed_gatekeeper_lets_everybody_through_and_is_told(work: Path) -> None:
    gate, rows = Gate([work / "eval"], Lives()), Collected()
    gate.start(Target(0, "/"), rows)
    os.kill(gatekeeper_of(os.getpid()), signal.SIGKILL)
    until(lambda: rows.of(Gap))
    assert run("cat", "eval/items.jsonl", cwd=work).returncode == 0
    gate.stop()
    assert [gap.cause for gap in rows.of(Gap)] == ["stopped"]


@pytest.mark.parametrize("kernel", ["ebpf", "strace"])
def test_a_run_tells_who_was_denied(work: Path, monkeypatch: pytest.MonkeyPatch, kernel: str) -> None:
    runs = work / "runs"
    monkeypatch.setenv("PTB_RUNS", str(runs))
    argv = [*PTB, "record", "--transcript", "none", "--kernel", kernel, "--deny", "eval", "--"]
    assert run(*argv, "sh", "-c", "cat eval/items.jsonl; exit 3", cwd=work).returncode == 3
    found = only_run(runs)
    (denied,) = [row for row in table(found, "files") if row["via"] == "gate"]
    exe = {row["process_id"]: row["argv"] for row in table(found, "execs")}
    assert exe[denied["process_id"]] == "cat eval/items.jsonl"
    (info,) = [source for source in manifest(found)["sources"] if source["name"] == "gate"]
    assert (info["backend"], info["state"]) == ("fanotify", "ended")
    assert str(work / "eval") in info["reason"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux has no setpriv here")
def test_without_the_privilege_nothing_is_run(work: Path) -> None:
    argv = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    argv += [*PTB, "record", "--deny", "eval", "-o", "run", "--", "touch", "ran"]
    done = run(*argv, cwd=work)
    assert done.returncode == 2
    assert done.stderr == "ptb: cannot deny opens: fanotify: it needs root (CAP_SYS_ADMIN)\n"
    assert not (work / "ran").exists()
    assert not (work / "run").exists()
