"""``ptb record`` end to end: the command's output and code come through, and the run holds what it did."""

import json
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from recorder.strace.proc_status import status
from store.snapshot import Snapshot
from tests.waiting import until

PTB = [sys.executable, "-P", "-m", "ptb_tui"]
AWAIT_GO = "until [ -e go ]; do sleep 0.02; done"
"""For a shell: it goes on once the test has touched ``go`` in its folder."""
CLAUDE = Path(__file__).parents[1] / "samples" / "claude.jsonl"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runs"
    monkeypatch.setenv("PTB_RUNS", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def record(
    *args: str, cwd: Path, kernel: str = "strace", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    argv = [*PTB, "record", "--kernel", kernel, *args]
    return subprocess.run(argv, cwd=cwd, capture_output=True, timeout=60, check=False, **options)


def begin(*args: str, cwd: Path) -> subprocess.Popen[bytes]:
    argv = [*PTB, "record", "--kernel", "strace", *args]
    return subprocess.Popen(
        argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def table(run: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a recorded table, with symbols as text."""
    with Snapshot.open(run) as snapshot:
        strings = snapshot.strings().to_pylist()
        rows: list[dict[str, Any]] = snapshot.table(name).to_pylist()
        symbols = {field.name for field in snapshot.table(name).schema if str(field.type) == "int32"}
    return [
        {key: strings[value] if key in symbols and value is not None else value for key, value in row.items()}
        for row in rows
    ]


def manifest(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found


def only_run(runs: Path) -> Path:
    (run,) = runs.iterdir()
    return run


def without_strace(work: Path) -> dict[str, str]:
    """An environment whose PATH has a shell and its tools, and no strace."""
    tools = work.parent / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "echo", "sleep"):
        (tools / name).symlink_to(Path("/bin", name).resolve())
    return {**os.environ, "PATH": str(tools)}


def test_output_and_code_come_through(runs: Path, work: Path) -> None:
    done = record("--", "sh", "-c", r"printf 'a\0b\377'; echo err >&2; exit 7", cwd=work)
    assert done.returncode == 7
    assert done.stdout == b"a\0b\xff"
    assert done.stderr.startswith(b"err\n")
    run = only_run(runs)
    assert f"ptb open {run.name}" in done.stderr.decode()
    assert manifest(run)["facts"]["exit_status"] == "7"
    assert manifest(run)["facts"]["root"] == str(work)
    assert manifest(run)["state"] == "closed"
    assert next(row["argv"] for row in table(run, "execs")).startswith("sh -c ")


def test_the_head_that_is_printed_is_the_run_s(runs: Path, work: Path) -> None:
    done = record("--", "true", cwd=work)
    head = done.stderr.decode().split(" head ")[1].split()[0]
    verified = subprocess.run(
        [*PTB, "verify", "--head", head, str(only_run(runs))], capture_output=True, check=False, timeout=60
    )
    assert verified.returncode == 0, verified.stdout


def test_an_argument_that_is_no_text_is_recorded_byte_by_byte(runs: Path, work: Path) -> None:
    argv = [os.fsencode(part) for part in (*PTB, "record", "--kernel", "strace", "--", "echo")]
    done = subprocess.run([*argv, b"caf\xe9"], cwd=work, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"caf\xe9\n")
    with Snapshot.open(next(runs.iterdir())) as snapshot:
        assert snapshot.manifest.facts.command == "echo 'caf\\xe9'"


def test_json_has_stdout_to_itself(runs: Path, work: Path) -> None:
    done = record("--json", "-o", str(work / "run"), "--", "sh", "-c", "echo out; kill -9 $$", cwd=work)
    answer = json.loads(done.stdout)
    assert done.returncode == answer["exit_code"] == 137
    assert answer["folder"] == str(work / "run")
    assert answer["rows"]["process_starts"] == 1
    assert {source["name"] for source in answer["sources"]} >= {"kernel", "gpu", "transcript"}
    assert done.stderr.startswith(b"out\n")
    assert manifest(work / "run")["facts"]["exit_status"] == "SIGKILL"


@pytest.mark.parametrize(
    ("argv", "code"), [(["no-such-program"], 127), (["./no-such-program"], 127), (["./data"], 126)]
)
def test_a_command_that_cannot_start_leaves_no_run(
    runs: Path, work: Path, argv: list[str], code: int
) -> None:
    (work / "data").write_text("no program")
    done = record("--", *argv, cwd=work)
    assert done.returncode == code
    assert done.stderr.decode().startswith(f"ptb: {argv[0]}")
    assert len(done.stderr.splitlines()) == 1
    assert not runs.exists()


def test_strace_cannot_be_asked_to_watch_a_container(runs: Path, work: Path) -> None:
    done = record("--container", "some", cwd=work)
    assert done.returncode == 2
    assert done.stderr.startswith(b"ptb: strace cannot watch a container")
    assert done.stderr.count(b"\n") == 1
    assert not runs.exists()


def test_a_run_is_not_written_over(runs: Path, work: Path) -> None:
    record("-o", "run", "--", "true", cwd=work)
    done = record("-o", "run", "--", "sh", "-c", ": > ran", cwd=work)
    assert done.returncode == 2
    assert b"holds a run already" in done.stderr
    assert not (work / "ran").exists()


def test_the_agent_s_words_are_read_on_their_way(runs: Path, work: Path) -> None:
    done = record("--", "cat", str(CLAUDE), cwd=work)
    assert done.stdout == CLAUDE.read_bytes()
    run = only_run(runs)
    assert manifest(run)["facts"]["agent"] == "claude"
    assert manifest(run)["facts"]["agent_model"]
    words = table(run, "transcript")
    assert len(words) > 10
    assert all(row["ts"] is not None for row in words)
    assert table(run, "commands")
    (info,) = [source for source in manifest(run)["sources"] if source["name"] == "transcript"]
    assert (info["backend"], info["state"]) == ("claude", "ended")


def test_ordinary_output_is_no_transcript(runs: Path, work: Path) -> None:
    record("--", "sh", "-c", 'echo "{\\"a\\": 1}"; echo "[x] y"; echo words', cwd=work)
    run = only_run(runs)
    assert table(run, "transcript") == []
    (info,) = [source for source in manifest(run)["sources"] if source["name"] == "transcript"]
    assert info["state"] == "unavailable"
    assert ("transcript", "unavailable") in [(row["source"], row["cause"]) for row in table(run, "gaps")]


def test_what_is_told_to_be_a_transcript_is_kept_whole(runs: Path, work: Path) -> None:
    record("--transcript", "codex", "--", "sh", "-c", "echo not json; echo more >&2", cwd=work)
    assert {row["text"] for row in table(only_run(runs), "transcript")} == {"not json", "more"}


def test_without_strace_the_rest_is_recorded_and_the_gap_is_told(runs: Path, work: Path) -> None:
    done = record("--", "sh", "-c", f"cat {CLAUDE}; echo note > note", cwd=work, env=without_strace(work))
    assert done.returncode == 0
    assert done.stdout == CLAUDE.read_bytes()
    run = only_run(runs)
    assert table(run, "transcript")
    assert [row["text"] for row in table(run, "file_versions") if row["source"] == "workspace"] == ["note\n"]
    assert table(run, "process_starts") == []
    (reason,) = [row["reason"] for row in table(run, "gaps") if row["source"] == "kernel"]
    assert "apt-get install strace" in reason
    (info,) = [source for source in manifest(run)["sources"] if source["name"] == "kernel"]
    assert info["state"] == "unavailable"
    assert info["reason"] in reason


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_command_s(runs: Path, work: Path, number: signal.Signals) -> None:
    running = begin("--", "sh", "-c", ": > started; exec sleep 60", cwd=work)
    until((work / "started").exists)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + number, err
    run = only_run(runs)
    assert manifest(run)["state"] == "closed"
    assert manifest(run)["facts"]["exit_status"] == number.name
    assert [row["signal"] for row in table(run, "process_exits")] == [number]


def test_a_command_may_catch_the_signal_and_choose_its_code(runs: Path, work: Path) -> None:
    running = begin(
        "--", "sh", "-c", "trap 'exit 5' TERM; : > started; while :; do sleep 0.05; done", cwd=work
    )
    until((work / "started").exists)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 5


def test_ctrl_c_at_a_terminal_reaches_the_command_once(runs: Path, work: Path) -> None:
    script = "import signal, sys, time\nn = []\nsignal.signal(2, lambda *_: n.append(1))\n"
    script += "open('started', 'w').close()\nwhile not n: time.sleep(.02)\n"
    script += "time.sleep(.5)\nsys.exit(40 + len(n))"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(work)
        os.execv(PTB[0], [*PTB, "record", "--kernel", "strace", "--", sys.executable, "-S", "-c", script])
    until((work / "started").exists)
    os.write(terminal, b"\x03")
    out = b""
    try:
        while chunk := os.read(terminal, 4096):
            out += chunk
    except OSError:
        pass
    _, ended = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(ended) == 41, out
    assert manifest(only_run(runs))["state"] == "closed"


def test_processes_that_stay_are_ended_after_the_grace(runs: Path, work: Path) -> None:
    done = record("--grace", "0.3", "--", "sh", "-c", "sleep 600 & echo $!; exit 3", cwd=work)
    assert done.returncode == 3
    assert status(int(done.stdout)) is None
    assert b"1 process that it started still runs" in done.stderr
    assert "stopped" in [row["cause"] for row in table(only_run(runs), "gaps")]


def test_secrets_in_argv_are_not_written(runs: Path, work: Path) -> None:
    secret = "sk-ant-api03-" + "Ab9" * 12
    done = record(
        "--", "sh", "-c", ": $0", secret, cwd=work, env={**os.environ, "MY_API_KEY": "hush-hush-42x"}
    )
    assert done.returncode == 0
    record("--", "sh", "-c", ": hush-hush-42x", cwd=work, env={**os.environ, "MY_API_KEY": "hush-hush-42x"})
    for file in runs.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()
    commands = [manifest(run)["facts"]["command"] for run in sorted(runs.iterdir())]
    assert all(secret not in text and "hush-hush" not in text for text in commands)


def test_a_reader_that_goes_away_ends_the_command_as_it_would_unrecorded(runs: Path, work: Path) -> None:
    running = begin("--", "sh", "-c", "while :; do echo y || exit 9; done", cwd=work)
    assert running.stdout is not None
    assert running.stdout.readline() == b"y\n"
    running.stdout.close()
    assert running.wait(60) in (9, 128 + signal.SIGPIPE)
    assert manifest(only_run(runs))["state"] == "closed"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux has no setpriv here")
def test_a_killed_recorder_leaves_no_command_that_goes_on_unseen(runs: Path, work: Path) -> None:
    script = f": > started; {AWAIT_GO}; : > unseen; sleep 600"
    running = begin("--transcript", "none", "--on-recorder-death", "kill", "--", "sh", "-c", script, cwd=work)
    until((work / "started").exists)
    run = only_run(runs)
    until(lambda: str(work / "started") in [row["path"] for row in table(run, "files")])
    (shell,) = [row["pid"] for row in table(run, "process_starts") if row["parent_id"] is None]
    running.kill()
    running.wait()
    until(lambda: status(shell) is None)
    (work / "go").touch()
    time.sleep(0.3)
    assert not (work / "unseen").exists()
    assert str(work / "started") in [row["path"] for row in table(run, "files")]


def test_what_the_run_writes_is_kept_with_its_writer(runs: Path, work: Path) -> None:
    script = "echo one > a; cat a; echo two > a; mv a b; (echo three > c); echo temporary > d; rm d"
    record("--transcript", "none", "--", "sh", "-c", script, cwd=work)
    run = only_run(runs)
    kept = {(Path(row["path"]).name, row["text"]) for row in table(run, "file_versions")}
    assert kept >= {("b", "two\n"), ("c", "three\n")}
    pids = {row["process_id"]: row["pid"] for row in table(run, "process_starts")}
    for row in table(run, "file_versions"):
        assert pids[row["process_id"]] == row["pid"]
        assert row["captured"] == "whole" or row["reason"] == "gone before it could be read"


def kept(run: Path) -> list[str]:
    versions = [row for row in table(run, "file_versions") if row["path"].endswith("/first")]
    return [row["text"] for row in sorted(versions, key=lambda row: row["ts"])]


def test_a_file_is_kept_while_its_writer_lives_on(runs: Path, work: Path) -> None:
    script = "import os, time\nopen('first', 'w').write('1')\n"
    script += "while not os.path.exists('go'): time.sleep(.02)\nopen('first', 'w').write('2')"
    running = begin("--transcript", "none", "--", sys.executable, "-I", "-S", "-c", script, cwd=work)
    until((work / "first").exists)
    run = only_run(runs)
    until(lambda: kept(run) == ["1"])
    (work / "go").touch()
    running.communicate(timeout=60)
    assert kept(run) == ["1", "2"]


def ebpf_works() -> bool:
    from recorder.ebpf.programs import OBJECT

    return OBJECT.is_file() and os.geteuid() == 0


@pytest.mark.root
@pytest.mark.skipif(not ebpf_works(), reason="eBPF needs root and its compiled object")
def test_ebpf_attaches_to_the_command_before_it_runs(runs: Path, work: Path) -> None:
    done = record("--", "sh", "-c", "echo out; echo kept > f; cat f > g; exit 4", cwd=work, kernel="ebpf")
    assert done.returncode == 4
    assert done.stdout == b"out\n"
    run = only_run(runs)
    assert [row["argv"] for row in table(run, "execs") if Path(row["exe"]).name == "cat"] == ["cat f"]
    written = {row["path"]: row["bytes_written"] for row in table(run, "files") if row["bytes_written"]}
    assert written[str(work / "g")] == 5
    assert {row["text"] for row in table(run, "file_versions")} == {"kept\n"}


@pytest.mark.root
@pytest.mark.skipif(not ebpf_works(), reason="eBPF needs root and its compiled object")
def test_what_outlives_an_attached_recording_goes_on_and_is_told(runs: Path, work: Path) -> None:
    script = f"({AWAIT_GO}; : > late) >/dev/null 2>&1 & exit 2"
    done = record("--grace", "0.2", "--", "sh", "-c", script, cwd=work, kernel="ebpf")
    assert done.returncode == 2
    assert "stopped" in [row["cause"] for row in table(only_run(runs), "gaps")]
    (work / "go").touch()
    until((work / "late").exists)


def test_auto_takes_the_first_rung_that_works(runs: Path, work: Path) -> None:
    record("--", "true", cwd=work, kernel="auto")
    kernel = [source for source in manifest(only_run(runs))["sources"] if source["name"] == "kernel"]
    assert [source["state"] for source in kernel] == ["unavailable"] * (len(kernel) - 1) + ["ended"]
    assert kernel[-1]["backend"] == ("ebpf" if len(kernel) == 1 else "strace")


def test_what_the_agent_says_is_joined_to_what_runs(runs: Path, work: Path) -> None:
    agent = [sys.executable, "-P", "-m", "demo.agent"]
    record("--", *agent, cwd=work)
    run = only_run(runs)
    issued = {row["command_id"]: row["text"] for row in table(run, "commands")}
    links = {row["command_id"]: row for row in table(run, "command_links")}
    assert issued.keys() == links.keys()
    assert {row["match"] for row in links.values()} == {"exact"}
    shells = {
        row["process_id"]: shlex.split(row["argv"])[-1]
        for row in table(run, "execs")
        if row["error"] is None and row["argv"].startswith("bash -c ")
    }
    for number, row in links.items():
        assert shells[row["process_id"]] == issued[number]


def test_a_recording_inside_the_work_folder_is_not_the_run_s_work(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(work / "runs"))
    record("--", "sh", "-c", "echo text > mine", cwd=work)
    record("-o", "second", "--", "sh", "-c", "echo more > mine", cwd=work)
    for run in (only_run(work / "runs"), work / "second"):
        assert {Path(row["path"]).name for row in table(run, "file_versions")} == {"mine"}


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_signed_recording_is_authentic(runs: Path, work: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    done = record("--sign-key", str(key), "--", "sh", "-c", "exit 4", cwd=work)
    assert done.returncode == 4
    assert b", signed" in done.stderr
    run = only_run(runs)
    argv = [*PTB, "verify", str(run), "--public-key"]
    good = subprocess.run([*argv, f"{key}.pub"], capture_output=True, check=False, timeout=60)
    assert (good.returncode, good.stdout.startswith(b"authentic, signed with ED25519 key")) == (0, True)
    plain = subprocess.run([*PTB, "verify", str(run)], capture_output=True, check=False, timeout=60)
    assert plain.stdout.startswith(b"consistent")
    (tmp_path / "other.pub").write_text("ssh-ed25519 " + "A" * 68)
    bad = subprocess.run([*argv, str(tmp_path / "other.pub")], capture_output=True, check=False, timeout=60)
    assert bad.returncode == 1
    assert bad.stdout.startswith(b"chain.sig: ")


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_key_that_the_command_could_use_or_that_cannot_sign_is_refused(runs: Path, work: Path) -> None:
    (work / "key").write_text("no key")
    for where in (work / "key", work.parent / "none"):
        done = record("--sign-key", str(where), "--", "true", cwd=work)
        assert done.returncode == 2
        assert str(where) in done.stderr.decode()
    assert not runs.exists()
