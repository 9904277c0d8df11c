"""The SQL surface: what the views hold, over one run or many, sealed or live; what a query may not do."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pkgutil import resolve_name

import pytest

from store.cursor import Cursor
from store.errors import BadInput, BadQuery, Cancelled, Damaged, PtbError
from store.findings import (
    Coverage,
    CoverageState,
    Decision,
    Evidence,
    Finding,
    FindingState,
    Origin,
    Reach,
    RuleResult,
    Ruling,
    Scan,
    Severity,
    add_decision,
    add_finding,
    add_scan,
)
from store.marks import Mark, add_mark
from store.overlay import Review
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Connection,
    Exec,
    FileAccess,
    FileVersion,
    Gap,
    GpuSample,
    Message,
    ProcessExit,
    ProcessStart,
    Quality,
    Source,
    Stamp,
)
from store.sql.prepared import KEPT_PLANS
from store.sql.query import Query, open_query
from store.sql.views import VIEWS, text_of
from store.sql.vocabulary import vocabulary
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, add_verdict, read_verdicts
from store.verdicts import outcome as settled
from store.writer import RunWriter
from tests.store.recorded import SECOND, START, at, closed_run, ends_while_read, writer

COLUMNS = {
    "runs": "run_id case_id method agent agent_model benchmark base_model replicate job started_at ended_at limit_s"
    " exit_status image gpu_name sources reported_score score ruling verdict score_action complete superseded_by"
    " source_path",
    "events": "run_id seq ts ts_quality kind process_id pid actor summary severity",
    "processes": "run_id seq process_id pid ns_pid parent_id ppid start_ts end_ts exe argv cwd uid exit_code signal"
    " command_id role",
    "execs": "run_id seq ts process_id exe argv cwd env_hash truncated",
    "commands": "run_id seq command_id start_ts end_ts text cwd exit_code output tool_call_id process_id match",
    "files": "run_id seq ts end_ts access_id process_id pid op path path2 dev inode flags first_read_ts last_read_ts"
    " first_write_ts last_write_ts bytes_read bytes_written bytes_mapped mmap_prot final error via",
    "file_versions": "run_id seq ts process_id pid path sha256 size text redacted captured",
    "net": "run_id seq ts process_id pid dst port host bytes_out bytes_in",
    "gpu": "run_id seq ts device util_pct mem_used_mb mem_total_mb power_w temp_c sm_clock_mhz processes",
    "transcript": "run_id seq ts ts_quality role kind tool text tool_call_id parent_call_id tokens_in tokens_out"
    " cost_usd",
    "gaps": "run_id seq source start_ts end_ts lost cause reason",
    "findings": "run_id finding_id rule rule_version origin state reach title ts evidence explanation profile severity",
    "marks": "run_id ts seq reviewer text",
    "verdicts": "run_id verdict_id ts reviewer reviewer_kind data model api tampering limits template score_action"
    " rationale evidence recording_hash profile stale",
    "weight_checks": "run_id ts answer alpha cosine identical_tensors rank_share reason",
    "scores": "run_id attempt_id ts benchmark metric value stderr samples limit_n engine engine_version seed"
    " temperature token_limit model_hash harness_hash status",
}
"""What each view promises at least."""


def put_story(run: RunWriter) -> None:
    """An agent (1) whose shell (2) runs python (3), which forks a worker (4); one row of every table at least."""
    run.put(at(0), ProcessStart(1, 101, exe="/usr/bin/node", argv="claude --print", cwd="/task", uid=0))
    run.put(
        at(1, Source.TRANSCRIPT), Message("assistant", "tool_call", "\n python gen.py\nrest", tool="Bash")
    )
    run.put(
        at(1, Source.TRANSCRIPT), Command(7, "python gen.py", cwd="/task", tool="Bash", tool_call_id="t1")
    )
    run.put(at(2), ProcessStart(2, 102, 1, 101, exe="/usr/bin/node", argv="claude --print", cwd="/task"))
    run.put(at(2), Exec(2, 102, "/bin/bash", "bash -c 'python gen.py'", cwd="/task"))
    run.put(at(2), CommandLink(7, 2, "exact"))
    run.put(at(3), ProcessStart(3, 103, 2, 102, exe="/bin/bash", argv="bash", cwd="/task"))
    run.put(at(3), Exec(3, 103, "/usr/bin/python3", "python gen.py", cwd="/task"))
    run.put(at(3.5), Exec(3, 103, "/opt/missing", "missing", error="ENOENT"))
    run.put(at(4), ProcessStart(4, 104, 3, 103, exe="/usr/bin/python3", argv="python gen.py"))
    run.put(
        at(5), FileAccess(4, 104, "open", "/data/eval.jsonl", access_id=1, bytes_read=0, bytes_mapped=4096)
    )
    run.put(at(5), FileAccess(4, 104, "open", "/data/none", error="ENOENT"))
    run.put(
        Stamp(START + 6 * SECOND + 1500, Quality.EXACT, Source.KERNEL),
        FileAccess(
            4, 104, "create", "/task/train.jsonl", access_id=2, end_ts=START + 7 * SECOND, bytes_written=9
        ),
    )
    run.put(at(6), FileAccess(4, 104, "rename", "/task/a", "/task/b"))
    run.put(at(6), FileAccess(4, 104, "chmod", "/task/b"))
    run.put(at(7, Source.WORKSPACE), FileVersion("/task/train.jsonl", "ab" * 32, 9, "whole", text="{}\n"))
    run.put(at(7), Connection(4, 104, "10.0.0.1", 443, "api.example.org", 5, None))
    run.put(at(8, Source.GPU), GpuSample(0, 71.0, 61000.0, 81920.0, 402.0, processes="[]"))
    run.put(at(8), ProcessExit(4, 104, 3, 0))
    run.put(at(8), ProcessExit(3, 103, None, 9))
    run.put(at(9, Source.TRANSCRIPT), CommandEnd(7, 3, "Traceback\nboom"))
    run.put(at(9), Gap("ring_full", "212 events lost", start_ts=START, end_ts=START + SECOND, lost=212))
    run.put(
        Stamp(None, Quality.NONE, Source.TRANSCRIPT), Message("assistant", "raw", "no clock", tokens_out=5)
    )


def story(folder: Path, run_id: str = "story") -> Path:
    with writer(folder, run_id) as run:
        put_story(run)
        run.close(ended_at=START + 10 * SECOND, exit_status="0")
    return folder


def ask(query: Query, sql: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = query.run(sql).table().to_pylist()
    return rows


def one(query: Query, sql: str) -> dict[str, object]:
    rows = ask(query, sql)
    assert len(rows) == 1, rows
    return rows[0]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    with open_query([story(tmp_path_factory.mktemp("runs") / "story")]) as query:
        yield query


def test_every_view_has_its_columns_even_over_no_run() -> None:
    with open_query([]) as query:
        assert {row["name"] for row in ask(query, "SHOW TABLES")} == set(COLUMNS) == set(VIEWS)
        for view, columns in COLUMNS.items():
            described = [row["column_name"] for row in ask(query, f"DESCRIBE {view}")]
            assert set(columns.split()) <= set(described), view
            assert ask(query, f"SELECT * FROM {view}") == []


def test_times_are_timestamps_and_integers_are_signed(told: Query) -> None:
    for view in VIEWS:
        for row in ask(told, f"DESCRIBE {view}"):
            name, kind = str(row["column_name"]), str(row["column_type"])
            assert not re.search("UTINY|USMALL|UINT|UBIG|HUGE", kind), (view, name, kind)
            assert (kind == "TIMESTAMP") == (name in {"ts", "made_at"} or name.endswith(("_ts", "ed_at"))), (
                view,
                name,
                kind,
            )


def test_a_process_is_what_it_last_executed_and_serves_the_nearest_command(told: Query) -> None:
    rows = ask(
        told, "SELECT process_id, parent_id, exe, argv, exit_code, signal, command_id, end_ts FROM processes"
    )
    seen = {row.pop("process_id"): row for row in rows}
    assert [seen[n]["exe"] for n in (1, 2, 3, 4)] == [
        "/usr/bin/node",
        "/bin/bash",
        "/usr/bin/python3",
        "/usr/bin/python3",
    ]
    assert [seen[n]["command_id"] for n in (1, 2, 3, 4)] == [None, 7, 7, 7]
    assert (seen[4]["exit_code"], seen[3]["exit_code"], seen[3]["signal"]) == (3, None, 9)
    assert seen[1]["end_ts"] is None
    assert seen[3]["end_ts"] is not None


def test_a_command_has_its_result_and_its_process(told: Query) -> None:
    row = one(told, "SELECT text, exit_code, output, process_id, match, tool_call_id FROM commands")
    assert row == {
        "text": "python gen.py",
        "exit_code": 3,
        "output": "Traceback\nboom",
        "process_id": 2,
        "match": "exact",
        "tool_call_id": "t1",
    }


def test_times_are_microseconds_rounded_down_and_null_without_a_clock(told: Query) -> None:
    row = one(
        told,
        f"SELECT epoch_us(ts) - {START // 1000} AS ts, epoch_us(end_ts) - {START // 1000} AS end_ts"
        " FROM files WHERE op = 'create'",
    )
    assert row == {"ts": 6_000_001, "end_ts": 7_000_000}
    assert one(told, "SELECT ts, ts_quality FROM transcript WHERE kind = 'raw'") == {
        "ts": None,
        "ts_quality": "none",
    }
    assert one(told, "SELECT end_ts - start_ts = INTERVAL 1 SECOND AS right FROM gaps")["right"]


def test_events_has_one_row_a_recorded_row_with_words_for_people(told: Query) -> None:
    rows = ask(told, "SELECT * FROM events ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    summaries = [row["summary"] for row in rows]
    assert "exec missing failed: ENOENT" in [f"{row['kind']} {row['summary']}" for row in rows]
    for expected in (
        "/task/a → /task/b",
        "Bash python gen.py",
        "exit code 3",
        "killed by signal 9",
        "api.example.org port 443",
        "71.0 %, 61000.0 MB, 402.0 W",
        "ring_full 212 events lost",
        "exit code 3 Traceback",
    ):
        assert expected in summaries
    actors = {str(row["kind"]): row["actor"] for row in rows}
    assert actors["write"] == "python3"
    assert actors["tool_call"] == "assistant"
    assert actors["gpu"] == "gpu 0"
    assert actors["gap"] == "kernel"
    assert actors["command"] == "agent"


def test_events_and_the_cursor_agree_on_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = story(tmp_path / "story")
    with open_query([folder]) as query:
        kinds = {row["seq"]: row["kind"] for row in ask(query, "SELECT seq, kind FROM events")}
    cursor = Cursor.open(folder)
    assert kinds == {event.seq: event.kind.value for event in cursor.window(0, len(cursor))}


@pytest.mark.parametrize("view", VIEWS)
def test_a_column_asked_for_alone_is_the_column_of_the_whole_row(told: Query, view: str) -> None:
    whole = told.run(f"SELECT * FROM {view}").table().to_pydict()
    for column in whole:
        alone = told.run(f'SELECT "{column}" FROM {view}').table().to_pydict()
        assert sorted(map(repr, alone[column])) == sorted(map(repr, whole[column])), column


def test_rows_can_be_used_whole(told: Query) -> None:
    assert (
        one(told, "SELECT f.path AS p FROM (SELECT files AS f FROM files) WHERE f.op = 'rename'")["p"]
        == "/task/a"
    )
    assert one(told, "SELECT p FROM files AS f(a, b, c, d, e, p) WHERE p = 4 LIMIT 1")["p"] == 4
    natural = ask(told, "SELECT count(*) AS n FROM execs NATURAL JOIN (SELECT run_id, exe FROM processes)")
    assert natural == [{"n": 3}]


def test_runs_keep_their_own_strings(tmp_path: Path) -> None:
    folders = [
        closed_run(tmp_path / "a", "a", 20),
        story(tmp_path / "b", "b"),
        closed_run(tmp_path / "c", "c", 5),
    ]
    with open_query(folders) as query:
        rows = ask(
            query,
            "SELECT run_id, list(DISTINCT path ORDER BY path) AS paths FROM files GROUP BY 1 ORDER BY 1",
        )
        for row, folder in zip(rows, folders, strict=True):
            with open_query([folder]) as alone:
                paths = ask(alone, "SELECT DISTINCT path FROM files ORDER BY 1")
            assert row["paths"] == [each["path"] for each in paths]
        joined = ask(
            query, "SELECT run_id, count(*) AS n FROM files JOIN runs USING (run_id) GROUP BY 1 ORDER BY 1"
        )
    assert joined == [{"run_id": "a", "n": 20}, {"run_id": "b", "n": 5}, {"run_id": "c", "n": 5}]


def test_a_run_being_recorded_answers_like_the_closed_one(tmp_path: Path, told: Query) -> None:
    run = writer(tmp_path / "live", "story")
    put_story(run)
    run.flush()
    with open_query([tmp_path / "live"]) as query:
        for view in set(VIEWS) - {"runs"}:
            live, closed = ask(query, f"SELECT * FROM {view}"), ask(told, f"SELECT * FROM {view}")
            assert sorted(map(repr, live)) == sorted(map(repr, closed)), view
        assert one(query, "SELECT complete, state FROM runs") == {"complete": False, "state": "recording"}
    run.close(ended_at=START + 10 * SECOND, exit_status="0")


def test_a_run_that_ends_while_it_is_opened_did_not_die(tmp_path: Path) -> None:
    run = writer(tmp_path / "run")
    run.put(at(0), Message("assistant", "message", "first"))
    run.flush()
    with ends_while_read(run, polls=1), open_query([run.folder]) as query:
        assert one(query, "SELECT (SELECT count(*) FROM gaps) AS gaps, count(*) AS said FROM transcript") == {
            "gaps": 0,
            "said": 1,
        }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", "the query is empty"),
        ("-- nothing", "the query is empty"),
        ("SELEKT 1", 'syntax error at or near "SELEKT" (line 1, column 1)'),
        ("SELECT *\nFROM files\nWHERE", "syntax error"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("DROP VIEW events", "not DROP"),
        ("COPY (SELECT 1) TO 'x.csv'", "not COPY"),
        ("INSTALL httpfs", "not LOAD"),
        ("SET enable_external_access = true", "not SET"),
        ("ATTACH 'x.db'", "not ATTACH"),
        ("PRAGMA database_list", "not PRAGMA"),
        ("CREATE TABLE x AS SELECT 1", "not CREATE"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", "not EXPLAIN"),
        ("WITH a AS (INSERT INTO files VALUES (1) RETURNING *) SELECT * FROM a", "also inside WITH"),
        ("PIVOT files ON op USING count(*)", "IN (…)"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv() is not allowed"),
        ("SELECT * FROM (SELECT * FROM read_text('/etc/passwd'))", "read_text() is not allowed"),
        ("SELECT (SELECT content FROM read_text('/etc/passwd'))", "read_text() is not allowed"),
        ("SELECT * FROM glob('/*')", "glob() is not allowed"),
        ("SELECT * FROM query('SELECT 1')", "query() is not allowed"),
        ("SELECT * FROM duckdb_settings()", "duckdb_settings() is not allowed"),
        ("SELECT * FROM '/etc/passwd'", "no view '/etc/passwd'"),
        ("SELECT * FROM filess", "did you mean files"),
        ("SELECT * FROM recorded.files", "no view 'recorded.files'"),
        ("SELECT * FROM information_schema.tables", "no view"),
        ("SHOW DATABASES", "SHOW takes TABLES"),
        ("SELECT * FROM (SHOW TABLES)", "SHOW takes TABLES"),
        ("SELECT pth FROM files", "did you mean path"),
        ("SELECT path + 1 FROM files", "No function matches"),
        ("SELECT path::INT FROM files", "Could not convert string"),
    ],
)
def test_anything_but_one_answerable_select_is_refused_in_one_line(
    told: Query, sql: str, expected: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(expected)) as refused:
        told.run(sql).table()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELEKT 1", (1, 1)),
        ("SELECT seq,\n  pth FROM files", (2, 3)),
        ("SELECT 'ü',\n * FROM filess", (2, 9)),
        ("-- a comment\nSELECT * FROM filess", (2, 15)),
        (f"SELECT {'path, ' * 60}nope FROM files", (1, 368)),
    ],
)
def test_a_mistake_in_a_query_has_a_place(told: Query, sql: str, place: tuple[int, int]) -> None:
    with pytest.raises(BadQuery) as refused:
        told.run(sql)
    assert (refused.value.line, refused.value.column) == place
    assert f"(line {place[0]}, column {place[1]})" in str(refused.value)


def test_the_vocabulary_is_the_schema() -> None:
    words = vocabulary()
    assert list(words.views) == list(VIEWS)
    assert [one.name for one in words.views["files"]][:3] == ["run_id", "seq", "ts"]
    assert all(words.meanings.values())
    assert {"count", "regexp_matches", "time_bucket"} <= set(words.functions)


def test_queries_in_two_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "a", "a", 50)
    text_of.cache_clear()

    def count(view: str) -> int:
        with open_query([folder]) as query:
            return len(ask(query, f"SELECT * FROM {view}"))

    with ThreadPoolExecutor(max_workers=4) as workers:
        assert len(list(workers.map(count, VIEWS))) == len(VIEWS)


def test_the_connection_refuses_what_the_parser_let_through(told: Query, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    shadowed = f'SELECT * FROM (WITH "{secret}" AS (SELECT 1) SELECT 1), "{secret}"'
    with pytest.raises((BadInput, Damaged)):
        told.run(shadowed).table()


def test_constants_and_series_need_no_run() -> None:
    with open_query([]) as query:
        assert ask(query, "SELECT n FROM range(3) AS t(n) UNION ALL SELECT unnest([7])") == [
            {"n": 0},
            {"n": 1},
            {"n": 2},
            {"n": 7},
        ]


def test_a_limit_says_that_there_is_more(told: Query) -> None:
    result = told.run("SELECT seq FROM events", limit=4)
    assert result.table().num_rows == 4
    assert result.more
    result = told.run("SELECT seq FROM files", limit=5)
    assert result.table().num_rows == 5
    assert not result.more


def test_columns_of_one_name_stay_apart(told: Query) -> None:
    result = told.run("SELECT seq, seq, pid AS seq_2, seq FROM files LIMIT 1")
    assert len(set(result.columns)) == 4
    assert list(result.table().to_pylist()[0]) == list(result.columns)


def test_another_thread_can_stop_a_query(told: Query) -> None:
    ended = threading.Event()

    def stop() -> None:
        while not ended.wait(0.3):
            told.interrupt()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        with pytest.raises(Cancelled):
            told.run(
                "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range = -1"
            ).table()
    finally:
        ended.set()
        stopper.join()
    assert ask(told, "SELECT 1 AS n") == [{"n": 1}]


@pytest.mark.parametrize("step", ["store.sql.prepared.Prepared.connection", "store.sql.query._bound"])
def test_a_query_can_be_stopped_before_it_computes(
    told: Query, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    prepare = resolve_name(step)

    def stopped_meanwhile(*given: object) -> object:
        prepared = prepare(*given)
        told.interrupt()
        return prepared

    monkeypatch.setattr(step, stopped_meanwhile)
    with pytest.raises(Cancelled):
        told.run("SELECT 1 AS n")
    monkeypatch.undo()
    assert ask(told, "SELECT 1 AS n") == [{"n": 1}]


def test_rows_that_are_streamed_can_be_stopped(told: Query) -> None:
    batches = told.run("SELECT a.range FROM range(100000000) a, range(100000) b").batches()
    next(batches)
    told.interrupt()
    with pytest.raises(Cancelled):
        for _ in batches:
            pass


def test_the_rows_of_an_earlier_result_end_with_the_next_query(told: Query) -> None:
    earlier = told.run("SELECT a.range FROM range(100000000) a").batches()
    next(earlier)
    assert ask(told, "SELECT 1 AS n") == [{"n": 1}]
    with pytest.raises(PtbError):
        list(earlier)
    assert ask(told, "SELECT count(*) AS n FROM commands") == [{"n": 1}]


def test_many_kinds_of_queries_can_be_asked_of_one_opening(told: Query) -> None:
    columns = [(view, one.name) for view, names in vocabulary().views.items() for one in names]
    assert len(columns) > KEPT_PLANS
    for _ in range(2):
        counts = {view: one(told, f"SELECT count(*) AS n FROM {view}")["n"] for view in VIEWS}
        for view, column in columns:
            assert len(ask(told, f"SELECT {column} FROM {view}")) == counts[view]


def test_a_query_asked_again_sees_what_was_decided_meanwhile(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    with open_query([folder]) as query:
        assert one(query, "SELECT verdict FROM runs") == {"verdict": None}
        add_verdict(
            Review(folder, "story"),
            verdict("a", "ann", ReviewerKind.HUMAN, Answer.CLEAN, ScoreAction.STANDS, 1),
        )
        assert one(query, "SELECT verdict FROM runs") == {"verdict": "clean"}


def test_a_run_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    with open_query([closed_run(tmp_path / "a", "a", 5), broken]) as query:
        assert [unread.folder for unread in query.unread] == [broken]
        assert one(query, "SELECT run_id FROM runs") == {"run_id": "a"}


def test_a_segment_that_does_not_decode_is_damage(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "a", "a", 50)
    (segment,) = (folder / "segments").glob("files.*")
    segment.write_bytes(b"\0" * segment.stat().st_size)
    with open_query([folder]) as query, pytest.raises(Damaged, match="ptb verify"):
        query.run("SELECT count(path) FROM files").table()


def finding(name: str, *seqs: int) -> Finding:
    evidence = tuple(Evidence(seq, "read", "x") for seq in seqs)
    return Finding(
        "story", name, "hardcoded-items", "1", Origin.DETECTOR, Reach.SEEN, "t", "e", START, evidence
    )


def test_findings_reach_runs_and_events(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    review = Review(folder, "story")
    clear = Coverage(CoverageState.FOUND, "everything")
    found = (finding("f1", 9, 10), finding("f2", 10))
    rulings = (Ruling("f1", Severity.SUSPICIOUS), Ruling("f2", Severity.VIOLATION))
    with open_query([folder]) as query:
        assert one(query, "SELECT ruling FROM runs") == {"ruling": None}
    add_scan(
        review,
        Scan("story", 1, None, "v1.1", "h", (RuleResult("hardcoded-items", "1", clear, found),), rulings),
    )
    with open_query([folder]) as query:
        assert one(query, "SELECT ruling FROM runs") == {"ruling": "violation"}
        cited = ask(query, "SELECT seq, severity FROM events WHERE severity IS NOT NULL ORDER BY seq")
        assert cited == [{"seq": 9, "severity": "suspicious"}, {"seq": 10, "severity": "violation"}]
        joined = (
            "SELECT finding_id FROM (SELECT run_id, finding_id, unnest(evidence) AS seq FROM findings)"
            " JOIN events USING (run_id, seq)"
        )
        assert {row["finding_id"] for row in ask(query, joined)} == {"f1", "f2"}
    add_decision(review, Decision("story", "f2", 2, "ann", FindingState.REJECTED, "quoted only"))
    with open_query([folder]) as query:
        assert one(query, "SELECT ruling FROM runs") == {"ruling": "suspicious"}
    add_decision(review, Decision("story", "f1", 2, "ann", FindingState.REJECTED, "quoted only"))
    with open_query([folder]) as query:
        assert one(query, "SELECT ruling FROM runs") == {"ruling": "none"}


def test_a_review_file_that_was_edited_is_told(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    path = add_finding(Review(folder, "story"), finding("f1", 1))
    path.write_bytes(path.read_bytes().replace(b"hardcoded", b"hardcodex"))
    with open_query([folder]) as query:
        assert ask(query, "SELECT * FROM findings") == []
        assert [problem.path for problem in query.problems] == [path]


def verdict(
    name: str, reviewer: str, kind: ReviewerKind, answer: Answer, action: ScoreAction, ts: int
) -> Verdict:
    return Verdict("story", name, ts, reviewer, kind, data=answer, score_action=action, evidence=(3,))


def test_the_verdict_of_a_run_is_what_people_agree_on(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    review = Review(folder, "story")
    steps: list[tuple[Verdict, tuple[str | None, str | None]]] = [
        (
            verdict("j", "judge", ReviewerKind.MODEL, Answer.VIOLATION, ScoreAction.BASE_SCORE, 1),
            (None, None),
        ),
        (verdict("a", "ann", ReviewerKind.HUMAN, Answer.UNCLEAR, ScoreAction.HOLD, 2), ("unclear", "hold")),
        (verdict("b", "ann", ReviewerKind.HUMAN, Answer.CLEAN, ScoreAction.STANDS, 3), ("clean", "stands")),
        (
            verdict("c", "bob", ReviewerKind.HUMAN, Answer.VIOLATION, ScoreAction.BASE_SCORE, 4),
            ("disputed", "hold"),
        ),
        (
            verdict("d", "both", ReviewerKind.RECONCILED, Answer.VIOLATION, ScoreAction.RERUN, 5),
            ("violation", "rerun"),
        ),
    ]
    for added, (outcome, action) in steps:
        add_verdict(review, added)
        with open_query([folder]) as query:
            row = one(query, "SELECT verdict, score_action FROM runs")
        assert row == {"verdict": outcome, "score_action": action}
        same = settled(read_verdicts(review)[0], None)
        assert (None if same is None else same.answer or "disputed") == outcome
        assert (None if same is None else same.score_action) == action


def test_a_stale_verdict_decides_nothing(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    old = Verdict("story", "v", 1, "ann", ReviewerKind.HUMAN, data=Answer.CLEAN, recording_hash="other")
    add_verdict(Review(folder, "story"), old)
    with open_query([folder]) as query:
        assert one(query, "SELECT stale FROM verdicts") == {"stale": True}
        assert one(query, "SELECT verdict FROM runs") == {"verdict": None}


def test_marks_are_rows(tmp_path: Path) -> None:
    folder = story(tmp_path / "story")
    add_mark(Review(folder, "story"), Mark("story", START, 3, "ann", "look here", START))
    with open_query([folder]) as query:
        assert one(query, "SELECT seq, reviewer, text FROM marks") == {
            "seq": 3,
            "reviewer": "ann",
            "text": "look here",
        }


def test_processes_that_nothing_explains_are_told_from_agents_commands_and_helpers(tmp_path: Path) -> None:
    with writer(tmp_path / "run", "roles") as run:
        for process, parent, argv in (
            (1, None, "bash solve.sh"),
            (2, 1, "claude --print go"),
            (3, 2, "bash -c 'SNAPSHOT_FILE=/root/s.sh'"),
            (4, 3, "id -u"),
            (5, 2, "bash -c 'make all'"),
            (6, 5, "cc x.c"),
            (7, 2, None),
            (8, 2, "curl http://10.0.0.1/x"),
            (9, 8, None),
            (10, 7, None),
            (11, 2, None),
        ):
            run.put(at(process), ProcessStart(process, 100 + process, parent))
            if argv:
                run.put(at(process), Exec(process, 100 + process, f"/bin/{argv.split()[0]}", argv))
        helper = "/bin/bash -c -l 'SNAPSHOT_FILE=/root/s.sh'"
        run.put(at(20), Exec(3, 103, "/bin/bash", helper))
        run.put(at(20), Exec(11, 111, "/usr/bin/absent", "absent --version", error="ENOENT"))
        run.put(at(5), Command(1, "make all", tool="Bash"))
        run.put(at(5), CommandLink(1, 5, "exact"))
        run.put(at(6), Command(2, "never ran", tool="Bash"))
        run.put(at(6), CommandLink(2, None, "none"))
        run.close(ended_at=START + 30 * SECOND, exit_status="0")
    with open_query([tmp_path / "run"]) as query:
        roles = {
            row["process_id"]: row["role"] for row in ask(query, "SELECT process_id, role FROM processes")
        }
        assert roles == {
            1: "agent",
            2: "agent",
            3: "helper",
            4: "helper",
            5: "command",
            6: "command",
            7: "agent",
            8: "unexplained",
            9: "unexplained",
            10: "agent",
            11: "agent",
        }
        unexplained = "SELECT argv FROM processes WHERE role = 'unexplained' AND argv IS NOT NULL"
        assert one(query, unexplained) == {"argv": "curl http://10.0.0.1/x"}
        assert one(query, "SELECT text FROM commands WHERE match = 'none'") == {"text": "never ran"}


def test_how_well_a_time_is_known_and_what_the_driver_reported_can_be_asked(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        second = Stamp(START, Quality.SECOND, Source.TRANSCRIPT, err_us=500_000)
        run.put(second, Message("assistant", "message", "some time in this second"))
        run.put(at(1, Source.GPU), GpuSample(0, xid="79"))
        run.close(ended_at=START + SECOND, exit_status="0")
    with open_query([tmp_path / "run"]) as query:
        assert one(query, "SELECT ts_err_us FROM transcript") == {"ts_err_us": 500_000}
        assert one(query, "SELECT xid FROM gpu") == {"xid": "79"}
        errors = ask(query, "SELECT kind, ts_err_us FROM events ORDER BY ts")
        assert [row["ts_err_us"] for row in errors] == [500_000, None]
