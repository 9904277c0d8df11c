"""What holds for every test: nothing reaches the user's own cache, data or state, and a commit's checks always say the same.

The property tests try the same examples each time. ``pytest --hypothesis-profile=explore`` tries others.
"""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.docker_daemon import daemon
from tests.scoring_env import real_kinds, scoring_python, smollm2

__all__ = ["daemon", "real_kinds", "scoring_python", "smollm2"]

# A deadline would measure how busy the machine is.
settings.register_profile("same", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Path = tmp_path_factory.mktemp("home")
    for name in ("CACHE", "DATA", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
