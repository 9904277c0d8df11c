"""SQL, walked by keys alone: from a typed query over its rows to the moment that one of them is about."""

import csv
import json
from pathlib import Path
from shutil import copytree, rmtree
from threading import Event

import pyarrow.parquet as pq
import pytest
from textual.events import Paste
from textual.keys import _character_to_key
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.queries import QueriesScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.screens.sql import SqlScreen
from ptb_tui.state.sql.asking import Asking
from ptb_tui.state.sql.grid import MOST_ROWS
from ptb_tui.state.sql.history import History
from store.library import entry_of
from tests.ptb_tui.screen import opened, replay_of, settle, text, until
from tests.ptb_tui.terminal import Terminal, ptb_env
from tests.ptb_tui.test_hostile import EVIL, assert_harmless, make_hostile

SIZES = [(80, 24), (120, 36), (200, 50)]
READ = "select seq, ts, path, bytes_read from files where path like '%healthbench%'"
FOREVER = "select count(*) from range(100000000) a, range(100000) b where a.range * b.range = -1"


def keys(typed: str) -> list[str]:
    """The keys that type this."""
    return [_character_to_key(char) if char != "\n" else "enter" for char in typed]


def sql_of(pilot: Pilot[None]) -> SqlScreen:
    """The screen, which is SQL."""
    screen = pilot.app.screen
    assert isinstance(screen, SqlScreen)
    return screen


async def write(pilot: Pilot[None], query: str) -> None:
    """Paste a query over what stands there: keys are slow here, and others test them."""
    await pilot.press("f7", "backspace")
    pilot.app.post_message(Paste(query))
    await until(pilot, lambda: sql_of(pilot).editor.text == query)


