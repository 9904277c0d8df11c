"""A Docker daemon of the tests' own, never the machine's."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

_START_S = 30


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A daemon of our own, its address."""
    if os.geteuid() != 0:
        pytest.skip("a Docker daemon needs root")
    if not (shutil.which("dockerd") and shutil.which("docker")):
        pytest.skip("Docker is not installed: apt-get install docker.io")
    folder = tmp_path_factory.mktemp("docker")
    host = f"unix://{folder}/docker.sock"
    places = {"--data-root": folder / "data", "--exec-root": folder / "exec", "-p": folder / "pid"}
    arguments = ["dockerd", "-H", host, *(str(word) for place in places.items() for word in place)]
    with (folder / "log").open("wb") as log, subprocess.Popen(arguments, stderr=log) as process:
        deadline = time.monotonic() + _START_S
        while subprocess.run(["docker", "-H", host, "info"], capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.skip(f"dockerd does not start here: {(folder / 'log').read_text()[-300:]}")
            time.sleep(0.2)
        yield host
        process.terminate()
        process.wait(60)
