"""Results folders as runs: all four scaffolds in both forms, twice, in part, and damaged."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder.importer import Fate, Outcome, find_results, import_all
from store.cursor import Cursor
from store.errors import BadInput
from store.event import Kind
from store.index.cache import closed_key, find
from store.library import list_runs
from store.manifest import Manifest
from store.manifest_file import read_manifest
from store.overlay import Review
from store.snapshot import Snapshot
from store.verdicts import Answer, Verdict, read_verdicts
from store.verify import verify
from tests.recorder.results_tree import AGENTS, cell, published, whole


def imported(path: Path, runs: Path) -> list[Outcome]:
    return list(import_all(find_results(path), runs, workers=1))


def only(path: Path, runs: Path) -> tuple[Path, Manifest]:
    (outcome,) = imported(path, runs)
    assert outcome.fate is Fate.IMPORTED, outcome.reason
    assert outcome.run_id is not None
    folder = runs / outcome.run_id
    return folder, read_manifest(folder)


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table, symbols spelled out."""
    from store.schema import symbol_columns

    snapshot = Snapshot.open(folder)
    try:
        strings = snapshot.strings().to_pylist()
        symbols = symbol_columns(table)
        found: list[dict[str, Any]] = snapshot.table(table).to_pylist()
        return [
            {
                key: strings[value] if key in symbols and value is not None else value
                for key, value in row.items()
            }
            for row in found
        ]
    finally:
        snapshot.close()


def verdicts(folder: Path) -> dict[str, Verdict]:
    found, problems = read_verdicts(Review(folder, folder.name))
    assert problems == []
    return {verdict.reviewer: verdict for verdict in found}


@pytest.mark.parametrize("scaffold", AGENTS)
@pytest.mark.parametrize("make", [whole, published])
def test_a_results_folder_becomes_a_run(tmp_path: Path, scaffold: str, make: Any) -> None:
    folder, manifest = only(make(tmp_path / "results", scaffold), tmp_path / "runs")
    facts = manifest.facts
    assert (facts.agent, facts.benchmark, facts.base_model) == (scaffold, "gsm8k", "Qwen/Qwen3-1.7B-Base")
    assert (facts.method, facts.job, facts.limit_s) == (AGENTS[scaffold], "101", 36_000)
    assert facts.replicate == ("run2" if scaffold == "codex" else None)
    assert len(rows(folder, "commands")) == 5
    assert verify(folder).problems == ()
    assert "transcript" in {source.name for source in manifest.sources}


def test_the_event_log_of_an_import_tells_notices_from_raw_lines(tmp_path: Path) -> None:
    folder, _ = only(whole(tmp_path / "results", "claude"), tmp_path / "runs")
    cursor = Cursor.open(folder)
    kinds = [event.kind for event in cursor.window(0, len(cursor))]
    assert kinds.count(Kind.RAW) == 9
    assert kinds.count(Kind.NOTICE) == 6
    assert kinds.count(Kind.COMMAND) == kinds.count(Kind.COMMAND_END) == 5


def test_the_first_look_at_an_import_finds_its_index_built(tmp_path: Path) -> None:
    folder, manifest = only(whole(tmp_path / "results", "claude"), tmp_path / "runs")
    block = find(closed_key(manifest))
    assert block is not None
    with Cursor.open(folder) as cursor:
        assert len(cursor) == len(block) == manifest.next_seq


def test_what_the_harness_left_is_in_the_run(tmp_path: Path) -> None:
    folder, manifest = only(whole(tmp_path / "results", "claude"), tmp_path / "runs")
    facts = manifest.facts
    assert facts.reported_score == 0.42
    assert facts.exit_status == "killed by timeout (reached 10h limit)"
    assert facts.agent_model == "claude-opus-4-6"
    assert facts.gpu_name == "NVIDIA H100 80GB HBM3"
    assert manifest.started_at is not None
    assert manifest.ended_at == manifest.started_at + (9 * 3600 + 59 * 60 + 58) * 10**9
    samples = rows(folder, "gpu")
    assert [(row["util_pct"], row["mem_used_mb"], row["power_w"]) for row in samples] == [
        (0.0, 4.0, 69.12),
        (97.0, 61000.0, None),
    ]
    assert "python, train.py" in samples[1]["processes"]
    versions = {row["path"]: row for row in rows(folder, "file_versions") if row["source"] != "transcript"}
    assert versions["/home/ben/task/hello.py"]["text"] == "print('left')\n"
    train = versions["/home/ben/task/data/train.jsonl"]
    assert (train["captured"], train["text"], train["size"]) == ("whole", None, 13 * 30_000)
    assert (folder / "blobs" / train["blob"][:2] / train["blob"]).read_bytes() == b'{"q": "1+1"}\n' * 30_000
    assert versions["/home/ben/task/adapter.bin"]["captured"] == "none"
    weights = versions["/home/ben/task/final_model/model.safetensors"]
    assert (weights["captured"], weights["size"]) == ("none", 5000)
    assert versions["prompt.txt"]["text"] == "We want to train the small LLM …\n"


