"""SQL without a terminal: tokens, completion, history, kept queries, asking, the table of rows."""

import threading
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_tui.state.sql.answer import LONGEST_CELL, Head, Row, Rows
from ptb_tui.state.sql.asking import Asking
from ptb_tui.state.sql.completion import complete
from ptb_tui.state.sql.grid import Grid
from ptb_tui.state.sql.history import MOST, History
from ptb_tui.state.sql.saved import SavedQuery, own, queries_folder, save, shipped
from ptb_tui.state.sql.tokens import Kind, tokens
from store.errors import BadInput, Cancelled
from store.overlay import state_folder
from store.sql.vocabulary import vocabulary


def offered(query: str) -> list[str]:
    """The words offered where ``|`` stands."""
    at = query.index("|")
    return [one.text for one in complete(query.replace("|", ""), at, vocabulary()).candidates]


@given(st.text())
def test_tokens_lie_in_order_and_leave_out_nothing_but_blanks(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert not text[end : token.start].strip()
        assert text[token.start : token.end] == token.text
        end = token.end
    assert not text[end:].strip()


def test_words_are_what_they_are_in_this_dialect() -> None:
    kinds = {
        token.text: token.kind
        for token in tokens("SELECT text, sum(x), 'a''b' /* c */ FROM \"q\" -- d\nLIMIT 5")
    }
    assert kinds["text"] is Kind.NAME
    assert kinds["sum"] is Kind.FUNCTION
    assert kinds["'a''b'"] is Kind.STRING
    assert kinds["/* c */"] is Kind.COMMENT
    assert kinds['"q"'] is Kind.QUOTED
    assert kinds["-- d"] is Kind.COMMENT
    assert kinds["LIMIT"] is Kind.KEYWORD
    assert kinds["5"] is Kind.NUMBER


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("select * from fi|", "files"),
        ("select * from files f join pro|", "processes"),
        ("select f.bytes_w| from files f", "bytes_written"),
        ("select p.| from processes as p", "run_id"),
        ("select argv, exi| from processes", "exit_code"),
        ("select med|", "median"),
        ("sel|", "SELECT"),
        ("with big as (select 1) select * from b|", "big"),
        ("select * from files where bytes_read > 0 ord|", "ORDER"),
        ("select medi|", "median"),
        ("select pa|", "path"),
    ],
)
def test_completion_knows_what_stands_around_it(query: str, first: str) -> None:
    assert offered(query)[0] == first


@pytest.mark.parametrize(
    "query",
    ["select 'fil|", "-- fil|", "select * from files |", "select 1, |", "select * from files|", "|", '"fil|'],
)
def test_completion_is_silent_where_no_word_is_begun(query: str) -> None:
    assert not offered(query)


def test_after_from_only_tables_are_offered() -> None:
    assert set(offered("select * from |")) == set(vocabulary().views)


@settings(max_examples=50)
@given(st.text(max_size=60), st.integers(0, 60))
def test_completion_takes_anything(text: str, at: int) -> None:
    at = min(at, len(text))
    found = complete(text, at, vocabulary())
    assert 0 <= found.start <= at


def test_history_keeps_each_query_once_and_passes_over_what_is_damaged() -> None:
    file = state_folder() / "sql_history.jsonl"
    history = History()
    for query in ("select 1", "select 2", "select 1"):
        history.add(query)
    with file.open("ab") as out:
        out.write(b'"half a li')
    again = History()
    again.read()
    assert again.queries == ("select 2", "select 1")
    assert file.stat().st_mode & 0o077 == 0, "nobody else reads what was asked"


def test_a_history_that_cannot_be_shortened_is_read_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / f"{'h' * 245}.jsonl"  # too long a name for a temporary file beside it
    file.write_bytes(b"".join(b'"select %d"\n' % n for n in range(2 * MOST + 1)))
    history = History(file)
    history.read()
    assert len(history.queries) == MOST


def test_history_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    history = History(file)
    for number in range(2 * MOST + 1):
        history.add(f"select {number}")
    again = History(file)
    again.read()
    assert len(again.queries) == MOST
    assert again.queries[-1] == f"select {2 * MOST}"
    assert len(file.read_text().splitlines()) == MOST


