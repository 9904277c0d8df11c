"""The sandbox's container under Docker's systemd driver: watched by a slice that holds nothing else.

systemd itself is not asked: the daemon of the tests drives cgroups itself and says that systemd does. The container then lies
in a folder below the slice, as it would in its scope.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from recorder import cgroups
from recorder.container_recording import ContainerPlan, record_container
from store.errors import Unavailable
from store.sql.query import open_query

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.usefixtures("bpf_object")]

RUN_ID = "20261122t000000-slice-0a1b2c3d4e"


@pytest.fixture
def client(daemon: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DOCKER_HOST", daemon)
    real = docker.DockerClient.info
    monkeypatch.setattr(docker.DockerClient, "info", lambda self: {**real(self), "CgroupDriver": "systemd"})
    client = docker.DockerClient(daemon)
    yield client
    client.close()


@pytest.fixture
def slice_name() -> Iterator[str]:
    name = cgroups.own_slice(RUN_ID)
    yield name
    for folder in (*Path("/sys/fs/cgroup").glob(f"*/{name}"), Path("/sys/fs/cgroup", name)):
        for path, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(path).rmdir()


def create(client: Any, image: str, parent: str | None) -> Any:
    return client.containers.create(
        image,
        ["/bin/sh", "-c", "cat /etc/passwd; sleep 1; exit 3"],
        network_mode="none",
        cgroup_parent=parent,
    )


def test_a_container_in_its_own_slice_is_recorded_from_its_first_instruction(
    client: Any, sandbox_image: str, slice_name: str, tmp_path: Path
) -> None:
    container = create(client, sandbox_image, slice_name)
    try:
        outcome = record_container(
            ContainerPlan(container.name, tmp_path / "run", run_id=RUN_ID), lambda _: None
        )
    finally:
        container.remove(force=True)
    assert outcome.exit_code == 3
    with open_query([outcome.folder]) as query:
        execs = [row["argv"] for row in query.run("SELECT argv FROM execs ORDER BY seq").table().to_pylist()]
        gaps = query.run("SELECT * FROM gaps WHERE source = 'kernel'").table().to_pylist()
    assert execs[-3:] == ["/bin/sh -c 'cat /etc/passwd; sleep 1; exit 3'", "cat /etc/passwd", "sleep 1"]
    assert gaps == []


def test_a_slice_that_others_may_be_in_is_not_watched(
    client: Any, sandbox_image: str, tmp_path: Path
) -> None:
    container = create(client, sandbox_image, "machine.slice")
    try:
        with pytest.raises(Unavailable, match="systemd"):
            record_container(ContainerPlan(container.name, tmp_path / "run"), lambda _: None)
    finally:
        container.remove(force=True)
