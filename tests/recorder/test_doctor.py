"""``ptb doctor`` tells what was tried on this machine, and its exit code whether absence will prove anything."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from ptb_tui.cli import doctor
from ptb_tui.cli.boundary import call
from recorder.probe import bpf_hooks, capture, cost, surroundings
from recorder.probe.capability import Area, Capability, State
from recorder.probe.examination import Examination, Machine
from store.errors import Unavailable

MACHINE = Machine("Some Linux", "6.1", "x86_64", 2, "3.11", root=False)


def ptb_doctor(
    *arguments: str, under: tuple[str, ...] = (), **environ: str
) -> "subprocess.CompletedProcess[str]":
    code = "import sys; from ptb_tui.__main__ import main; sys.exit(main())"
    return subprocess.run(
        [*under, sys.executable, "-P", "-c", code, "doctor", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        timeout=60,
        check=False,
    )


def by_name(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    return {capability["name"]: capability for capability in orjson.loads(done.stdout)["capabilities"]}


def test_the_document_names_every_capability_with_its_reason() -> None:
    done = ptb_doctor("--json")
    found = by_name(done)
    assert {capability["area"] for capability in found.values()} == {area.value for area in Area}
    for capability in found.values():
        assert set(capability) == {"area", "name", "state", "why", "cost", "blind", "fix"}
        assert capability["state"] in {state.value for state in State}
        assert capability["why"]
    assert done.returncode == (0 if orjson.loads(done.stdout)["rung"] else 3)


def test_people_read_lines_that_fit_and_hold_a_cure() -> None:
    done = ptb_doctor(COLUMNS="80", PATH="/nonexistent")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "✗ strace" in done.stdout
    assert "apt-get install strace" in done.stdout


@pytest.mark.parametrize("witness", ["ebpf", "strace"])
def test_what_a_witness_costs_is_what_the_benchmark_measured(
    witness: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {
        name: 9.87 if name.endswith("by_1k_" + witness + "_cpu_ratio") else value
        for name, value in orjson.loads(cost.FIGURES.read_bytes()).items()
    }
    (tmp_path / "cost.json").write_bytes(orjson.dumps(measured))
    monkeypatch.setattr(cost, "FIGURES", tmp_path / "cost.json")
    words = cost.of_witness(witness)
    assert "9.87 with 1 kB reads" in words
    assert f"{measured[f'python_starts_{witness}_cpu_ratio']:.2f} starting programs" in words


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_is_tried_and_not_only_looked_for() -> None:
    assert by_name(ptb_doctor("--json"))["strace"]["state"] == "works"
    traced = ptb_doctor("--json", under=("strace", "-f", "-o", "/dev/null"))
    assert by_name(traced)["strace"]["state"] == "does not work"
    assert "may not trace" in by_name(traced)["strace"]["why"]


def _seen(*capabilities: Capability) -> Callable[[], Examination]:
    return lambda: Examination(MACHINE, capabilities)


@pytest.mark.parametrize(
    ("ebpf", "strace", "rung", "code"),
    [
        (State.WORKS, State.WORKS, "eBPF", 0),
        (State.FAILS, State.WORKS, "strace", 0),
        (State.FAILS, State.FAILS, None, 3),
        (State.UNKNOWN, State.FAILS, None, 3),
    ],
)
def test_the_exit_code_says_whether_a_kernel_level_witness_works(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ebpf: State,
    strace: State,
    rung: str | None,
    code: int,
) -> None:
    seen = _seen(
        Capability(Area.CAPTURE, "eBPF", ebpf, "tried"), Capability(Area.CAPTURE, "strace", strace, "tried")
    )
    monkeypatch.setattr(doctor, "examine", seen)
    assert call(doctor.command, ["--json"]) == code
    assert orjson.loads(capsys.readouterr().out)["rung"] == rung
    assert call(doctor.command, []) == code
    assert ("no kernel-level witness" in capsys.readouterr().out) == (rung is None)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_kernel_is_asked_to_load_a_program() -> None:
    try:
        taken = bpf_hooks.load(bpf_hooks.TRACEPOINT)
        unknown = bpf_hooks.load(bpf_hooks.Hook("tracepoint", 26, 23, "ptb_has_no_such_tracepoint"))
    except Unavailable as error:
        pytest.skip(str(error))
    assert unknown is not None
    assert "BTF has no" in unknown
    wrong = bpf_hooks.load(bpf_hooks.Hook("wrong kind", 9999, 23, "sched_process_exec"))
    assert wrong is not None
    assert "refuses" in wrong
    assert taken is None or "refuses" in taken


def test_without_privileges_ebpf_says_which_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/sys/kernel/btf/vmlinux").exists():
        pytest.skip("this kernel has no BTF, which is said first")
    monkeypatch.setattr(capture, "_missing_capabilities", lambda: ["CAP_BPF", "CAP_PERFMON"])
    found = capture.ebpf()
    assert (found.state, found.why) == (State.FAILS, "this process lacks CAP_BPF and CAP_PERFMON")
    assert found.fix is not None
    assert all(hook.state is State.UNKNOWN for hook in capture.stricter_hooks())


@contextmanager
def _daemon(path: Path, reply: bytes) -> Iterator[None]:
    """Something that answers one request at ``path``."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(5)


