"""The cursor over runs that the real writer wrote: closed, being recorded, without a clock, damaged."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import store.index.detail
from store.cursor import Cursor, Query
from store.event import Event, Kind, Lane
from store.index.detail import Detail, Details
from store.manifest_file import read_manifest
from store.rows import (
    Command,
    CommandEnd,
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
    Row,
    Source,
    Stamp,
)
from store.writer import RunWriter
from tests.store.arrivals import Arrival, Model, arrivals
from tests.store.recorded import SECOND, START, at, closed_run, ends_while_read, seal, writer
from tests.waiting import until

ROWS: list[Row] = [
    ProcessStart(1, 100, exe="/bin/bash", argv="bash -l", cwd="/task"),
    Exec(1, 100, "/usr/bin/python3", "python3 train.py", cwd="/task"),
    Exec(1, 100, "/nowhere", None, error="ENOENT"),
    Command(7, "python3 train.py\necho done"),
    FileAccess(1, 100, "open", "/task/eval.jsonl", bytes_read=10, bytes_mapped=5),
    FileAccess(1, 100, "create", "/task/train.jsonl", bytes_read=1, bytes_written=99),
    FileAccess(1, 100, "open", "/etc/shadow", error="EACCES"),
    FileAccess(1, 100, "rename", "/task/a", "/task/b"),
    FileVersion("/task/train.jsonl", "ab" * 32, 99, "whole", text="{}"),
    Connection(1, 100, "10.0.0.1", 443, "hub.example", bytes_out=5),
    GpuSample(0, 71.4, 61_000.0, 80_000.0, 402.0),
    Message("assistant", "tool_call", "ls -la", tool="Bash"),
    Message("assistant", "message", "\n  Let me look.\nThen act."),
    Gap("ring_full", "the ring was full", lost=212),
    CommandEnd(7, 0, "done"),
    ProcessExit(1, 100, signal=9),
]


def every_kind(folder: Path) -> Path:
    """A closed run with the rows above, one a second."""
    with writer(folder) as run:
        for second, row in enumerate(ROWS):
            run.put(at(second), row)
        run.close(ended_at=START + len(ROWS) * SECOND)
    return folder


def events(cursor: Cursor) -> list[Event]:
    return cursor.window(0, len(cursor))


def test_each_recorded_row_reads_as_an_event(tmp_path: Path) -> None:
    with Cursor.open(every_kind(tmp_path / "run")) as cursor:
        seen = [(e.kind, e.label, e.amount, e.failed) for e in events(cursor)]
    assert seen == [
        (Kind.PROCESS, "bash -l", None, False),
        (Kind.EXEC, "python3 train.py", None, False),
        (Kind.EXEC, "/nowhere", None, True),
        (Kind.COMMAND, "python3 train.py", None, False),
        (Kind.READ, "/task/eval.jsonl", 15, False),
        (Kind.WRITE, "/task/train.jsonl", 99, False),
        (Kind.OPEN, "/etc/shadow", None, True),
        (Kind.RENAME, "/task/a → /task/b", None, False),
        (Kind.VERSION, "/task/train.jsonl", 99, False),
        (Kind.CONNECT, "hub.example:443", None, False),
        (Kind.GPU, "gpu 0", 71, False),
        (Kind.TOOL_CALL, "Bash ls -la", None, False),
        (Kind.MESSAGE, "Let me look.", None, False),
        (Kind.GAP, "the ring was full", 212, False),
        (Kind.COMMAND_END, "python3 train.py", 0, False),
        (Kind.EXIT, "python3 train.py", -9, False),
    ]


def test_the_whole_row_is_a_detail_away(tmp_path: Path) -> None:
    with Cursor.open(every_kind(tmp_path / "run")) as cursor:
        for seq, row in enumerate(ROWS):
            detail = cursor.detail(seq)
            assert detail is not None
            assert (detail.seq, detail.row, detail.at) == (seq, row, at(seq))
        assert cursor.detail(len(ROWS)) is None


def test_the_second_open_reads_the_index_and_not_the_segments(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "run")
    with Cursor.open(folder) as cursor:
        first = events(cursor)
    for segment in (folder / "segments").iterdir():
        segment.write_bytes(b"\0" * segment.stat().st_size)
    with Cursor.open(folder) as cursor:
        assert events(cursor) == first


def test_a_lost_segment_shows_although_the_run_was_indexed_before(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "run")
    with Cursor.open(folder) as cursor:
        whole = len(cursor)
    next((folder / "segments").glob("files.*")).unlink()
    with Cursor.open(folder) as cursor:
        assert len(cursor) == whole - 100 + 1
        assert "missing" in next(e.label for e in events(cursor) if e.kind is Kind.GAP)


def test_reading_an_indexed_run_imports_nothing_heavy(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "run")
    Cursor.open(folder).close()
    script = """
