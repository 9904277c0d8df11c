"""Every screen at three sizes and in two themes, compared cell by cell with what was looked at and found good."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from ptb_tui.app import PtbApp
from ptb_tui.theme import DARK, LIGHT
from store.library import entry_of
from store.owner import Owner
from store.scores import ScoreStatus
from tests.ptb_tui.screen import opened, settle, text, until
from tests.ptb_tui.snapshot import FOLDER, compare, painted, written
from tests.ptb_tui.test_compare_screen import shorter
from tests.ptb_tui.test_score import a_job, an_attempt

SIZES = [(80, 24), (120, 36), (200, 60)]
ELSEWHERE = Owner(77, 1, "another", 1, "gpu-node-7")


@dataclass(frozen=True)
class View:
    """A screen as it is after some keys."""

    name: str
    app: Callable[[Path], PtbApp]
    keys: tuple[str, ...] = ()


def queue(_story: Path) -> PtbApp:
    return PtbApp(folder=Path("runs"))


def case(story: Path) -> PtbApp:
    return PtbApp(case=entry_of(story))


VIEWS = [
    View("runs", queue),
    View("runs-grouped", queue, ("o", "t")),
    View("heat", queue, ("h",)),
    View("case", case),
    View("findings", case, ("f",)),
    View("findings-all", queue, ("f",)),
    View("lineage", case, ("l",)),
    View("replay", opened, ("e",)),
    View("replay-detail", opened, ("w", "d", "d")),
    View("verdict", case, ("v",)),
    View("score", case, ("s",)),
    View("score-form", case, ("s", "s", "j")),
    View("confirm", case, ("s", "x")),
    View("help", case, ("question_mark",)),
    View("compare", queue, ("m", "j", "c")),
    View("compare-differences", queue, ("m", "j", "c", "o", "shift+right", "z", "j")),
    View("sql-views", case, ("semicolon",)),
    View("sql-queries", case, ("semicolon", "ctrl+o")),
    View("sql-rows", case, ("semicolon", "ctrl+o", "j", "j", "j", "j", "enter", "f5", "space")),
]


@pytest.fixture
def fixed(story: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The story and another run, in a place that every machine calls the same, with nothing that changes by the day."""
    copytree(story, story.parent / "other")
    monkeypatch.chdir(story.parent.parent)
    monkeypatch.setenv("PTB_CONFIG", "app.toml")
    for name in ("PTB_HARNESS", "PTB_SCORE_PYTHON", "PTB_HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("ptb_tui.screens.sql.monotonic", lambda: 0.0)
    measured = "known runs: 4 of 5 right (authored runs; 95 %: ≥ 0.38)"
    monkeypatch.setattr("ptb_tui.state.finding_detail.track_record", lambda _rule, _version: measured)
    monkeypatch.setattr("ptb_tui.screens.sql.monotonic", lambda: 0.0)
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    return Path("runs", "story")


async def arrive(pilot: Pilot[None], view: View, story: Path) -> None:
    """Press the keys, with a job to follow where the screen is about one."""
    await settle(pilot)
    for key in view.keys:
        await pilot.press(key)
        await settle(pilot)
    if view.name == "score":
        await until(pilot, lambda: "sample 199" in text(pilot))
    for editor in pilot.app.screen.query(TextArea):
        editor.cursor_blink = False
    await settle(pilot)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_it_is_painted_as_it_was(fixed: Path, view: View, size: tuple[int, int]) -> None:
    if view.name in ("score", "confirm"):
        an_attempt(fixed, 1, ScoreStatus.FAILED, reason="CUDA out of memory. Tried to allocate 2.00 GiB")
        an_attempt(
            fixed, 2, ScoreStatus.COMPLETE, value=0.4012, stderr=0.0123, samples=245, sampling="set: seed 0"
        )
        log = fixed / "output.txt"
        log.write_text("".join(f"sample {number} graded\n" for number in range(200)))
        a_job(fixed, owner=ELSEWHERE, log=str(log), attempt_id="20260403t150000-abcd1234-3", attempt=3)
    if view.name.startswith("compare"):
        shorter(fixed.parent / "shorter")
    async with view.app(fixed).run_test(size=size) as pilot:
        await arrive(pilot, view, fixed)
        grids = []
        for palette in (DARK, LIGHT):
            pilot.app.theme = palette.name
            await settle(pilot)
            grids.append(painted(pilot.app))
        compare(f"{view.name}-{size[0]}x{size[1]}", written(*grids))


def test_every_snapshot_is_of_a_view_that_there_is() -> None:
    wanted = {f"{view.name}-{width}x{height}.txt" for view in VIEWS for width, height in SIZES}
    assert {file.name for file in FOLDER.iterdir()} == wanted


def test_a_difference_is_told_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ptb_tui.snapshot.FOLDER", tmp_path)
    monkeypatch.delenv("PTB_ACCEPT_SNAPSHOTS", raising=False)
    (tmp_path / "one.txt").write_text("same\nold\nsame\n")
    with pytest.raises(AssertionError, match=r"one\.txt is painted differently(.|\n)*-old\n\+new"):
        compare("one", "same\nnew\nsame\n")
    compare("one", "same\nold\nsame\n")
