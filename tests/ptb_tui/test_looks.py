"""Each screen as text, compared with what was looked at and found good.

``PTB_ACCEPT_LOOKS=1 pytest tests/ptb_tui/test_looks.py`` accepts what there is now; read the difference first.
"""

import os
from pathlib import Path
from shutil import copytree

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.theme import DARK, LIGHT
from store.library import entry_of
from tests.ptb_tui.screen import opened, settle, text

LOOKS = Path(__file__).parent / "looks"
SIZES = [(80, 24), (120, 40), (200, 60)]
THEMES = [DARK.name, LIGHT.name]


def compare(name: str, seen: str) -> None:
    """``seen`` with the file of that name."""
    file = LOOKS / f"{name}.txt"
    seen = "\n".join(line.rstrip() for line in seen.splitlines()) + "\n"
    if os.environ.get("PTB_ACCEPT_LOOKS"):
        LOOKS.mkdir(exist_ok=True)
        file.write_text(seen)
    assert seen == file.read_text(), f"{file.name} looks different"


def hues(pilot: Pilot[None]) -> set[str]:
    """The colours of what is on the screen."""
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
    styles = [
        segment.style for strip in strips for segment in strip if segment.style and segment.text.strip()
    ]
    return {style.color.name for style in styles if style.color is not None}


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_replay(story: Path, size: tuple[int, int]) -> None:
    async with opened(story).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        compare(f"replay-{size[0]}x{size[1]}", text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_case(story: Path, size: tuple[int, int]) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=size) as pilot:
        await settle(pilot)
        compare(f"case-{size[0]}x{size[1]}", text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_findings(story: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    measured = "known runs: 4 of 5 right (authored runs; 95 %: ≥ 0.38)"
    monkeypatch.setattr("ptb_tui.state.finding_detail.track_record", lambda _rule, _version: measured)
    async with PtbApp(case=entry_of(story)).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        compare(f"findings-{size[0]}x{size[1]}", text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_heat_map(story: Path, size: tuple[int, int]) -> None:
    async with PtbApp(folder=story.parent).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("h")
        await settle(pilot)
        compare(f"heat-{size[0]}x{size[1]}", text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_lineage(story: Path, size: tuple[int, int]) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("l")
        await settle(pilot)
        compare(f"lineage-{size[0]}x{size[1]}", text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_runs(story: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    copytree(story, story.parent / "other")
    monkeypatch.chdir(story.parent.parent)
    async with PtbApp(folder=Path("runs")).run_test(size=size) as pilot:
        await settle(pilot)
        compare(f"runs-{size[0]}x{size[1]}", text(pilot))


async def test_help(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_CONFIG", "app.toml")
    async with opened(story).run_test(size=(120, 100)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        compare("help-120x100", text(pilot))


@pytest.mark.parametrize("theme", THEMES)
async def test_every_lane_and_flag_has_its_hue(story: Path, theme: str) -> None:
    palette = {DARK.name: DARK, LIGHT.name: LIGHT}[theme]
    async with opened(story).run_test(size=(120, 40)) as pilot:
        pilot.app.theme = theme
        await settle(pilot)
        found = hues(pilot)
    wanted = {palette.agent, palette.exec, palette.files, palette.net, palette.gpu, palette.gaps}
    assert wanted | {palette.violation, palette.suspicious, palette.accent} <= found