import sys
from pathlib import Path
from store.cursor import Cursor, Query
from store.event import Lane
cursor = Cursor.open(Path(sys.argv[1]))
assert len(cursor.window(0, 60)) == 60
start, end = cursor.span
cursor.zoom(start, end, 200), cursor.gpu(start, end, 200), cursor.gaps(start, end), cursor.idle(5)
assert cursor.next_match(Query(text="file3"), 50) and cursor.count_matches(Query(text="file3"))
assert cursor.next_match(Query(lane=Lane.AGENT), 50) and cursor.count_matches(Query(failed=False))
cursor.seek(start), cursor.position_of(3), cursor.refresh()
print(*sorted({"numpy", "pyarrow", "duckdb", "textual", "rich"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


@given(rows=arrivals(clocked=True))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_looks_the_same_while_it_is_recorded_and_when_it_is_closed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Arrival]
) -> None:
    folder = tmp_path_factory.mktemp("live") / "run"
    model = Model.of([Arrival(seq, one.at, one.row) for seq, one in enumerate(rows)])
    half = len(rows) // 2
    with RunWriter.create(folder, "live", started_at=START) as run:
        for one in rows[:half]:
            run.put(one.at, one.row)
        run.flush()
        with Cursor.open(folder) as cursor:
            assert len(cursor) == half
            for one in rows[half:]:
                run.put(one.at, one.row)
            run.flush()
            assert cursor.refresh()
            assert events(cursor) == list(model.events)
            seal(run)
            run.put(Stamp(None, Quality.NONE, Source.RECORDER), Gap("stopped", "enough"))
            run.close(ended_at=START)
            cursor.refresh()
            assert not cursor.live
            followed = events(cursor)
    with Cursor.open(folder) as cursor:
        assert events(cursor) == followed
        assert len(followed) == len(rows) + 1


def test_an_event_is_seen_a_quarter_of_a_second_after_it_was_put(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        run.put(at(0), Message("assistant", "message", "first"))
        run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            assert cursor.live
            waits = []
            for n in range(5):
                run.put(at(n), Message("assistant", "message", f"now {n}"))
                put = time.monotonic()
                while len(cursor) < n + 2:
                    cursor.refresh()
                    time.sleep(0.01)
                waits.append(time.monotonic() - put)
            assert sorted(waits)[2] <= 0.25


@pytest.mark.parametrize("polls", [1, 2])
def test_a_run_that_ends_while_it_is_followed_did_not_die(tmp_path: Path, polls: int) -> None:
    run = writer(tmp_path / "run")
    run.put(at(0), Message("assistant", "message", "first"))
    run.flush()
    with Cursor.open(tmp_path / "run") as cursor:
        run.put(at(1), Message("assistant", "message", "second"))
        run.flush()
        with ends_while_read(run, polls):
            cursor.refresh()
        cursor.refresh()
        assert not cursor.live
        assert [e.label for e in events(cursor)] == ["first", "second", "the last word"]


def test_details_are_looked_at_from_several_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    position = store.index.detail._position
    with writer(tmp_path / "run") as run:
        for n in range(3):
            run.put(at(n), Message("assistant", "message", f"message {n}"))
            run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            meanwhile = threading.Thread(target=cursor.detail, args=(2,))

            def met(*given: Any) -> int | None:
                if meanwhile.ident is None:
                    meanwhile.start()
                    meanwhile.join()
                return position(*given)

            assert cursor.detail(0)
            monkeypatch.setattr("store.index.detail._position", met)
            assert cursor.detail(1) == Detail(
                1, "transcript", at(1), Message("assistant", "message", "message 1")
            )


def test_a_row_whose_file_is_merged_while_it_is_looked_up_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Details.of
    with writer(tmp_path / "run") as run:
        run.put(at(0), Message("assistant", "message", "first"))
        seal(run)
        until(lambda: read_manifest(tmp_path / "run").segments)
        with Cursor.open(tmp_path / "run") as cursor:

            def met(details: Details, seq: int, kind: Kind) -> Detail:
                monkeypatch.undo()
                run.put(at(1), Message("assistant", "message", "second"))
                run.close(ended_at=START + SECOND)
                assert cursor.refresh()
                kept = {segment.file for segment in read_manifest(tmp_path / "run").segments}
                for file in (tmp_path / "run" / "segments").iterdir():
                    if f"segments/{file.name}" not in kept:
                        file.unlink()
                return look(details, seq, kind)

            monkeypatch.setattr(Details, "of", met)
            found = cursor.detail(0)
            assert found is not None
            assert found.row == Message("assistant", "message", "first")


def test_a_run_grows_while_another_thread_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writer(tmp_path / "run") as run:
        run.put(at(0), Message("assistant", "message", "first"))
        run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            asked, hashed = Query(text="first"), Query.__hash__
            searching = threading.Thread(target=cursor.count_matches, args=(Query(text="other"),))

            def met(query: Query) -> int:
                if searching.ident is None:
                    searching.start()
                    searching.join(0.2)
                return hashed(query)

            assert cursor.count_matches(asked) == 1
            run.put(at(1), Message("assistant", "message", "first again"))
            run.flush()
            monkeypatch.setattr(Query, "__hash__", met)
            assert cursor.refresh()
            searching.join()
            assert cursor.count_matches(asked) == 2


def test_a_late_row_appears_at_its_time_in_a_run_that_is_recorded(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        for second in (1, 2, 3):
            run.put(at(second), Message("assistant", "message", f"at {second}"))
        run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            run.put(at(1.5), FileAccess(1, 100, "open", "/late", bytes_read=1))
            run.flush()
            assert cursor.refresh()
            assert [e.label for e in events(cursor)] == ["at 1", "/late", "at 2", "at 3"]
            assert cursor.position_of(3) == 1
            assert not cursor.refresh()


def test_an_exit_is_named_after_a_program_that_was_read_before(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        run.put(at(0), ProcessStart(1, 100, argv="bash"))
        run.put(at(1), Command(3, "make all"))
        for n in range(20):
            run.put(at(2), FileAccess(1, 100, "open", f"/{n}"))
        run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            run.put(at(3), ProcessExit(1, 100, 0))
            run.put(at(4), CommandEnd(3, 0))
            run.flush()
            cursor.refresh()
            assert [e.label for e in cursor.window(22, 2)] == ["bash", "make all"]


def test_a_block_of_first_rows_is_kept_for_the_next_reader_of_a_live_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.index.growing._KEPT_ROWS", 100)
    monkeypatch.setattr("store.index.growing._REBUILT_ROWS", 50)
    with writer(tmp_path / "run") as run:
        for n in range(150):
            run.put(at(n % 40), Message("assistant", "message", f"step {n}"))
        run.flush()
        Cursor.open(tmp_path / "run").close()
        for n in range(30):
            run.put(at(n), ProcessExit(1, 1, n))
        run.flush()
        with Cursor.open(tmp_path / "run") as cursor:
            seen = events(cursor)
        run.close(ended_at=START)
    with Cursor.open(tmp_path / "run") as cursor:
        assert events(cursor) == seen
        assert len(seen) == 180


def test_a_run_without_a_clock_replays_in_order_and_zooms_by_position(tmp_path: Path) -> None:
    unclocked = Stamp(None, Quality.NONE, Source.TRANSCRIPT)
    with RunWriter.create(tmp_path / "run", "no-clock", started_at=None) as run:
        for n in range(10):
            run.put(unclocked, Message("assistant", "message", f"step {n}"))
        run.close(ended_at=None)
    with Cursor.open(tmp_path / "run") as cursor:
        assert not cursor.clocked
        assert [e.label for e in events(cursor)] == [f"step {n}" for n in range(10)]
        assert {e.ts for e in events(cursor)} == {None}
        assert cursor.zoom(0, 9, 5).counts[Lane.AGENT] == [2, 2, 2, 2, 2]
        assert cursor.gpu(0, 9, 5) == []
        assert cursor.idle(1) == []


def test_a_run_whose_recorder_was_killed_opens_with_all_that_was_committed(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from tests.store.recorded import put_sample, writer
run = writer(Path(sys.argv[1]))
put_sample(run)
run.flush()
os._exit(9)
"""
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")], cwd=Path(__file__).parents[2], check=False
    )
    with Cursor.open(tmp_path / "run") as cursor:
        assert not cursor.live
        assert cursor.count_matches(Query(lane=Lane.FILES)) == 100
        assert cursor.count_matches(Query(kinds=frozenset({Kind.GAP}))) == 1


def test_a_recorder_that_is_killed_while_it_is_followed_is_told(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tests.store.recorded import put_sample, writer
run = writer(Path(sys.argv[1]))
put_sample(run)
run.flush()
print("written", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", script, str(tmp_path / "run")]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == b"written\n"
        with Cursor.open(tmp_path / "run") as cursor:
            was_live = cursor.live
            recorder.kill()
            recorder.wait()
            assert cursor.refresh()
            assert (was_live, cursor.live) == (True, False)
            assert cursor.count_matches(Query(lane=Lane.FILES)) == 100
            assert cursor.count_matches(Query(kinds=frozenset({Kind.GAP}))) == 1
            assert not cursor.refresh()


def test_an_empty_run_is_no_error(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        run.close(ended_at=START)
    with Cursor.open(tmp_path / "run") as cursor:
        assert len(cursor) == 0
        assert cursor.window(0, 60) == []
        assert cursor.next_match(Query(text="a"), -1) is None
        assert cursor.count_matches(Query()) == 0
        assert cursor.position_of(0) is None
        assert cursor.detail(0) is None


def test_gaps_are_told_where_they_are(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as run:
        run.put(at(0), Message("assistant", "message", "hello"))
        run.put(
            at(9), Gap("ring_full", "full", start_ts=START + 2 * SECOND, end_ts=START + 3 * SECOND, lost=212)
        )
        no_time = Stamp(None, Quality.NONE, Source.GPU)
        run.put(no_time, Gap("unavailable", "no device"))
        run.close(ended_at=START + 9 * SECOND)
    with Cursor.open(tmp_path / "run") as cursor:
        found = cursor.gaps(START, START + 9 * SECOND)
        assert [(g.seq, g.source, g.cause, g.lost) for g in found] == [
            (2, "gpu", "unavailable", None),
            (1, "kernel", "ring_full", 212),
        ]
        assert [g.seq for g in cursor.gaps(START + 4 * SECOND, START + 9 * SECOND)] == [2]


def test_a_run_copied_elsewhere_uses_the_same_index(tmp_path: Path) -> None:
    folder = closed_run(tmp_path / "run")
    with Cursor.open(folder) as cursor:
        seen = events(cursor)
    copy = shutil.copytree(folder, tmp_path / "copy")
    for segment in (copy / "segments").iterdir():
        segment.write_bytes(b"\0" * segment.stat().st_size)
    with Cursor.open(copy) as cursor:
        assert events(cursor) == seen
