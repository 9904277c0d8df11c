"""``ptb run`` in real containers: what holds, what is recorded of it, what stays behind."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import warden
from runner.sandbox.reaper import LABEL
from store.sql.query import open_query
from tests.runner.conftest import Sandbox
from tests.runner.ptb import environment, run_agent, start_run

pytestmark = [pytest.mark.root, pytest.mark.docker]

SECRET = "kq-7d1f0e55c2a94b3e"
ESCAPE = Path(__file__).parent / "programs" / "escape.py"


@pytest.fixture
def harness(tmp_path: Path) -> Path:
    folder = tmp_path / "harness"
    (folder / "templates").mkdir(parents=True)
    (folder / "evaluate.py").write_text("print('score')\n")
    (folder / "templates" / "t.jinja").write_text("{{ messages }}")
    return folder


def ask(run: Path, query: str) -> list[dict[str, Any]]:
    with open_query([run]) as views:
        rows: list[dict[str, Any]] = views.run(query).table().to_pylist()
    return rows


def test_a_run_in_a_container_is_recorded_from_its_first_instruction(sandbox: Sandbox, harness: Path) -> None:
    script = "id -u > final_model/uid; cat evaluate.py; sh timer.sh > final_model/left; exit 3"
    answer = sandbox.run("--harness", harness, "--agent-model", "m", "--memory", "0.5", script=script)
    facts = answer.manifest["facts"]
    assert facts["exit_status"] == "3", answer.told
    assert facts["image"] == sandbox.image
    told = ("docker: 0.5 GiB memory, 4096 processes, 0.2 GiB disk, 0.1 GiB final_model", "network none")
    assert facts["sandbox"] == "; ".join(told)
    assert (answer.run / "final_model" / "uid").read_text() == "1000\n"
    left = (answer.run / "final_model" / "left").read_text()
    assert left.startswith(("Time left: 9:59", "Time left: 10:00:00"))
    execs = ask(answer.run, "SELECT argv FROM execs ORDER BY seq")
    assert any(row["argv"].startswith("cat evaluate.py") for row in execs)
    (first,) = ask(answer.run, "SELECT argv FROM processes WHERE ns_pid = 1 AND end_ts IS NOT NULL")
    assert "sh" in first["argv"]
    assert sandbox.left() == []


def test_every_door_is_closed_and_every_attempt_is_a_row(
    sandbox: Sandbox, harness: Path, tmp_path: Path
) -> None:
    other = sandbox.runs / "another-run"
    other.mkdir(parents=True)
    given = ("--harness", harness, "--mount", f"{ESCAPE}:/escape.py", "--pids", "64")
    answer = sandbox.run(*given, script=f"python3 -B /escape.py {other} > final_model/said 2>&1")
    lines = (answer.run / "final_model" / "said").read_text().splitlines()
    ended = dict(line.rsplit(" ", 1) for line in lines)
    assert ended == {
        "overwrite harness": "EROFS",
        "delete harness": "EBUSY",
        "move harness": "EBUSY",
        "write below harness": "EROFS",
        "docker socket": "ENOENT",
        "another run": "ENOENT",
        "root file system": "EROFS",
        "replace final_model": "EBUSY",
        "network": "ENETUNREACH",
        "ptrace": "EPERM",
        "io_uring": "EPERM",
        "unshare": "EPERM",
        "user namespace": "EPERM",
        "mount": "EPERM",
        "bpf": "EPERM",
        "32-bit call": "SIGSYS",
        "fill home": "ENOSPC",
        "fill /tmp": "ENOSPC",
        "fill final_model": "ENOSPC",
        "fork bomb": "EAGAIN",
    }
    assert (harness / "evaluate.py").read_text() == "print('score')\n"
    rows = ask(answer.run, "SELECT op, path, error FROM files WHERE error IS NOT NULL")
    failed = {(row["op"], row["path"], row["error"]) for row in rows}
    assert {
        ("open", "/home/ben/task/evaluate.py", "EROFS"),
        ("unlink", "/home/ben/task/evaluate.py", "EBUSY"),
        ("rename", "/home/ben/task/templates", "EBUSY"),
        ("open", "/home/ben/task/templates/new", "EROFS"),
        ("open", str(other), "ENOENT"),
        ("open", "/usr/bin/ls", "EROFS"),
        ("rmdir", "/home/ben/task/final_model", "EBUSY"),
    } <= failed
    connections = {row["dst"] for row in ask(answer.run, "SELECT dst FROM net")}
    assert {"/var/run/docker.sock", "192.0.2.1"} <= connections
    (forked,) = ask(answer.run, "SELECT count(*) AS n FROM processes")
    assert 40 < forked["n"] < 2000
    (filled,) = ask(
        answer.run, "SELECT sum(bytes_written)::BIGINT AS n FROM files WHERE path = '/home/ben/full'"
    )
    assert 0 < filled["n"] < 0.2 * 2**30
    assert sandbox.left() == []


def test_a_key_goes_past_docker_and_the_recording(sandbox: Sandbox, tmp_path: Path, daemon: str) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"MY_KEY={SECRET}\n")
    keys.chmod(0o600)
    script = (
        'echo ${#MY_KEY} > final_model/n; echo "$MY_KEY"; ls "/nowhere/$MY_KEY"; sleep 4; exit ${#MY_KEY}'
    )
    given = sandbox.arguments("--keys", keys, "--key", "MY_KEY")
    process = start_run(sandbox.runs, *given, "--", "sh", "-c", script, more=sandbox.more)
    try:
        while not list(sandbox.runs.glob("*/final_model/n")) and process.poll() is None:
            inspected = [str(one.attrs) for one in sandbox.client.containers.list(ignore_removed=True)]
            assert not [one for one in inspected if SECRET in one]
            on_disk = _files_with(
                SECRET.encode(), Path(daemon.removeprefix("unix://")).parent / "data" / "containers"
            )
            assert on_disk == []
            time.sleep(0.5)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    (run,) = sandbox.runs.glob("2*")
    assert (run / "final_model" / "n").read_text() == f"{len(SECRET)}\n"
    assert f'"exit_status":"{len(SECRET)}"' in out
    assert SECRET not in out + err
    assert _files_with(SECRET.encode(), run) == []


def _files_with(needle: bytes, folder: Path) -> list[Path]:
    found = []
    for place, _, names in os.walk(folder):  # a container's folder may go meanwhile
        for path in (Path(place, name) for name in names):
            try:
                if path.is_file() and needle in path.read_bytes():
                    found.append(path)
            except OSError:
                continue
    return found


def test_the_model_cache_is_never_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "hub" / "m").mkdir(parents=True)
    (cache / "hub" / "m" / "w").write_text("base")
    (cache / "hub" / "m" / "w").chmod(0o600)
    script = (
        "cd $HF_HOME/hub/m && cat w > ~/task/final_model/was && rm w && echo changed > w && echo new > n"
        " && mkdir ../more && cat w n > ~/task/final_model/is"
    )
    answer = sandbox.run("--model-cache", cache, script=script)
    assert (answer.run / "final_model" / "was").read_text() == "base"
    assert (answer.run / "final_model" / "is").read_text() == "changed\nnew\n"
    assert [path.name for path in (cache / "hub").iterdir()] == ["m"]
    assert {path.name: path.read_text() for path in (cache / "hub" / "m").iterdir()} == {"w": "base"}


def test_an_agent_that_ignores_term_is_gone_after_the_grace(sandbox: Sandbox) -> None:
    script = (
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done"
    )
    answer = sandbox.run("--hours", str(2 / 3600), script=script)
    assert answer.manifest["facts"]["exit_status"] == "SIGKILL (time limit)"
    (lived,) = ask(
        answer.run, "SELECT date_diff('millisecond', min(start_ts), max(end_ts)) / 1e3 AS s FROM processes"
    )
    assert 31 < lived["s"] < 2 + 30 + 5
    assert sandbox.left() == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_stays_when_ptb_is_killed_at_any_moment(sandbox: Sandbox) -> None:
    chance = random.Random(20261122)
    for moment in [*(chance.uniform(0.5, 8) for _ in range(4)), None]:
        given = sandbox.arguments("--forward", "8123")
        script = "echo weights > final_model/w; sleep 60"
        process = start_run(sandbox.runs, *given, "--", "sh", "-c", script, more=sandbox.more)
        if moment is None:
            while not list(sandbox.runs.glob(".sandboxes/*/final_model/w")) and process.poll() is None:
                time.sleep(0.05)
        else:
            time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        deadline = time.monotonic() + 45
        while (left := sandbox.left()) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert left == [], f"killed after {moment} s, None: once the agent worked"
    kept = [run for run in sandbox.runs.glob("2*") if (run / "final_model" / "w").exists()]
    assert kept, "no run was killed while the agent worked"
    for run in kept:
        (died,) = ask(run, "SELECT reason FROM gaps WHERE cause = 'recorder_died'")
        assert "was ended" in died["reason"]


def _processes(*words: bytes) -> list[int]:
    """Those with all of these words on their command lines."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            said = (place / "cmdline").read_bytes()
            found += [int(place.name)] if all(word in said for word in words) else []
    return found