async def ask(pilot: Pilot[None], query: str) -> str:
    """Type a query and run it; what is on the screen then."""
    await write(pilot, query)
    await pilot.press("f5")
    await settle(pilot)
    return text(pilot)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_from_a_typed_query_to_the_moment_of_a_row_and_back(story: Path, size: tuple[int, int]) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        assert "file_versions" in text(pilot) or "… " in text(pilot), "the views stand there at first"
        seen = await ask(pilot, READ)
        assert "1 row" in seen
        assert "BIGINT" in seen
        assert "2900000" in seen
        await pilot.press("enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert "healthbench.jsonl" in event.label
        await pilot.press("q")
        assert "2900000" in text(pilot), "the rows are still there"


async def test_a_row_with_a_time_alone_leads_there(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select max(ts) as last_sample from gpu")
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ReplayScreen)
        assert "T+01:10:40" in text(pilot)


async def test_a_row_of_no_moment_and_a_row_of_no_run_say_what_to_select(story: Path) -> None:
    copytree(story, story.parent / "other")
    async with PtbApp(folder=story.parent).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select count(*) as n from files")
        await pilot.press("enter")
        assert "select seq or ts" in text(pilot)
        await pilot.press("tab")
        await ask(pilot, "select seq from files limit 1")
        await pilot.press("enter")
        await settle(pilot)
        assert "select run_id" in text(pilot)
        await pilot.press("tab")
        await ask(pilot, "select run_id, seq from files where run_id = 'story' limit 1")
        await pilot.press("enter")
        await settle(pilot)
        assert replay_of(pilot).run.folder.name in ("story", "other")


async def test_findings_ask_over_their_run(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        await pilot.press("semicolon")
        seen = await ask(pilot, "select rule, title, evidence from findings where severity = 'violation'")
        assert "hardcoded-items" in seen
        await pilot.press("enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert "healthbench.jsonl" in event.label, "the evidence leads there too"


async def test_words_are_offered_as_they_are_typed_and_tab_takes_one(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.press(*keys("select bytes_w"))
        assert "bytes_written" in text(pilot)
        await pilot.press("tab", *keys(" from fi"), "down", "tab")
        assert sql_of(pilot).editor.text == "select bytes_written from file_versions"
        await pilot.press(*keys(" where na"))
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, SqlScreen), "escape closes what is offered first"


async def test_enter_runs_a_query_that_ends_in_a_semicolon_and_is_a_new_line_else(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.press(*keys("select 1 as one\n"))
        assert sql_of(pilot).editor.text.endswith("\n")
        await pilot.press(*keys(";"), "enter")
        await settle(pilot)
        assert "1 row" in text(pilot)


async def test_a_mistake_is_told_with_its_place_and_the_query_stays(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        seen = await ask(pilot, "select seq,\n  pth from files")
        assert "(line 2, column 3)" in seen
        assert "did you mean path" in seen
        editor = sql_of(pilot).editor
        assert editor.text == "select seq,\n  pth from files"
        assert editor.cursor_location == (1, 2)
        assert editor.has_focus


@pytest.mark.parametrize(
    "attempt",
    [
        "create table x as select 1",
        "copy (select 1) to '{out}'",
        "attach '{out}' as other",
        "select * from read_text('/etc/passwd')",
        "select * from '{out}'",
        "install httpfs",
        "set enable_external_access = true",
        "drop view files",
        "select 1; drop view files",
    ],
)
async def test_it_cannot_write_or_read_anything_else(story: Path, tmp_path: Path, attempt: str) -> None:
    out = tmp_path / "out.csv"
    before = sorted((path, path.stat().st_mtime_ns) for path in story.rglob("*"))
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        seen = await ask(pilot, attempt.format(out=out))
        assert "! " in seen
        assert "row 1" not in seen
    assert not out.exists()
    assert sorted((path, path.stat().st_mtime_ns) for path in story.rglob("*")) == before


async def test_escape_stops_a_query_while_keys_still_work(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await write(pilot, FOREVER)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "esc stops" in text(pilot))
        pilot.app.post_message(Paste(" -- ok"))
        await until(pilot, lambda: "-- ok" in sql_of(pilot).editor.text)
        assert "esc stops" in text(pilot), "the screen does not wait for the query"
        await pilot.press("escape")
        await until(pilot, lambda: "stopped" in text(pilot))
        assert isinstance(pilot.app.screen, SqlScreen)
        assert "1 row" in await ask(pilot, "select 1 as one")


async def test_leaving_stops_what_runs_at_once(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(story)
    seen, close = Event(), Asking.close

    def late(asking: Asking) -> None:
        assert seen.wait(120)
        close(asking)

    monkeypatch.setattr(Asking, "close", late)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await write(pilot, FOREVER)
        await pilot.press("f5")
        await until(pilot, lambda: "esc stops" in text(pilot))
        asking = sql_of(pilot)._asking
        assert asking is not None
        await pilot.press("semicolon", "q")
        pilot.app.pop_screen()
        await pilot.pause()
        assert isinstance(app.screen, ReplayScreen)
        try:
            await until(pilot, lambda: asking.stopped)
        finally:
            seen.set()


async def test_another_query_takes_the_place_of_one_that_runs(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await write(pilot, FOREVER)
        await pilot.press("f5")
        await until(pilot, lambda: "esc stops" in text(pilot))
        assert "42" in await ask(pilot, "select 42 as n")


async def test_rows_come_as_one_scrolls_and_more_are_told(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        seen = await ask(pilot, "select range as n from range(100000)")
        assert "the first 500 rows, more exist" in seen
        await pilot.press("G")
        await settle(pilot)
        assert "row 500 of 1,000 and more" in text(pilot)
        await pilot.press("j", "k", "ctrl+d", "ctrl+u", "g")
        assert "row 1 of" in text(pilot)
        grid = sql_of(pilot)._answer.grid
        while len(grid.rows) < MOST_ROWS:
            await pilot.press("G")
            await settle(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert "writes all" in text(pilot)
        assert len(grid.rows) == MOST_ROWS


async def test_columns_and_whole_rows(story: Path) -> None:
    async with opened(story).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select *, repeat('long ', 300) || 'END' as words from files order by seq")
        assert "words" not in text(pilot).splitlines()[6]
        for _ in range(30):
            await pilot.press("l")
        assert "words VARCHAR" in text(pilot)
        await pilot.press("y")
        assert "copied words" in text(pilot)
        await pilot.press("h", "space")
        await settle(pilot)
        assert "seq  BIGINT" in text(pilot)
        await pilot.press("J", "J", "J", "J", "J", "J")
        assert "END" in text(pilot)
        await pilot.press("K", "space", "pagedown", "pageup", "right", "left", "home", "end")
        assert "seq  BIGINT" not in text(pilot)


async def test_views_are_shown_and_turned(story: Path) -> None:
    async with opened(story).run_test(size=(120, 24)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        assert "A run: what its manifest says" in text(pilot)
        await pilot.press("pagedown", "pagedown")
        assert "A run: what its manifest says" not in text(pilot)
        await pilot.press("pageup")
        await ask(pilot, "select 1 as one")
        assert "One program image" not in text(pilot)
        await pilot.press("f2")
        await settle(pilot)
        assert "Anything that happened" in text(pilot)
        await pilot.press("f2")
        await settle(pilot)
        assert "INTEGER" in text(pilot)


async def test_history_is_walked_from_the_first_line_and_outlives_the_app(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select 1 as one")
        await pilot.press("tab")
        await ask(pilot, "select 2\nas two")
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.press(*keys("select 3"), "up")
        editor = sql_of(pilot).editor
        assert editor.text == "select 2\nas two"
        await pilot.press("up")
        assert editor.text == "select 1 as one"
        await pilot.press("up")
        assert "no query was asked before" in text(pilot)
        await pilot.press("down", "down", "down")
        assert editor.text == "select 3"


async def test_what_is_being_written_is_there_again_after_leaving(story: Path) -> None:
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.press(*keys("select 'not done"), "escape")
        assert isinstance(pilot.app.screen, ReplayScreen)
        await pilot.press("semicolon")
        await settle(pilot)
        assert sql_of(pilot).editor.text == "select 'not done"


async def test_queries_are_kept_and_taken(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await write(pilot, "-- Mine alone\nselect 7 as seven")
        await pilot.press("ctrl+s", *keys("../bad"), "enter")
        await settle(pilot)
        assert "is no name" in text(pilot)
        await pilot.press("ctrl+s", *keys("my query"), "enter")
        await settle(pilot)
        assert "my-query.sql" in text(pilot)
        await write(pilot, "")
        await pilot.press("ctrl+o")
        await settle(pilot)
        assert isinstance(pilot.app.screen, QueriesScreen)
        assert "Mine alone" in text(pilot)
        assert "eval-file-reads" in text(pilot)
        await pilot.press("j", "down", "k", "up", "ctrl+d", "ctrl+u", "pagedown", "pageup", "G", "end", "g")
        await pilot.press("home", "enter")
        assert "seven" in sql_of(pilot).editor.text


async def test_a_shipped_query_finds_the_eval_read_in_six_keys(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.press("ctrl+o")
        await settle(pilot)
        await pilot.press("j", "enter", "f5")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert "healthbench.jsonl" in event.label


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
async def test_every_row_is_written_to_a_file(story: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select range as n, '=1+1' as formula from range(3000)")
        await pilot.press("f6", "f7", "backspace", *keys(str(path)), "enter")
        await settle(pilot)
        assert "wrote all rows" in text(pilot)
        await pilot.press("f6", "f7", "backspace", *keys(str(path)), "enter")
        await settle(pilot)
        assert "is there already" in text(pilot)
    if form == "parquet":
        assert pq.read_table(path).num_rows == 3000
    elif form == "json":
        assert len(json.loads(path.read_text())) == 3000
    else:
        rows = list(csv.DictReader(path.open()))
        assert len(rows) == 3000
        assert rows[0]["formula"] == "'=1+1"


async def test_a_file_that_is_being_written_can_be_stopped(story: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select a.range from range(100000000) a, range(100000) b")
        await pilot.press("f6", "f7", "backspace", *keys(str(path)), "enter")
        await until(pilot, lambda: "writing" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "no file was written" in text(pilot))
    assert not list(tmp_path.glob("*out.csv*"))


async def test_a_run_folder_that_is_gone_is_told(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await ask(pilot, "select run_id, seq from files")
        rmtree(story)
        await pilot.press("enter")
        await settle(pilot)
        assert "! " in text(pilot).splitlines()[-1]
        await pilot.press("tab")
        assert "left out story" in await ask(pilot, "select 1 as one")


async def test_a_run_that_cannot_be_read_is_left_out_and_told(story: Path) -> None:
    other = Path(copytree(story, story.parent / "other"))
    async with PtbApp(folder=story.parent).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        (other / "run.json").write_text("{")
        seen = await ask(pilot, "select run_id from runs")
        assert "◐ left out other" in seen
        assert "1 row" in seen


async def test_a_small_terminal_says_so_and_leads_back(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(40, 8)) as pilot:
        await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await pilot.press("semicolon")
        await settle(pilot)
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        assert "make the window larger" in text(pilot)
        await pilot.press("q")
        assert isinstance(pilot.app.screen, RunsScreen)


@pytest.mark.timeout(120)
def test_no_control_of_a_run_reaches_a_real_terminal_from_its_rows(tmp_path: Path) -> None:
    make_hostile(tmp_path / "runs" / "hostile")
    History().add(f"select '{EVIL}'")
    with Terminal(["open"], ptb_env(tmp_path / "runs"), width=160) as terminal:
        terminal.until(lambda screen: "hostile" in screen and "undecided" in screen)
        terminal.send(";")
        terminal.until(lambda screen: "A run: what its manifest says" in screen)
        for query, told in (
            ("select 1 as first, * from files", "first INTEGER"),
            ("select 1 as second, text, output from commands", "second INTEGER"),
            ("select path::int from files", "! "),
            ('select 1 as "\\u001b]52"', "]52 INTEGER"),
            ("select 1 as fifth, text from transcript", "fifth INTEGER"),
        ):
            for part in ("\x1b[18~", "\x7f", query):
                terminal.send(part)
                terminal.read(0.2)
            terminal.send("\x1b[15~")
            terminal.until(lambda screen, told=told: told in screen)  # type: ignore[misc]
            terminal.send(" ")
            terminal.read(0.5)
            assert_harmless(terminal.raw)
            terminal.send(" \t")
        terminal.send("\x1b[18~\x7f")
        terminal.read(0.3)
        terminal.send("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A")
        terminal.read(0.5)
        assert_harmless(terminal.raw)
        terminal.send("\x0f")
        terminal.until(lambda screen: "asked before" in screen)
        assert_harmless(terminal.raw)
        terminal.send("\x11")
        assert terminal.wait() == 0
