"""One recorded story for all tests of the app."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.ptb_tui.story import make_story


@pytest.fixture(scope="session")
def _story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_story(tmp_path_factory.mktemp("story") / "story")


@pytest.fixture
def story(_story: Path, tmp_path: Path) -> Path:
    """The folder of the recorded story, this test's own."""
    return Path(copytree(_story, tmp_path / "runs" / "story"))
