"""Answers that threads bring late: what somebody asked for since, and where somebody went since, stays in view."""

from pathlib import Path
from shutil import rmtree
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.worker import get_current_worker

from ptb_tui.app import PtbApp
from ptb_tui.state.opened import OpenRun
from store.library import entry_of
from tests.ptb_tui.screen import settle, text, until
from tests.ptb_tui.test_runs_screen import another


class Held:
    """Keeps back the next answer that a thread hands over, or one of that name, as a busy app would."""

    def __init__(self, pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self._pilot = pilot
        self._let_go = Event()
        self._thread: Thread | None = None
        hand_over = App.call_from_thread

        def slowly(app: App[None], *args: Any, **kwargs: Any) -> object:
            if self._thread is None and name in ("", get_current_worker().name):
                self._thread = current_thread()
                assert self._let_go.wait(120)
            return hand_over(app, *args, **kwargs)

        monkeypatch.setattr(App, "call_from_thread", slowly)

    @classmethod
    async def after(
        cls, pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch, key: str, name: str = ""
    ) -> "Held":
        """Press a key and wait until its answer is there."""
        held = cls(pilot, monkeypatch, name)
        await pilot.press(key)
        await until(pilot, lambda: held._thread is not None)
        return held

    async def let_go(self) -> None:
        """Hand it over, and all that its thread brings after it."""
        thread = self._thread
        assert thread is not None
        self._let_go.set()
        await until(self._pilot, lambda: not thread.is_alive())
        await settle(self._pilot)


@pytest.fixture
def two(story: Path) -> Path:
    """Two runs of one task, told apart by their agents."""
    another(story, "other")
    manifest = story.parent / "other" / "run.json"
    manifest.write_text(manifest.read_text().replace("claude", "codex"))
    return story


async def at_rest_after(pilot: Pilot[None], key: str) -> None:
    """Press a key once everything is read, and let everything be read that it leads to."""
    await settle(pilot)
    await pilot.press(key)
    await settle(pilot)


def stack(pilot: Pilot[None]) -> list[str]:
    """The screens, one over the other."""
    return [type(screen).__name__.removesuffix("Screen") for screen in pilot.app.screen_stack]


def open_runs(monkeypatch: pytest.MonkeyPatch) -> list[OpenRun]:
    """The runs that are open, from now on."""
    now: list[OpenRun] = []
    whole, close = OpenRun.open, OpenRun.close

    def opening(folder: Path) -> OpenRun:
        now.append(whole(folder))
        return now[-1]

    def closing(run: OpenRun) -> None:
        now[:] = [one for one in now if one is not run]
        close(run)

    monkeypatch.setattr(OpenRun, "open", opening)
    monkeypatch.setattr(OpenRun, "close", closing)
    return now


async def test_a_case_read_again_does_not_come_back_over_the_next_one(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(case=entry_of(two)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        held = await Held.after(pilot, monkeypatch, "R")
        await pilot.press("n")
        await until(pilot, lambda: "codex" in text(pilot))
        await held.let_go()
        assert "codex" in text(pilot)
        assert "claude" not in text(pilot)


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (("enter",), ["Runs", "Case", "Replay"]),
        (("q",), ["Runs"]),
        (("question_mark",), ["Runs", "Case", "Help"]),
        (("n",), ["Runs", "Case"]),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
async def test_a_replay_that_opened_late_stays_out_of_the_way(
    two: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], shown: list[str]
) -> None:
    async with PtbApp(folder=two.parent).run_test(size=(120, 40)) as pilot:
        await at_rest_after(pilot, "enter")
        before = text(pilot).splitlines()[0]
        now = open_runs(monkeypatch)
        held = await Held.after(pilot, monkeypatch, "enter")
        await pilot.press(*keys)
        await until(pilot, lambda: stack(pilot) == shown and (keys != ("n",) or before not in text(pilot)))
        await held.let_go()
        assert stack(pilot) == shown
        assert len(now) == shown.count("Replay"), "what is not shown is closed"
        if "Help" in shown:
            await pilot.press("escape")
            await settle(pilot)
            assert "opening" not in text(pilot)


@pytest.mark.parametrize(("then", "shown"), [("C", ["Runs", "Case", "Compare"]), ("q", ["Runs"])])
async def test_a_run_to_compare_with_that_was_found_late_leads_nowhere_once_another_way_was_taken(
    two: Path, monkeypatch: pytest.MonkeyPatch, then: str, shown: list[str]
) -> None:
    async with PtbApp(folder=two.parent).run_test(size=(120, 40)) as pilot:
        await at_rest_after(pilot, "enter")
        held = await Held.after(pilot, monkeypatch, "C")
        await pilot.press(then)
        await until(pilot, lambda: stack(pilot) == shown)
        await held.let_go()
        assert stack(pilot) == shown


async def test_the_next_case_does_not_take_the_place_of_one_that_was_opened_since(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(folder=two.parent).run_test(size=(120, 40)) as pilot:
        await at_rest_after(pilot, "enter")
        before = text(pilot).splitlines()[0]
        held = await Held.after(pilot, monkeypatch, "n")
        await pilot.press("q", "enter")
        await until(pilot, lambda: stack(pilot) == ["Runs", "Case"] and "score at stake" in text(pilot))
        await held.let_go()
        assert text(pilot).splitlines()[0] == before


async def test_the_moment_of_a_row_is_not_shown_over_the_queries(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await at_rest_after(pilot, "semicolon")
        await pilot.press(*"select", "space", "1", "space", *"as", "space", *"seq", "f5")
        await until(pilot, lambda: "1 row" in text(pilot))
        held = await Held.after(pilot, monkeypatch, "enter")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "come with ptb" in text(pilot))
        await held.let_go()
        assert stack(pilot) == ["Case", "Sql", "Queries"]


async def test_the_form_of_a_score_is_not_shown_over_the_help(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await at_rest_after(pilot, "s")
        held = await Held.after(pilot, monkeypatch, "s", "_prepare")
        await pilot.press("question_mark")
        await until(pilot, lambda: stack(pilot) == ["Case", "Score", "Help"])
        await held.let_go()
        assert stack(pilot) == ["Case", "Score", "Help"]


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("ff", "Findings"), ("ll", "Lineage"), ("fl", "Lineage"), ("ss", "Score"), (";;", "Sql")],
)
async def test_of_two_keys_pressed_at_once_the_last_leads_on(story: Path, keys: str, shown: str) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for key in keys:
            pilot.app.post_message(Key("semicolon" if key == ";" else key, key))
        await settle(pilot)
        assert stack(pilot) == ["Case", shown]


async def test_a_list_of_runs_read_earlier_does_not_replace_a_later_one(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(folder=two.parent).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        held = await Held.after(pilot, monkeypatch, "r")
        rmtree(two.parent / "other")
        await pilot.press("r")
        await until(pilot, lambda: "1 run" in text(pilot))
        await held.let_go()
        assert "codex" not in text(pilot)


async def test_a_word_on_a_finding_outlasts_what_was_read_before_it_was_said(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(140, 50)) as pilot:
        await at_rest_after(pilot, "f")
        held = await Held.after(pilot, monkeypatch, "R")
        await pilot.press("a")
        await until(pilot, lambda: "accepted by" in text(pilot))
        await held.let_go()
        assert "accepted by" in text(pilot)


async def test_what_others_said_is_seen_when_everything_is_read_again(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(140, 50)) as pilot:
        await at_rest_after(pilot, "f")
        await pilot.press("a")
        await until(pilot, lambda: "accepted by" in text(pilot))
        for said in (story / "review" / "decisions").rglob("*.json"):
            said.unlink()
        await pilot.press("R")
        await until(pilot, lambda: "accepted by" not in text(pilot))