def test_judges_are_reviewers_and_crashed_ones_are_told_apart(tmp_path: Path) -> None:
    folder, manifest = only(whole(tmp_path / "results", "claude"), tmp_path / "runs")
    found = verdicts(folder)
    assert set(found) == {"judge", "judge_result", "gpt5_4", "gpt5_4_rerun", "kimi", "api"}
    assert (found["judge"].data, found["judge"].model) == (Answer.CLEAN, Answer.CLEAN)
    assert (found["gpt5_4"].data, found["gpt5_4"].model) == (Answer.VIOLATION, Answer.CLEAN)
    assert found["gpt5_4_rerun"].data is Answer.CLEAN
    assert "train.jsonl holds test items" in found["gpt5_4"].rationale
    assert found["gpt5_4"].recording_hash == manifest.recording_hash
    assert found["kimi"].data is found["kimi"].model is None
    assert "no JSON" in found["kimi"].rationale
    assert "no judgement" in found["api"].rationale
    gaps = [row["reason"] for row in rows(folder, "gaps") if row["cause"] == "crashed"]
    assert len(gaps) == 2


def test_a_folder_without_judgements_says_so(tmp_path: Path) -> None:
    folder, _ = only(published(tmp_path / "results", "claude"), tmp_path / "runs")
    assert verdicts(folder) == {}
    causes = [(row["cause"], row["source"]) for row in rows(folder, "gaps")]
    assert causes.count(("missing", "recorder")) == 2
    assert causes.count(("unavailable", "kernel")) == 1


def test_importing_twice_gives_one_run(tmp_path: Path) -> None:
    source, runs = whole(tmp_path / "results", "gemini"), tmp_path / "runs"
    first, again = imported(source, runs), imported(source, runs)
    assert [outcome.fate for outcome in first + again] == [Fate.IMPORTED, Fate.KNOWN]
    assert first[0].run_id == again[0].run_id
    assert len(list_runs(runs)) == 1
    (source / "task" / "hello.py").write_text("changed")
    assert imported(source, runs)[0].fate is Fate.IMPORTED


def test_the_same_folder_elsewhere_is_the_same_run(tmp_path: Path) -> None:
    ids = {imported(whole(tmp_path / name, "codex"), tmp_path / name / "runs")[0].run_id for name in "ab"}
    assert len(ids) == 1


def test_the_highest_job_of_a_cell_supersedes_whenever_it_comes(tmp_path: Path) -> None:
    runs, names = tmp_path / "runs", [f"gsm8k_Qwen_Qwen3-1.7B-Base_{job}" for job in (9, 100, 20)]
    ids = {}
    for name in names:
        source = published(tmp_path / name, "claude", name)
        with (source / "trace.txt").open("a") as trace:
            trace.write(f"\nResult — {name}\n")
        ids[name] = imported(source, runs)[0].run_id
    newest = ids[names[1]]
    told = {entry.run_id: entry.manifest.facts.superseded_by for entry in list_runs(runs) if entry.manifest}
    assert told == {ids[names[0]]: newest, newest: None, ids[names[2]]: newest}
    assert all(verify(entry.folder).problems == () for entry in list_runs(runs))


def test_a_tree_is_imported_by_several_processes(tmp_path: Path) -> None:
    for scaffold in AGENTS:
        whole(tmp_path / "results", scaffold)
        published(tmp_path / "published", scaffold)
    outcomes = list(import_all(find_results(tmp_path), tmp_path / "runs", workers=2))
    assert [outcome.fate for outcome in outcomes] == [Fate.IMPORTED] * 8
    assert {outcome.commands for outcome in outcomes} == {5}
    assert len(list_runs(tmp_path / "runs")) == 8
    assert not (tmp_path / "runs" / ".importing").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the process in /proc")
