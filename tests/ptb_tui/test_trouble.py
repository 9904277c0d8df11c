"""What goes wrong while a reviewer works: the app says what happened and what to do, and nothing typed is lost."""

import os
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from shutil import copytree, rmtree

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen

from ptb_tui import screens
from ptb_tui.app import PtbApp
from ptb_tui.state.times import GoToSeq
from ptb_tui.widgets.footer import Footer
from store.findings import FindingState, read_added
from store.marks import read_marks
from store.overlay import Review
from store.snapshot import Snapshot
from store.verdicts import read_verdicts
from tests.ptb_tui.places import PLACES, Place
from tests.ptb_tui.screen import lines, opened, settle, text
from tests.ptb_tui.story import make_story

SIZE = (120, 40)
KIB = 1024


def another(story: Path, place: Place) -> None:
    """A second run, where a place takes two."""
    if place.runs == 2:
        make_story(story.parent / "other", "other")


async def press(pilot: Pilot[None], *keys: str) -> str:
    """Type, wait, and read the screen."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)
    return text(pilot)


def test_every_screen_is_put_to_these_tests() -> None:
    for module in iter_modules(screens.__path__):
        import_module(f"{screens.__name__}.{module.name}")
    classes = {one.__name__ for one in (*Screen.__subclasses__(), *ModalScreen.__subclasses__())}
    ours = {name for name in classes if name.endswith("Screen") and name != "ModalScreen"}
    assert ours - {place.screen for place in PLACES} <= {"ConfirmScreen", "SystemModalScreen"}


# The run folder disappears


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_a_run_that_disappears_ends_no_screen_and_is_not_made_anew(story: Path, place: Place) -> None:
    another(story, place)
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await place.reach(pilot)
        story.rename(story.parent.parent / "elsewhere")
        for key in ("j", "enter", "k", "R", "r", "escape", "a", "escape", "f", "escape"):
            if not pilot.app.is_running:
                break
            await press(pilot, key)
        assert pilot.app.return_code in (None, 0)
    assert not story.exists()


@pytest.mark.parametrize(
    ("keys", "then"),
    [
        (("enter",), ("R",)),
        (("enter",), ("enter",)),
        (("enter",), ("a",)),
        (("enter",), ("f",)),
        (("enter",), ("l",)),
        (("enter",), ("s",)),
        (("enter", "space"), ("m",)),
        (("enter", "l"), ("enter",)),
        (("f",), ("a",)),
        ((), ("enter",)),
        (("h",), ("enter",)),
    ],
    ids=[
        "reload",
        "replay",
        "accept",
        "findings",
        "lineage",
        "score",
        "mark",
        "walk",
        "found",
        "open",
        "heat",
    ],
)
async def test_what_needs_a_run_that_is_gone_says_so(
    story: Path, keys: tuple[str, ...], then: tuple[str, ...]
) -> None:
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        story.rename(story.parent.parent / "elsewhere")
        await press(pilot, *then)
        said = lines(pilot)[-1]
    assert said.startswith(" ! ")
    assert "runs/story" in said
    assert "does not exist" in said or "no run" in said or "is gone: put it back" in said
    assert not story.exists()


async def test_the_queue_says_that_its_runs_are_gone(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        rmtree(story.parent)
        seen = await press(pilot, "r")
    assert f"no runs in {story.parent} yet" in seen


# A sealed file is cut


async def test_a_sealed_file_cut_while_open_costs_only_what_it_held(story: Path) -> None:
    with Snapshot.open(story) as snapshot:
        (cut,) = snapshot.segment_files("file_versions")
        seqs = {name: snapshot.table(name)["seq"][0].as_py() for name in ("file_versions", "transcript")}
    async with opened(story, GoToSeq(seqs["file_versions"])).run_test(size=SIZE) as pilot:
        os.truncate(cut, cut.stat().st_size // 2)
        seen = await press(pilot, "x", "x")
        assert "cannot be read" in " ".join(seen.split())
        assert "ptb verify" in seen
        assert "gen.py" in seen
        await press(pilot, "g")
        seen = await press(pilot, "full_stop")
        assert "Let me look at the task first" in seen
        assert "cannot be read" not in seen


async def test_a_walk_over_rows_that_were_cut_off_does_not_call_them_inferred(story: Path) -> None:
    with Snapshot.open(story) as snapshot:
        for name in ("files", "file_versions"):
            for cut in snapshot.segment_files(name):
                os.truncate(cut, cut.stat().st_size // 2)
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        seen = " ".join((await press(pilot, "enter", "l")).split())
    assert "is not in the recording any more" in seen
    assert "ptb verify" in seen


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_files_cut_everywhere_end_no_screen(story: Path, place: Place, when: str) -> None:
    with Snapshot.open(story) as snapshot:
        files = [story / one.file for one in snapshot.manifest.segments]
    another(story, place)
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        if when == "before":
            for file in files:
                os.truncate(file, file.stat().st_size // 2)
        await place.reach(pilot)
        for file in files:
            os.truncate(file, file.stat().st_size // 2)
        for key in ("j", "enter", "full_stop", "e", "R", "escape", "l", "j", "escape"):
            if not pilot.app.is_running:
                break
            await press(pilot, key)
        assert pilot.app.return_code in (None, 0)


# The terminal is too small


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_a_tiny_terminal_says_what_it_needs_and_recovers(story: Path, place: Place) -> None:
    another(story, place)
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await place.reach(pilot)
        before = text(pilot)
        await pilot.resize_terminal(20, 5)
        await settle(pilot)
        tiny = " ".join(text(pilot).split())
        assert "ptb needs" in tiny
        assert "make the window larger" in tiny or place.name == "palette"
        await pilot.resize_terminal(*SIZE)
        await settle(pilot)
        assert text(pilot) == before


# The disk is full


@pytest.fixture
def full(story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The run and the user's state on a disk of their own; the call makes room on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk that is really full takes a mount: root is needed")
    try:
        monkeypatch.setenv("XDG_STATE_HOME", str(disk / "state"))
        copytree(story, disk / "runs" / "story")
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4 * KIB):
                    pass
            except OSError:
                pass
        yield filler.unlink
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def full_run(full: Callable[[], None], tmp_path: Path) -> Path:  # the disk has to be there
    """The run on the full disk."""
    return tmp_path / "disk" / "runs" / "story"


async def test_a_verdict_that_finds_no_room_stays_in_the_form(
    full: Callable[[], None], full_run: Path
) -> None:
    review = Review(full_run, "story")
    async with PtbApp(folder=full_run.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "v", "r", "ctrl+a", "ctrl+k", *"typed by hand", "enter")
        seen = " ".join((await press(pilot, "enter")).replace("│", " ").split())
        assert "! the disk is full at" in seen
        assert "free some space" in seen
        assert "typed by hand" in seen
        assert read_verdicts(review) == ([], [])
        full()
        seen = await press(pilot, "enter")
        assert "verdict kept in the run" in seen
    (verdict,), problems = read_verdicts(review)
    assert verdict.rationale.endswith("typed by hand")
    assert not problems


@pytest.mark.parametrize("where", ["replay", "case", "findings"])
async def test_a_comment_that_finds_no_room_stays_on_its_line(
    full: Callable[[], None], full_run: Path, where: str
) -> None:
    keys = {"replay": ("enter", "space", "e"), "case": ("enter",), "findings": ("f",)}[where]
    review = Review(full_run, "story")
    async with PtbApp(folder=full_run.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        seen = await press(pilot, *keys, "c", *"worth a look", "enter")
        assert "! the disk is full at" in seen
        assert "enter tries again" in seen
        assert "worth a look" in lines(pilot)[-1]
        full()
        await press(pilot, "enter")
        assert "kept" in lines(pilot)[-1]
    (mark,), problems = read_marks(review)
    assert mark.text == "worth a look"
    assert not problems


async def test_a_reason_that_finds_no_room_can_be_given_up(full: Callable[[], None], full_run: Path) -> None:
    review = Review(full_run, "story")
    async with PtbApp(folder=full_run.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        seen = await press(pilot, "enter", "r", *"not so", "enter")
        assert "! the disk is full at" in seen
        seen = await press(pilot, "escape", "a")
        assert "! the disk is full at" in lines(pilot)[-1]
        full()
        await press(pilot, "a")
    (decision,) = read_added(review)[0].decisions
    assert decision.state is FindingState.ACCEPTED


async def test_a_full_disk_under_the_run_alone_sends_the_verdict_to_the_state_folder(
    full_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "roomy"))
    async with PtbApp(folder=full_run.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "v", "enter")
        assert "verdict kept in" in lines(pilot)[-1]
        assert "review/story/verdicts: the run folder cannot be written" in lines(pilot)[-1]
    assert len(read_verdicts(Review(full_run, "story"))[0]) == 1


# What may be read or written changes


async def test_a_run_that_became_read_only_is_judged_beside_it(
    story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "--bind", str(story), str(story)], check=False).returncode
    ):
        pytest.skip("a folder that turns read-only under root takes a mount")
    try:
        async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
            await settle(pilot)
            await press(pilot, "enter")
            subprocess.run(["mount", "-o", "remount,ro,bind", str(story)], check=True)
            await press(pilot, "v", "enter")
            said = lines(pilot)[-1]
        assert "verdict kept in" in said
        assert len(read_verdicts(Review(story, "story"))[0]) == 1
    finally:
        subprocess.run(["umount", "-l", str(story)], check=True)


async def test_an_index_that_can_be_kept_nowhere_opens_all_the_same(
    story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    async with opened(story).run_test(size=SIZE) as pilot:
        seen = await press(pilot, "e")
    assert "healthbench.jsonl" in seen


@pytest.fixture
def forbid() -> Iterator[Callable[[], None]]:
    """The call takes away what root may: from then on nothing under the test's folder can be read or written."""
    if os.geteuid() != 0:
        pytest.skip("this process gives up its rights for a while: root is needed to get them back")
    try:
        yield lambda: os.seteuid(65534)
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("keys", "then"),
    [
        (("enter",), ("R",)),
        (("enter",), ("enter",)),
        (("enter",), ("a",)),
        (("enter",), ("l",)),
        (("enter",), ("f",)),
        (("enter", "space"), ("m",)),
        (("f",), ("a",)),
        ((), ("enter",)),
        ((), ("s",)),
    ],
    ids=["reload", "replay", "accept", "lineage", "findings", "mark", "found", "open", "score"],
)
async def test_a_run_that_may_not_be_read_any_more_is_told(
    story: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forbid: Callable[[], None],
    keys: tuple[str, ...],
    then: tuple[str, ...],
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # What is imported on the way is imported with the rights still there: the checkout may be forbidden ground, too.
    copytree(story, tmp_path / "before" / "story")
    async with PtbApp(folder=tmp_path / "before").run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, *keys, *then)
    async with PtbApp(folder=story.parent).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        forbid()
        await press(pilot, *then)
        os.seteuid(0)
        said = lines(pilot)[-1]
        message = pilot.app.screen.query_one(Footer).message
    assert said.startswith(" ! ")
    assert "Permission denied" in message
