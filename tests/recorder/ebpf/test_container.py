"""Containers of a real Docker daemon, recorded by name through the command line."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recorder.container_recording import ContainerPlan, record_container
from recorder.ebpf.connections import Proxy
from recorder.ebpf.source import EbpfSource
from recorder.kernel import KernelChoice
from recorder.source import Target
from store.death import DEATH
from store.errors import Unavailable
from store.manifest import SourceInfo
from store.sink import Sink
from store.snapshot import Snapshot
from tests.recorder.test_record import manifest
from tests.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.usefixtures("bpf_object")]


class Docker:
    """The docker command against the daemon of the tests."""

    def __init__(self, host: str, image: str) -> None:
        self.host = host
        self._image = image
        self._made: list[str] = []

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", "-H", self.host, *arguments], check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    def make(self, verb: str, *command: str, options: tuple[str, ...] = ()) -> str:
        """Create or run a container without network, with the host's programs; its name."""
        name = f"ptb-test-{os.getpid()}-{len(self._made)}"
        self._made.append(name)
        programs = ("--network", "none", "-v", "/usr:/usr:ro")
        self(*verb.split(), "--name", name, *programs, *options, self._image, *command)
        return name

    def hold(self, sign: Path, *command: str, options: tuple[str, ...] = ()) -> str:
        """Create a container whose command, a shell's, waits until there is a file ``sign``; its name."""
        *shell, script = command
        sign.parent.mkdir()
        wait = f"until [ -e /sign/{sign.name} ]; do sleep 0.02; done"
        return self.make(
            "create", *shell, f"{wait}; {script}", options=("-v", f"{sign.parent}:/sign:ro", *options)
        )

    def clean(self) -> None:
        if self._made:
            self("rm", "-f", *self._made)


