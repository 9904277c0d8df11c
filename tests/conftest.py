"""Nothing a test does reaches the user's own cache, data or state."""

from pathlib import Path

import pytest

from tests.docker_daemon import daemon
from tests.scoring_env import real_kinds, scoring_python, smollm2

__all__ = ["daemon", "real_kinds", "scoring_python", "smollm2"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Path = tmp_path_factory.mktemp("home")
    for name in ("CACHE", "DATA", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