def test_kept_queries_are_files_that_can_be_written_by_hand() -> None:
    path = save("eval reads", "-- Which\nselect 1")
    assert path == queries_folder() / "eval-reads.sql"
    (queries_folder() / "other.sql").write_text("select 2\n")
    assert [(one.name, one.title) for one in own()] == [("eval-reads", "Which"), ("other", "")]
    for bad in ("../up", "", ".hidden", "a/b", "x" * 80):
        with pytest.raises(BadInput, match="no name"):
            save(bad, "select 1")


@pytest.mark.parametrize("query", shipped(), ids=lambda query: query.name)
def test_every_query_that_comes_with_ptb_runs_and_says_what_it_answers(
    query: SavedQuery, story: Path
) -> None:
    assert query.title
    asking = Asking([story], query.text)
    head = asking.ask()
    rows = asking.read(10).rows
    asking.close()
    assert "run_id" in head.columns
    if {"seq", "start_ts"} & set(head.columns):
        assert all(row.moment is not None for row in rows)


@pytest.mark.parametrize("query", shipped(), ids=lambda query: query.name)
def test_rows_of_runs_that_began_together_come_in_one_order(query: SavedQuery, story: Path) -> None:
    other = Path(copytree(story, story.parent / "other"))
    manifest = other / "run.json"
    manifest.write_text(manifest.read_text().replace('"story"', '"other"'))
    answers = []
    for folders in ([story, other], [other, story]):
        asking = Asking(folders, query.text)
        asking.ask()
        answers.append(asking.read(1000).rows)
        asking.close()
    assert answers[0] == answers[1]


def test_rows_are_read_page_by_page_with_their_moments(story: Path) -> None:
    asking = Asking([story], "select seq, ts, path from files order by seq")
    assert asking.ask().types == ("BIGINT", "TIMESTAMP", "VARCHAR")
    first, rest = asking.read(10), asking.read(10_000)
    assert (len(first.rows), first.more) == (10, True)
    assert (len(rest.rows), rest.more) == (205, False)
    moment = first.rows[0].moment
    assert moment is not None
    assert str(moment.seq) == first.rows[0].cells[0]
    assert moment.ts is not None
    asking.close()


def test_a_long_value_is_cut_and_says_by_how_much(story: Path) -> None:
    asking = Asking([story], "select repeat('x', 1000000) as long, null as nothing")
    asking.ask()
    (row,) = asking.read(1).rows
    asking.close()
    long, nothing = row.cells
    assert nothing is None
    assert long is not None
    assert len(long) < LONGEST_CELL + 50
    assert "998,000 more characters" in long


def test_a_query_is_stopped_before_it_begins_and_while_it_runs(story: Path) -> None:
    early = Asking([story], "select 1")
    early.stop()
    with pytest.raises(Cancelled):
        early.ask()
    late = Asking(
        [story], "select count(*) from range(100000000) a, range(100000) b where a.range * b.range = -1"
    )
    threading.Timer(0.3, late.stop).start()
    with pytest.raises(Cancelled):
        late.ask()
    late.close()


def test_no_run_that_can_be_read_is_a_reason_not_an_empty_answer(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="left out gone"):
        Asking([tmp_path / "gone"], "select * from files").ask()


def test_columns_give_way_to_each_other_and_the_selected_one_is_in_view(story: Path) -> None:
    asking = Asking([story], "select * from files")
    grid = Grid()
    grid.begin(asking.ask(), asking.read(50))
    asking.close()
    for _ in grid.columns:
        shown = grid.in_view(76)
        assert grid.column in [place for place, _ in shown]
        assert sum(width for _, width in shown) + 2 * (len(shown) - 1) <= 76
        grid.shift(1)


def test_what_is_left_of_the_width_goes_to_text_that_was_cut() -> None:
    grid = Grid()
    row = Row(("1", "/a/long/path" * 4, "/another/long/path" * 3), None)
    grid.begin(Head(("seq", "path", "path2"), ("BIGINT", "VARCHAR", "VARCHAR")), Rows((row,), more=False))
    assert sum(width for _, width in grid.in_view(90)) + 2 * 2 == 90
