"""A Docker daemon of the tests' own, and the image that the shipped recipe makes of the host's files."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from runner.image import Packages, ensure_image
from tests.recorder.ebpf.conftest import bpf_object
from tests.runner.base_image import base_image_tar
from tests.runner.ptb import TASK, Answer, run_agent

__all__ = ["bpf_object"]


@dataclass(frozen=True)
class Sandbox:
    """Starts ``ptb run`` in containers of the tests' daemon."""

    client: Any
    host: str
    image: str
    runs: Path

    @property
    def more(self) -> dict[str, str]:
        return {"DOCKER_HOST": self.host}

    def arguments(self, *options: str | Path) -> tuple[str | Path, ...]:
        small = ("--disk", "0.2", "--model-disk", "0.1", "--network", "none", "--mount", "/usr")
        return (
            "--agent",
            "command",
            *TASK,
            "--image",
            self.image,
            "--no-score",
            "--no-scan",
            *small,
            *options,
        )

    def run(self, *options: str | Path, script: str, more: dict[str, str] | None = None) -> Answer:
        command = ("--", "sh", "-c", script)
        return run_agent(self.runs, *self.arguments(*options), *command, more={**self.more, **(more or {})})

    def left(self) -> list[str]:
        """What there is of sandboxes."""
        containers = [name for one in self.client.api.containers(all=True) for name in one["Names"]]
        networks = [one.name for one in self.client.networks.list() if one.name.startswith("ptb")]
        volumes = [one.name for one in self.client.volumes.list()]
        mounts = [
            line for line in Path("/proc/self/mounts").read_text().splitlines() if str(self.runs) in line
        ]
        return [*containers, *networks, *volumes, *mounts, *map(str, (self.runs / ".sandboxes").glob("*"))]


@pytest.fixture(scope="session")
def sandbox_image(daemon: str) -> str:
    made = subprocess.run(
        ["docker", "-H", daemon, "import", "-", "ptb-test-base"],
        input=base_image_tar(),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", daemon)
        return ensure_image("ptb-test-base", lambda _: None, Packages("", "", ""))


@pytest.fixture
def sandbox(daemon: str, sandbox_image: str, bpf_object: Path, tmp_path: Path) -> Iterator[Sandbox]:
    client = docker.DockerClient(daemon)
    yield Sandbox(client, daemon, sandbox_image, tmp_path / "runs")
    client.close()