def import_image(host: str) -> str:
    """An empty root into which the host's /usr is mounted."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name in ("usr", "tmp", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
    subprocess.run(
        ["docker", "-H", host, "import", "-", "ptb-test"],
        input=data.getvalue(),
        check=True,
        capture_output=True,
    )
    return "ptb-test"


@pytest.fixture(scope="session")
def image(daemon: str) -> str:
    """The image, at the daemon of the tests."""
    return import_image(daemon)


@pytest.fixture
def docker(daemon: str, image: str) -> Iterator[Docker]:
    docker = Docker(daemon, image)
    yield docker
    docker.clean()


@pytest.fixture
def recording(docker: Docker, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``ptb record --container``; it has armed when this returns."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, run: str = "run", *options: str) -> subprocess.Popen[str]:
        ptb = [sys.executable, "-P", "-m", "ptb_tui", "record", "--json", "-o", str(tmp_path / run), *options]
        environment = {**os.environ, "DOCKER_HOST": docker.host, "PYTHONPATH": str(Path("src").resolve())}
        process = subprocess.Popen(
            [*ptb, "--container", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        assert process.stderr
        first = process.stderr.readline()
        assert first.startswith("recording container"), first + process.stderr.read()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=60)
    assert out, err
    found: dict[str, Any] = json.loads(out)
    return found


def table(run: Path, name: str) -> list[dict[str, Any]]:
    with Snapshot.open(run) as snapshot:
        strings = snapshot.strings().to_pylist()
        rows = snapshot.table(name)
        symbols = {field.name for field in rows.schema if str(field.type) == "int32"}
        return [
            {
                key: strings[value] if key in symbols and value is not None else value
                for key, value in row.items()
            }
            for row in rows.to_pylist()
        ]


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    path = tmp_path / "marked"
    path.write_bytes(b"x" * 4242)
    return path


def test_a_container_is_recorded_from_its_first_instruction(
    docker: Docker, recording: Callable[[str], subprocess.Popen[str]], marked: Path, tmp_path: Path
) -> None:
    name = docker.make(
        "create", "/bin/sh", "-c", "cat /marked; exit 3", options=("-v", f"{marked}:/marked:ro")
    )
    process = recording(name)
    found = answer(process)
    assert process.returncode == found["exit_code"] == 3
    run = tmp_path / "run"
    execs = [row["argv"] for row in table(run, "execs")]
    assert execs[-2:] == ["/bin/sh -c 'cat /marked; exit 3'", "cat /marked"]
    status = marked.stat()
    rows = [
        row for row in table(run, "files") if (row["dev"], row["inode"]) == (status.st_dev, status.st_ino)
    ]
    assert sum(row["bytes_read"] or 0 for row in rows) == 4242
    assert {row["path"] for row in rows if row["bytes_read"]} == {"/marked"}
    facts = json.loads((run / "run.json").read_text())["facts"]
    assert (facts["image"], facts["command"], facts["exit_status"]) == (
        "ptb-test",
        "/bin/sh -c 'cat /marked; exit 3'",
        "3",
    )
    assert not [row for row in table(run, "gaps") if row["source"] == "kernel"]


def test_a_running_container_is_joined_left_alone_and_seen_through_docker_exec(
    docker: Docker, recording: Callable[[str], subprocess.Popen[str]], marked: Path, tmp_path: Path
) -> None:
    name = docker.make(
        "run -d", "/bin/sh", "-c", "exec 3</marked; exec sleep 60", options=("-v", f"{marked}:/marked:ro")
    )
    process = recording(name)
    docker("exec", name, "/bin/sh", "-c", "cat /marked; : > /tmp/from-exec")
    process.send_signal(signal.SIGINT)
    assert answer(process)["exit_code"] == 0
    assert docker("inspect", "-f", "{{.State.Running}}", name) == "true"
    run = tmp_path / "run"
    rows = [row for row in table(run, "files") if row["path"] == "/marked"]
    assert {row["via"] for row in rows} == {"inherited", "syscall"}
    assert sum(row["bytes_read"] or 0 for row in rows) == 4242
    assert "/tmp/from-exec" in {row["path"] for row in table(run, "files") if row["op"] == "create"}
    assert "stopped" in {row["cause"] for row in table(run, "gaps")}
    (first,) = [row for row in table(run, "process_starts") if row["ns_pid"] == 1]
    assert first["argv"] == "sleep 60"


def test_death_for_want_of_memory_is_told(
    docker: Docker, recording: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    greedy = "/usr/bin/python3"
    if not Path(greedy).exists():
        pytest.skip("no Python below /usr to use up memory with")
    name = docker.make("create", greedy, "-c", "x = bytearray(10 ** 9)", options=("--memory", "32m"))
    assert answer(recording(name))["exit_code"] == 137
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["facts"]
    assert facts["exit_status"] == "SIGKILL (out of memory)"
    assert {row["signal"] for row in table(tmp_path / "run", "process_exits")} >= {9}


_BEAT = "while :; do echo; /usr/bin/sleep 0.02; done >>/beats"


@pytest.fixture
def beats(tmp_path: Path) -> Path:
    path = tmp_path / "beats"
    path.touch()
    return path


def stands_still(beats: Path) -> bool:
    before = beats.stat().st_size
    time.sleep(0.4)
    return beats.stat().st_size == before


def test_a_container_whose_recorder_is_killed_is_frozen_and_goes_on_recorded(
    docker: Docker, recording: Callable[..., subprocess.Popen[str]], beats: Path, tmp_path: Path
) -> None:
    name = docker.make("create", "/bin/sh", "-c", _BEAT, options=("-v", f"{beats}:/beats"))
    first = recording(name)
    until(lambda: table(tmp_path / "run", "execs"))
    first.kill()
    until((tmp_path / "run" / DEATH).exists)
    assert stands_still(beats)
    assert docker("inspect", "-f", "{{.State.Running}}", name) == "true"
    second = recording(name, "second")
    until(lambda: not stands_still(beats))
    second.send_signal(signal.SIGINT)
    assert answer(second)["exit_code"] == 0
    until(lambda: not stands_still(beats))
    until(lambda: manifest(tmp_path / "run")["state"] == "recovered")
    (told,) = [row for row in table(tmp_path / "run", "gaps") if row["cause"] == "recorder_died"]
    assert "let go on" in told["reason"]
    resumed = [row["ts"] for row in table(tmp_path / "second", "execs")]
    assert resumed
    assert max(row["ts"] for row in table(tmp_path / "run", "execs")) < told["end_ts"]


def test_a_frozen_container_that_nobody_takes_over_is_ended(
    docker: Docker, recording: Callable[..., subprocess.Popen[str]], beats: Path, tmp_path: Path
) -> None:
    name = docker.make("create", "/bin/sh", "-c", _BEAT, options=("-v", f"{beats}:/beats"))
    process = recording(name, "run", "--death-grace", "1")
    time.sleep(0.3)
    process.kill()
    until(lambda: docker("inspect", "-f", "{{.State.Running}}", name) != "true")
    until(lambda: manifest(tmp_path / "run")["state"] == "recovered")
    (told,) = [row for row in table(tmp_path / "run", "gaps") if row["cause"] == "recorder_died"]
    assert "was ended" in told["reason"]


def test_without_ebpf_what_docker_tells_is_recorded(
    docker: Docker, recording: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    mounts = ("-v", f"{work}:/work", "-w", "/work")
    name = docker.make(
        "create", "/bin/sh", "-c", "while [ ! -e go ]; do sleep 0.1; done; exit 3", options=mounts
    )
    process = recording(name, "run", "--kernel", "none")
    with pytest.raises(subprocess.CalledProcessError):
        docker("exec", name, "/bin/sh", "-c", "echo kept >'a file'; exit 4")
    (work / "go").touch()
    assert answer(process)["exit_code"] == 3
    run = tmp_path / "run"
    starts = {row["process_id"]: row["argv"] for row in table(run, "process_starts")}
    assert list(starts.values()) == [
        "/bin/sh -c 'while [ ! -e go ]; do sleep 0.1; done; exit 3'",
        "/bin/sh -c 'echo kept >'\"'\"'a file'\"'\"'; exit 4'",
    ]
    ends = {row["process_id"]: row["exit_code"] for row in table(run, "process_exits")}
    assert ends == dict(zip(starts, (3, 4), strict=True))
    assert {row["argv"] for row in table(run, "execs")} == set(starts.values())
    assert [row["text"] for row in table(run, "file_versions") if row["path"] == "/work/a file"] == ["kept\n"]
    (gap,) = [row for row in table(run, "gaps") if row["source"] == "kernel"]
    assert (gap["cause"], "only Docker tells" in gap["reason"]) == ("unavailable", True)
    sources = {
        source["backend"]: source["state"] for source in json.loads((run / "run.json").read_text())["sources"]
    }
    assert (sources["ebpf"], sources["docker"]) == ("unavailable", "ended")


def test_the_ladder_goes_down_to_docker_by_itself_unless_ebpf_was_asked_for(
    docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker.host)
    absent = partial(EbpfSource, tmp_path / "none.bpf.o")
    monkeypatch.setattr("recorder.container_recording.EbpfSource", absent)
    name = docker.make("create", "/bin/sh", "-c", "sleep 1; exit 3")
    with pytest.raises(Unavailable, match=r"build-bpf\.sh"):
        record_container(ContainerPlan(name, tmp_path / "no", kernel=KernelChoice.EBPF), lambda _: None)
    assert docker("inspect", "-f", "{{.State.Status}}", name) == "created"
    outcome = record_container(ContainerPlan(name, tmp_path / "run"), lambda _: None)
    assert outcome.exit_code == 3
    assert [row["argv"] for row in table(tmp_path / "run", "execs")] == ["/bin/sh -c 'sleep 1; exit 3'"]
    (gap,) = [row for row in table(tmp_path / "run", "gaps") if row["source"] == "kernel"]
    assert "build-bpf.sh" in gap["reason"]


class LateProxy:
    """Names the host of a connection only when it ends; implements :class:`recorder.source.Source`."""

    def __init__(self, inode: Path) -> None:
        self.info = SourceInfo("network", "proxy", "recording")
        self.hosts: dict[int, str] = {}
        self._inode = inode

    def start(self, target: Target, sink: Sink) -> None:
        pass

    def stop(self) -> None:
        self.hosts[int(self._inode.read_text())] = "hub.example"


def test_what_a_proxy_says_last_is_not_lost(
    docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker.host)
    inode = tmp_path / "inode"
    inode.touch()
    talk = (
        "import os, socket; server = socket.create_server(('127.0.0.1', 3128));"
        "client = socket.create_connection(('127.0.0.1', 3128)); client.send(b'x');"
        "print(os.fstat(client.fileno()).st_ino, file=open('/inode', 'w'))"
    )
    name = docker.make("create", "/usr/bin/python3", "-c", talk, options=("-v", f"{inode}:/inode"))
    late = LateProxy(inode)
    plan = ContainerPlan(name, tmp_path / "run", witnesses=(late,), proxy=Proxy(3128, late.hosts))
    assert record_container(plan, lambda _: None).exit_code == 0
    assert [row["host"] for row in table(tmp_path / "run", "net") if row["port"] == 3128] == ["hub.example"]


def test_what_cannot_be_recorded_is_one_line(docker: Docker) -> None:
    ended = docker.make("run", "/bin/true")
    environment = {**os.environ, "DOCKER_HOST": docker.host, "PYTHONPATH": str(Path("src").resolve())}
    for host, name, words in (
        (docker.host, "no-such", "no container no-such"),
        (docker.host, ended, "create a new one"),
        ("unix:///nowhere.sock", ended, "no Docker daemon"),
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ptb_tui", "record", "--container", name],
            env={**environment, "DOCKER_HOST": host},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
