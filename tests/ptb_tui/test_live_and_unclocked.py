"""Runs that are not what most are: still recorded, without a clock, empty, broken while open."""

from pathlib import Path
from shutil import rmtree

from textual.events import MouseScrollUp

from ptb_tui.app import PtbApp
from ptb_tui.widgets.event_log import EventLog
from store.rows import Command, Message, Quality, Source, Stamp
from store.writer import RunWriter
from tests.ptb_tui.screen import opened, replay_of, settle, text, until
from tests.ptb_tui.story import FACTS, SECOND, START, at


def say(run: RunWriter, number: int) -> None:
    run.put(at(number, Source.TRANSCRIPT), Message("assistant", "message", f"word number {number}"))


async def test_a_run_being_recorded_is_followed_until_one_looks_back(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "live", "live", started_at=START, facts=FACTS) as run:
        for number in range(100):
            say(run, number)
        run.flush()
        async with opened(tmp_path / "live").run_test(size=(120, 30)) as pilot:
            await settle(pilot)
            assert "● live, following" in text(pilot)
            assert "word number 99" in text(pilot)
            say(run, 200)
            run.flush()
            await until(pilot, lambda: "word number 200" in text(pilot))
            await pilot.press("k", "k", "k")
            assert "● live, F follows" in text(pilot)
            say(run, 300)
            run.flush()
            await until(pilot, lambda: "102 events" in text(pilot))
            assert "word number 300" not in text(pilot)
            assert "word number 97" in text(pilot).split("▸")[1]
            await pilot.press("F")
            assert "word number 300" in text(pilot)
            assert "● live, following" in text(pilot)
            run.close(ended_at=START + 301 * SECOND, exit_status="0")
            await until(pilot, lambda: "live" not in text(pilot).splitlines()[1])
            assert "paused" in text(pilot)
            await pilot.press("F")
            assert "nothing to follow" in text(pilot)


async def test_a_live_run_opens_from_the_queue_the_wheel_stops_following_and_pausing_stops_no_recorder(
    tmp_path: Path,
) -> None:
    with RunWriter.create(tmp_path / "runs" / "live", "live", started_at=START, facts=FACTS) as run:
        for number in range(100):
            say(run, number)
        run.flush()
        async with PtbApp(folder=tmp_path / "runs").run_test(size=(120, 30)) as pilot:
            await settle(pilot)
            assert "recording" in text(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: "● live, following" in text(pilot))
            replay_of(pilot).query_one(EventLog).on_mouse_scroll_up(
                MouseScrollUp(None, 5, 5, 0, -1, 0, False, False, False)
            )
            await until(pilot, lambda: "● live, F follows" in text(pilot))
            before = text(pilot)
            say(run, 200)
            run.flush()
            await until(pilot, lambda: "101 events" in text(pilot))
            assert "word number 200" not in text(pilot)
            assert text(pilot).splitlines()[-3] == before.splitlines()[-3]
            await pilot.press("F")
            await until(pilot, lambda: "word number 200" in text(pilot))
            await pilot.press("space")
            for number in range(201, 206):
                say(run, number)
            run.flush()
            await until(pilot, lambda: "106 events" in text(pilot))
            await pilot.press("F")
            await until(pilot, lambda: "word number 205" in text(pilot))
            assert "● live, following" in text(pilot)
        run.close(ended_at=START + 301 * SECOND, exit_status="0")


def unclocked(folder: Path, rows: int = 60) -> Path:
    none = Stamp(None, Quality.NONE, Source.TRANSCRIPT)
    with RunWriter.create(folder, "unclocked", started_at=None, facts=FACTS) as run:
        for number in range(rows):
            run.put(none, Message("assistant", "message", f"word number {number}"))
            if number % 10 == 0:
                run.put(none, Command(number + 1, f"ls {number}"))
        run.close(ended_at=None, exit_status=None)
    return folder


async def test_a_run_without_a_clock_replays_in_order_and_says_so(tmp_path: Path) -> None:
    async with opened(unclocked(tmp_path / "unclocked")).run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        seen = text(pilot)
        assert "order only, no clock" in seen
        assert "in order only: no clock" in seen
        assert "T+" not in seen
        await pilot.press("9")
        assert "word number 5" in text(pilot).split("▸")[1].splitlines()[0]
        await pilot.press("0", "right", "right", "z", "z", "Z", "x")
        await pilot.press("colon", *"3:41", "enter")
        assert "no clock" in text(pilot).splitlines()[-1]
        await pilot.press("0", *["plus"] * 4, "space")
        await until(pilot, lambda: replay_of(pilot).replay.position > 0)
        await pilot.press("space", "y", "m")
        assert "no clock" in pilot.app.clipboard


async def test_an_empty_run_opens_and_every_key_is_harmless(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "empty", "empty", started_at=START) as run:
        run.close(ended_at=START + SECOND, exit_status="0")
    async with opened(tmp_path / "empty").run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert "nothing recorded" in text(pilot)
        for key in (
            "j",
            "k",
            "g",
            "G",
            "5",
            "right",
            "shift+left",
            "space",
            "space",
            "e",
            "n",
            "m",
            "y",
            "z",
            "o",
            "f",
            "F",
        ):
            await pilot.press(key)
            if pilot.app.screen.focused is not None and key == "n":
                await pilot.press("escape")
        await settle(pilot)


async def test_a_run_that_disappears_while_open_is_told_and_survived(story: Path) -> None:
    async with opened(story).run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        rmtree(story)
        await pilot.press("e", "m")
        await settle(pilot)
        await pilot.press("slash", *"train", "enter", "j", "5")
        await settle(pilot)
        assert "T+00:" in text(pilot)
