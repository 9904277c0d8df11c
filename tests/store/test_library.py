"""How RUN on the command line finds a run, and what a folder of runs lists."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import BadInput, NewerSchema, UnknownRun
from store.ids import RUN_ID, check_run_id, imported_run_id, new_run_id, slug
from store.library import find_run, find_runs, list_runs, runs_folder
from store.manifest import Manifest, State
from store.manifest_file import write_manifest

SECOND = 1_000_000_000


def make_run(folder: Path, run_id: str, started_at: int | None = SECOND) -> Path:
    run = folder / run_id
    run.mkdir(parents=True)
    write_manifest(run, Manifest(run_id, 1, 0, State.CLOSED, 1, started_at))
    return run


@given(st.integers(0, 2**61), st.text())
def test_ids_are_valid_whatever_the_name(started_at: int, name: str) -> None:
    assert RUN_ID.fullmatch(new_run_id(started_at, name))
    assert RUN_ID.fullmatch(imported_run_id(name, "AB" * 32))


def test_ids_sort_by_start_and_do_not_collide() -> None:
    ids = [new_run_id(n * SECOND, "Claude / HealthBench") for n in range(1_700_000_000, 1_700_000_100)]
    assert ids == sorted(ids)
    assert len({new_run_id(0, "x") for _ in range(1000)}) == 1000
    assert ids[0].startswith("20231114t221320-claude-healthbench-")


def test_an_import_has_the_same_id_twice() -> None:
    assert (
        imported_run_id("Größe", "ab" * 32)
        == imported_run_id("Größe", "AB" * 32)
        == "große-".replace("ß", "") + "ab" * 8
    )


def test_a_slug_is_never_empty() -> None:
    assert slug("///") == "run"


@pytest.mark.parametrize("bad", ["", "A", "a/b", "..", "x" * 81, "a\n"])
def test_what_is_no_id_is_refused(bad: str) -> None:
    with pytest.raises(BadInput):
        check_run_id(bad)


def test_a_run_is_found_by_id_beginning_and_path(tmp_path: Path) -> None:
    run = make_run(tmp_path, "20260101t000000-demo-aa")
    make_run(tmp_path, "20260102t000000-demo-bb")
    for name in ("20260101t000000-demo-aa", "20260101", str(run), f"{run}/"):
        assert find_run(name, tmp_path).run_id == "20260101t000000-demo-aa"
    assert len(find_runs(["20260101", str(run)], tmp_path)) == 1


def test_a_whole_id_wins_over_longer_ones_that_begin_with_it(tmp_path: Path) -> None:
    make_run(tmp_path, "demo")
    make_run(tmp_path, "demo-2")
    assert find_run("demo", tmp_path).run_id == "demo"


def test_a_copied_folder_is_found_by_the_id_inside(tmp_path: Path) -> None:
    make_run(tmp_path, "demo-aa").rename(tmp_path / "evidence")
    assert find_run("demo-a", tmp_path).folder == tmp_path / "evidence"


def test_copies_of_one_run_are_listed_by_their_folders_names(tmp_path: Path) -> None:
    copies = [f"copy-{n * 7 % 20:02}" for n in range(20)]  # in no order that a file system may keep
    for name in copies:
        make_run(tmp_path, "demo").rename(tmp_path / name)
    assert [entry.folder.name for entry in list_runs(tmp_path)] == sorted(copies)


def test_unknown_and_ambiguous_names_list_candidates(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="ptb demo"):
        find_run("nothing", tmp_path)
    for n in range(7):
        make_run(tmp_path, f"demo-{n}", started_at=n)
    with pytest.raises(UnknownRun, match=r"beginning of demo-0, .*demo-4 and 2 more"):
        find_run("demo", tmp_path)
    with pytest.raises(UnknownRun, match="the latest are demo-6"):
        find_run("other", tmp_path)


def test_a_path_that_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no run"):
        find_run(str(tmp_path), tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        find_run("./no/such", tmp_path)


def test_broken_runs_are_listed_with_their_error_and_stop_nobody(tmp_path: Path) -> None:
    make_run(tmp_path, "good")
    (make_run(tmp_path, "cut") / "run.json").write_text('{"run_id": "c')
    newer = make_run(tmp_path, "newer") / "run.json"
    newer.write_text(json.dumps({**json.loads(newer.read_text()), "major": 99}))
    (tmp_path / "no-run").mkdir()
    entries = {entry.run_id: entry for entry in list_runs(tmp_path)}
    assert set(entries) == {"good", "cut", "newer"}
    assert entries["good"].error is None
    assert "not JSON" in (entries["cut"].error or "")
    assert "upgrade ptb" in (entries["newer"].error or "")
    with pytest.raises(NewerSchema):
        find_run("newer", tmp_path)


def test_runs_are_listed_by_start_and_those_without_a_clock_last(tmp_path: Path) -> None:
    make_run(tmp_path, "a-late", 20)
    make_run(tmp_path, "b-early", 10)
    make_run(tmp_path, "c-no-clock", None)
    assert [e.run_id for e in list_runs(tmp_path)] == ["b-early", "a-late", "c-no-clock"]


def test_no_folder_is_no_runs_and_a_file_is_an_error(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="PTB_RUNS"):
        list_runs(tmp_path / "file")


def test_the_folder_is_the_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    monkeypatch.delenv("PTB_RUNS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert runs_folder().is_relative_to(tmp_path / "data") or runs_folder().is_absolute()
