"""Somebody who has never seen the app: told once what a screen is for, and free to use the mouse."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from ptb_tui.actions.action import Scope
from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.findings import FindingsScreen
from ptb_tui.screens.help import HelpScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.state.hints import Hints
from store.library import entry_of
from tests.ptb_tui.screen import settle, text
from tests.ptb_tui.terminal import Terminal, ptb_env


def hinting(story: Path, folder: Path) -> PtbApp:
    app = PtbApp(case=entry_of(story))
    app.hints = Hints(folder)
    return app


async def test_a_screen_is_explained_the_first_time_and_never_again(story: Path, tmp_path: Path) -> None:
    async with hinting(story, tmp_path / "hints").run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        assert "first time in case" in text(pilot)
        assert "⏎ replays at the evidence, v decides" in text(pilot)
        await pilot.press("f")
        await settle(pilot)
        assert "first time in findings" in text(pilot)
        assert "first time in case" not in text(pilot)
        await pilot.press("j")
        await settle(pilot)
        assert "first time" not in text(pilot)
    async with hinting(story, tmp_path / "hints").run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("f", "q", "s")
        await settle(pilot)
        assert "first time in case" not in text(pilot)
        assert "first time in findings" not in text(pilot)
        assert "first time in score" in text(pilot)


async def test_where_it_cannot_be_remembered_nothing_is_told(story: Path, tmp_path: Path) -> None:
    (tmp_path / "hints").write_text("no folder")
    async with hinting(story, tmp_path / "hints").run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        assert "first time" not in text(pilot)


@pytest.mark.parametrize("scope", Scope)
def test_hints_name_keys_that_there_are(scope: Scope, tmp_path: Path) -> None:
    words = Hints(tmp_path).first(scope)
    assert words is None or ("{" not in words and "}" not in words)
    assert Hints(tmp_path).first(scope) is None


def test_at_a_terminal_the_first_start_is_explained(story: Path) -> None:
    with Terminal(["open"], ptb_env(story.parent)) as terminal:
        terminal.until(lambda screen: "first time in runs" in screen)
        terminal.send("q")
        assert terminal.wait() == 0
    with Terminal(["open"], ptb_env(story.parent)) as terminal:
        terminal.until(lambda screen: "opus-4.6" in screen)
        terminal.read(0.5)
        assert "first time" not in terminal.text
        terminal.send("q")
        assert terminal.wait() == 0


async def click(pilot: Pilot[None], words: str) -> None:
    """The first place where ``words`` stand."""
    y, line = next((y, line) for y, line in enumerate(text(pilot).splitlines()) if words in line)
    assert await pilot.click(offset=(line.index(words) + 1, y))
    await settle(pilot)


def shown(pilot: Pilot[None]) -> type:
    return type(pilot.app.screen)


async def test_the_whole_way_can_be_clicked(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await click(pilot, "opus-4.6")
        await click(pilot, "opus-4.6")
        assert shown(pilot) is CaseScreen
        await click(pilot, "f findings")
        assert shown(pilot) is FindingsScreen
        await click(pilot, "? help")
        assert shown(pilot) is HelpScreen
        await pilot.press("escape")
        await settle(pilot)
        await click(pilot, "q back")
        await click(pilot, "v verdict")
        assert "what becomes of the score?" in text(pilot)
        await pilot.press("q")
        await settle(pilot)
        await click(pilot, "q back")
        assert shown(pilot) is RunsScreen