@pytest.mark.parametrize(
    ("reply", "state", "why"),
    [
        (b'HTTP/1.0 200 OK\r\n\r\n{"Version":"25.0.3"}', State.WORKS, "Docker 25.0.3 answers"),
        (b"HTTP/1.0 500 Oops\r\n\r\n{}", State.FAILS, "does not answer as Docker does"),
        (b"\xff\x00 not http", State.FAILS, "does not answer as Docker does"),
        (b"HTTP/1.0 200 OK\r\n\r\n[1]", State.FAILS, "does not answer as Docker does"),
    ],
)
def test_docker_is_what_answers_as_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: bytes, state: State, why: str
) -> None:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with _daemon(path, reply):
        found = surroundings.docker()
    assert found.state is state
    assert why in found.why


def test_docker_elsewhere_or_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    assert surroundings.docker().state is State.FAILS
    monkeypatch.setenv("DOCKER_HOST", "tcp://build.example.org:2375")
    assert surroundings.docker().state is State.UNKNOWN


def _program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_agents_are_asked_for_their_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "claude", "echo '2.1.4 (Claude Code)'")
    _program(tmp_path, "codex", "echo broken >&2; exit 3")
    _program(tmp_path, "gemini", "exec sleep 30")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert surroundings.agent("claude").why == f"2.1.4 at {tmp_path}/claude"
    assert surroundings.agent("codex").state is State.FAILS
    monkeypatch.setattr(surroundings, "_VERSION_PATIENCE_S", 0.3)
    assert surroundings.agent("gemini").state is State.UNKNOWN
    monkeypatch.setenv("PATH", "/nonexistent")
    absent = surroundings.agent("opencode")
    assert (absent.state, absent.fix) == (State.FAILS, "npm install -g opencode-ai")


def test_what_a_program_says_of_itself_does_not_steer_the_terminal(tmp_path: Path) -> None:
    _program(tmp_path, "claude", "printf '2.0\\033]52;c;aGk=\\007'")
    done = ptb_doctor(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "2.0␛]52;c;aGk=␇" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_disk_of_the_runs_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "not" / "made" / "yet"))
    plenty = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: plenty._replace(free=100 << 30))
    assert surroundings.disk().state is State.WORKS
    monkeypatch.setattr(shutil, "disk_usage", lambda _: plenty._replace(free=1 << 30))
    full = surroundings.disk()
    assert full.state is State.FAILS
    assert "1.0 GiB free" in full.why
    assert not (tmp_path / "not").exists()


def test_a_gpu_is_named_by_its_driver(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: the fake NVML cannot be built")
    source = Path(__file__).parent / "fake_nvml.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", source], check=True)
    found = by_name(ptb_doctor("--json", LD_LIBRARY_PATH=str(tmp_path)))["GPU (NVML)"]
    assert (found["state"], found["why"]) == ("works", "0: NVIDIA Fake 80GB")
