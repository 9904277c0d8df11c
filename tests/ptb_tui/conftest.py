"""One recorded story for all tests of the app."""

from pathlib import Path
from shutil import copytree

import pytest

from review.profile import load_profile
from review.scan import scan
from tests.ptb_tui.story import make_story
from tests.review.runs import EVAL, QUESTIONS, TASK, Story, samples

DATA = f"{TASK}/train.jsonl"


@pytest.fixture(scope="session")
def _story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_story(tmp_path_factory.mktemp("story") / "story")


@pytest.fixture
def story(_story: Path, tmp_path: Path) -> Path:
    """The folder of the recorded story, this test's own."""
    return Path(copytree(_story, tmp_path / "runs" / "story"))


@pytest.fixture(scope="session")
def flagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose training data is the eval data, written twice and scanned."""
    run = Story(tmp_path_factory.mktemp("walk") / "run-1")
    run.write(run.agent, f"{TASK}/make_data.py", "# copies the questions\n")
    maker = run.start("python make_data.py")
    run.read(maker, EVAL)
    run.write(maker, DATA, samples(*QUESTIONS))
    run.train(DATA)
    run.write(run.agent, DATA, "emptied afterwards\n")
    folder = run.end()
    assert scan(folder, load_profile()).flagged
    return folder
