"""The second witness and the gate before a container of a real Docker daemon."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recorder.ebpf.conftest import bpf_object
from tests.recorder.ebpf.test_container import Docker, answer, docker, image, marked, recording, table

__all__ = ["bpf_object", "docker", "image", "marked", "recording"]

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.usefixtures("bpf_object")]

Recording = Callable[..., "subprocess.Popen[str]"]


def sources(run: Path) -> dict[str, dict[str, Any]]:
    return {source["name"]: source for source in json.loads((run / "run.json").read_text())["sources"]}


def test_both_witnesses_agree_on_every_mount(
    docker: Docker, recording: Recording, marked: Path, tmp_path: Path
) -> None:
    script = "for i in 1 2 3; do cat /marked; echo $i > /tmp/x; cp /tmp/x /tmp/y; /usr/bin/env true; done"
    go = tmp_path / "sign" / "go"
    name = docker.hold(go, "/bin/sh", "-c", script, options=("-v", f"{marked}:/marked:ro"))
    process = recording(name, "run", "--watch-mounts", "--watch", str(marked))
    go.touch()
    answer(process)
    info = sources(tmp_path / "run")["crosscheck"]
    assert info["state"] == "ended"
    assert "/marked" in info["reason"].partition("; opens on ")[2]
    agreed = int(info["reason"].partition(" sightings agree")[0].rpartition(" ")[2])
    assert agreed >= 3 * 10
    assert [row["reason"] for row in table(tmp_path / "run", "gaps") if row["cause"] == "disagreement"] == []


def test_what_is_denied_on_the_host_is_denied_in_the_container(
    docker: Docker, recording: Recording, marked: Path, tmp_path: Path
) -> None:
    script = "cat /marked && exit 0; exit 7"
    name = docker.make("create", "/bin/sh", "-c", script, options=("-v", f"{marked}:/marked:ro"))
    assert answer(recording(name, "run", "--deny", str(marked)))["exit_code"] == 7
    (denied,) = [row for row in table(tmp_path / "run", "files") if row["via"] == "gate"]
    (cat,) = [row for row in table(tmp_path / "run", "execs") if row["argv"] == "cat /marked"]
    assert (denied["process_id"], denied["error"]) == (cat["process_id"], "EPERM")
