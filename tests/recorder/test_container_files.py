"""Contents of files that a container writes, read from outside it while they are fought over."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.sql.query import open_query
from tests.recorder.ebpf.conftest import bpf_object
from tests.recorder.ebpf.test_container import Docker, answer, docker, image, recording, table

__all__ = ["bpf_object", "docker", "image", "recording"]

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.usefixtures("bpf_object")]

Recording = Callable[..., "subprocess.Popen[str]"]
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


def versions(run: Path, path: str) -> list[dict[str, Any]]:
    return [row for row in table(run, "file_versions") if row["path"] == path]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def in_container(docker: Docker, recording: Recording, script: str, work: Path, *options: str) -> None:
    """Record a container that runs ``script`` once its files are reached, with ``work`` mounted."""
    go = work.parent / "sign" / "go"
    name = docker.hold(go, "/bin/bash", "-c", script, options=("-v", f"{work}:/work", *options))
    process = recording(name)
    go.touch()
    answer(process)


def test_what_a_container_writes_is_kept_with_its_writer_also_at_its_very_end(
    docker: Docker, recording: Recording, work: Path, tmp_path: Path
) -> None:
    (work / "before.txt").write_text("there before\n")
    script = "echo own >/tmp/own; (cd / && exec chroot . /bin/bash -c 'echo jail >/tmp/jailed'); echo last >last.txt"
    in_container(docker, recording, script, work, "-w", "/work")
    run = tmp_path / "run"
    assert [row["text"] for row in versions(run, "/work/before.txt")] == ["there before\n"]
    processes = {row["process_id"]: row["ns_pid"] for row in table(run, "process_starts")}
    for path, text in (("/tmp/own", "own\n"), ("/tmp/jailed", "jail\n"), ("/work/last.txt", "last\n")):
        (row,) = versions(run, path)
        assert (row["text"], row["captured"]) == (text, "whole")
        assert row["process_id"] in processes
    assert not [row for row in table(run, "gaps") if row["source"] == "workspace"]


def test_the_file_as_it_was_at_that_exec_is_a_query(
    docker: Docker, recording: Recording, work: Path, tmp_path: Path
) -> None:
    script = (
        "echo 'echo first' >step.sh; bash step.sh; sleep 1; echo 'echo second' >step.sh; bash step.sh; sleep 1;"
        " echo 'echo never run' >step.sh"
    )
    in_container(docker, recording, script, work, "-w", "/work")
    question = DOCS.read_text().split("the file as it was at that exec", 1)[1].split("```")[1]
    with open_query([tmp_path / "run"]) as query:
        rows = query.run(question.removeprefix("sql").replace("train.py", "step.sh")).table().to_pylist()
    assert [(row["argv"], row["text"]) for row in rows] == [
        ("bash step.sh", "echo first\n"),
        ("bash step.sh", "echo second\n"),
    ]


SWAPS = {
    "symlink": 'ln -sfn "$secret" /tmp/other; mv -T /tmp/other bait',
    "symlink upwards": 'ln -sfn "../../../../../../../../..$secret" /tmp/other; mv -T /tmp/other bait',
    "FIFO": "rm -f /tmp/other; mkfifo /tmp/other; mv -T /tmp/other bait",
    "folder through a symlink": 'rm -rf folder; ln -sfn "$(dirname "$secret")" folder; : >folder/secret',
}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_nothing_is_gained_by_swapping_files_that_are_captured(
    docker: Docker, recording: Recording, work: Path, tmp_path: Path, swap: str
) -> None:
    secret = tmp_path / "host-only" / "secret"
    secret.parent.mkdir()
    secret.write_text("the host's own secret\n")
    script = (
        f"secret={secret}; for i in {{1..60}}; do rm -rf folder; mkdir folder; echo fine $i >folder/secret;"
        f" rm -f bait; echo fine $i >bait; {{ {swap}; }} 2>/dev/null; done; rm -rf bait folder; echo end >end"
    )
    in_container(docker, recording, script, work, "-w", "/work", "--tmpfs", "/tmp")
    run = tmp_path / "run"
    rows = table(run, "file_versions")
    assert not [row for row in rows if "the host's" in (row["text"] or "")]
    assert [row["text"] for row in versions(run, "/work/end")] == ["end\n"]
    tried = [row for row in rows if row["path"].startswith(("/work/bait", "/work/folder/"))]
    assert tried
    assert all(
        row["text"].startswith("fine") or not row["text"] for row in tried if row["captured"] == "whole"
    )
    assert all(row["reason"] for row in tried if row["captured"] == "none")
    assert "hung" not in {row["cause"] for row in table(run, "gaps")}


def test_a_sweep_of_a_whole_container_leaves_the_host_s_folders_alone(
    docker: Docker, recording: Recording, work: Path, tmp_path: Path
) -> None:
    mapped = "import mmap; f = open('/tmp/mapped', 'r+b'); m = mmap.mmap(f.fileno(), 0); f.close(); m[:5] = b'later'"
    script = f'echo early >/tmp/mapped; until [ -e "/work/the host\'s own" ]; do sleep .02; done; /usr/bin/python3 -c "{mapped}"'
    name = docker.make("create", "/bin/sh", "-c", script, options=("-v", f"{work}:/work"))
    process = recording(name)
    (work / "the host's own").write_text("written by nobody inside\n")
    answer(process)
    run = tmp_path / "run"
    assert not versions(run, "/work/the host's own")
    assert [row["text"] for row in versions(run, "/tmp/mapped")][-1] == "later\n"