@pytest.mark.slow
def test_the_next_run_clears_what_a_killed_warden_left(sandbox: Sandbox) -> None:
    process = start_run(sandbox.runs, *sandbox.arguments(), "--", "sleep", "60", more=sandbox.more)
    while not sandbox.client.api.containers():
        assert process.poll() is None
        time.sleep(0.2)
    (folder,) = (sandbox.runs / ".sandboxes").iterdir()
    wardens = _processes(b"runner.sandbox.warden", str(folder).encode())
    for pid in (*wardens, process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert wardens
    answer = sandbox.run(script="true")
    assert "cleared what an earlier run left" in answer.told
    assert sandbox.left() == []


def test_what_docker_was_still_making_when_ptb_died_is_cleared(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sandbox.runs / ".sandboxes" / "dead"
    dies = "from pathlib import Path; from runner.sandbox.place import Place; Place.create('dead', Path('/nowhere'))"
    subprocess.run([sys.executable, "-c", dies], env=environment(sandbox.runs), check=True)
    made: list[str] = []

    def create_meanwhile(_seconds: float) -> None:
        if not made:
            labels = {LABEL: str(folder)}
            made.append(sandbox.client.containers.create(sandbox.image, "true", labels=labels).name)

    monkeypatch.setenv("DOCKER_HOST", sandbox.host)
    monkeypatch.setattr("runner.in_flight.sleep", create_meanwhile)
    monkeypatch.setattr("sys.argv", ["warden", str(folder)])
    warden.main()
    assert made
    assert sandbox.left() == []


def test_only_named_hosts_are_reached_and_a_refusal_is_told(sandbox: Sandbox) -> None:
    script = (
        "import os, urllib.request as u\n"
        "for url in ('http://refused.example/', 'http://127.0.0.1:1/', 'http://allowed.example/'):\n"
        "    try: u.urlopen(url, timeout=10)\n"
        "    except OSError as error: print(error, file=open('final_model/said', 'a'))\n"
    )
    arguments = sandbox.arguments("--network", "allowlist", "--allow", "allowed.example")
    answer = run_agent(sandbox.runs, *arguments, "--", "python3", "-c", script, more=sandbox.more)
    assert "403" in (answer.run / "final_model" / "said").read_text()
    assert "refused refused.example:80" in answer.told
    rows = ask(
        answer.run,
        "SELECT host, port, error, n.ts BETWEEN r.started_at AND r.ended_at AS within, e.kind, p.argv[:7] AS by"
        " FROM net n JOIN runs r USING (run_id) JOIN events e USING (run_id, seq)"
        " LEFT JOIN processes p ON p.run_id = n.run_id AND p.process_id = n.process_id"
        " WHERE host IS NOT NULL ORDER BY host",
    )
    told = {"within": True, "kind": "connect"}
    assert rows == [
        {"host": "allowed.example", "port": 3128, "error": None, "by": "python3", **told},
        {"host": "refused.example", "port": 80, "error": "EACCES", "by": None, **told},
    ]
    assert "network allowlist (allowed.example)" in answer.manifest["facts"]["sandbox"]
    assert sandbox.left() == []


def test_an_open_network_is_a_bridge_of_its_own(sandbox: Sandbox) -> None:
    script = "cat /proc/net/route > final_model/routes; cat /etc/hostname"
    answer = sandbox.run("--network", "open", script=script)
    assert "eth0" in (answer.run / "final_model" / "routes").read_text()
    assert answer.manifest["facts"]["sandbox"].endswith("network open")
    assert sandbox.left() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mountt", "/usr"), "no such option"),
        (("--network", "open", "--forward", "80"), "--forward is for"),
        (("--allow", "example.org"), "--allow is for"),
        (("--image", "no-such-image"), "no image no-such-image"),
        (("--gpu", "0"), "cannot be started"),
        (("--disk", "9000000"), "give smaller --disk"),
        (("--mount", "/no/such"), "/no/such"),
    ],
)
def test_what_cannot_be_sandboxed_is_one_line(
    sandbox: Sandbox, arguments: tuple[str, str], words: str
) -> None:
    process = start_run(sandbox.runs, *sandbox.arguments(*arguments), "--", "true", more=sandbox.more)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert words in err.splitlines()[-1]
    assert sandbox.left() == []