def test_a_process_that_dies_takes_only_its_own_folder_along(tmp_path: Path) -> None:
    for job in range(40):
        published(tmp_path / "results", "claude", f"gsm8k_Qwen_Qwen3-1.7B-Base_{job}")
    outcomes = import_all(find_results(tmp_path / "results"), tmp_path / "runs", workers=2)
    first = next(outcomes)
    assert first.fate is Fate.IMPORTED
    children = [
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]
    killed = [pid for pid in children if b"recorder.importer" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(killed[0], signal.SIGKILL)
    fates = [outcome.fate for outcome in outcomes]
    assert fates.count(Fate.FAILED) == 1
    assert len(fates) == 39


def test_a_run_that_cannot_be_imported_stops_no_other(tmp_path: Path) -> None:
    published(tmp_path / "results", "claude")
    published(tmp_path / "results", "codex")
    runs = tmp_path / "runs"
    first = find_results(tmp_path / "results")[0]
    runs.mkdir()
    (runs / first.run_id()).write_text("a file where the run should be")
    outcomes = imported(tmp_path / "results", runs)
    assert [outcome.fate for outcome in outcomes] == [Fate.FAILED, Fate.IMPORTED]
    assert outcomes[0].reason


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0garbage\n", b"\n\n\n", b"{" * 10_000])
def test_a_trace_that_says_nothing_is_a_run_with_a_gap(tmp_path: Path, content: bytes) -> None:
    source = cell(tmp_path / "results", "claude")
    (source / "trace.txt").write_bytes(content)
    folder, manifest = only(source, tmp_path / "runs")
    assert manifest.facts.agent == "claude"
    assert manifest.started_at is None
    assert rows(folder, "gaps")
    if not content:
        assert ("unavailable", "trace.txt is empty") in [
            (g["cause"], g["reason"]) for g in rows(folder, "gaps")
        ]


def test_an_empty_stream_gives_way_to_its_prose(tmp_path: Path) -> None:
    source = whole(tmp_path / "results", "opencode")
    (source / "solve_out.txt").write_bytes(b"")
    folder, manifest = only(source, tmp_path / "runs")
    assert len(rows(folder, "commands")) == 5
    assert next(s for s in manifest.sources if s.name == "transcript").reason == "read from solve_parsed.txt"


def test_a_results_folder_without_files_is_a_run_of_gaps(tmp_path: Path) -> None:
    folder, manifest = only(cell(tmp_path / "results", "codex"), tmp_path / "runs")
    assert manifest.facts.agent == "codex"
    assert next(s for s in manifest.sources if s.name == "transcript").state == "unavailable"
    assert {row["cause"] for row in rows(folder, "gaps")} == {"unavailable", "missing"}


def test_links_and_pipes_are_told_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("outside")
    source = whole(tmp_path / "results", "claude")
    (source / "task" / "link.txt").symlink_to(secret / "key.txt")
    (source / "task" / "folder").symlink_to(secret)
    os.mkfifo(source / "task" / "pipe")
    (source / "judgement_spy.json").symlink_to(secret / "key.txt")
    (source / "metrics.json").unlink()
    (source / "metrics.json").symlink_to(secret / "key.txt")
    folder, manifest = only(source, tmp_path / "runs")
    versions = {row["path"].removeprefix("/home/ben/task/"): row for row in rows(folder, "file_versions")}
    assert versions["link.txt"]["reason"] == "a symbolic link, not followed"
    assert versions["folder"]["reason"] == "a symbolic link, not followed"
    assert versions["pipe"]["reason"] == "no regular file"
    assert "outside" not in repr(versions)
    assert "spy" not in verdicts(folder)
    assert manifest.facts.reported_score is None


def test_secrets_in_any_file_are_redacted(tmp_path: Path) -> None:
    key = "sk-ant-" + "a1B2" * 10
    source = whole(tmp_path / "results", "codex")
    for name in ("task/hello.py", "prompt.txt", "output.log", "contamination_judgement.txt"):
        (source / name).write_text(f"KEY={key}\n")
    (source / "judgement_gpt5_4.json").write_text(
        f'{{"contamination": true, "justification_contamination": "{key}"}}'
    )
    folder, _ = only(source, tmp_path / "runs")
    assert key.encode() not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert key not in repr([rows(folder, table) for table in ("transcript", "file_versions", "gaps")])
    assert key not in repr(verdicts(folder))


def test_a_trace_alone_is_a_run(tmp_path: Path) -> None:
    trace = published(tmp_path / "results", "claude") / "trace.txt"
    _, manifest = only(trace, tmp_path / "runs")
    assert manifest.facts.benchmark == "gsm8k"


def test_a_file_that_is_no_transcript_is_an_error(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("milk\n" * 1000)
    with pytest.raises(BadInput, match=r"notes\.txt is no transcript"):
        find_results(notes)


def test_a_path_without_results_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(BadInput, match=path.name):
            find_results(path)
