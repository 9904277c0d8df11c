"""Every kind of damage is found and located; an untouched run is consistent wherever it is copied to."""

import json
import shutil
from pathlib import Path

import pytest

from store.errors import BadInput, Damaged, NewerSchema
from store.rows import FileVersion, Source
from store.snapshot import Snapshot
from store.verify import verify
from tests.store.recorded import START, at, closed_run, put_sample, seal, writer


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A closed run of several seals and a merge, copied to another folder."""
    with writer(tmp_path / "original") as recording:
        for _ in range(3):
            put_sample(recording)
            seal(recording)
        recording.close(ended_at=START)
    shutil.copytree(tmp_path / "original", tmp_path / "run")
    return tmp_path / "run"


def problems(run: Path) -> str:
    return "\n".join(f"{one.where}: {one.what}" for one in verify(run).problems)


def test_an_untouched_copy_is_consistent(run: Path) -> None:
    report = verify(run)
    assert report.consistent
    assert report.rows == 360
    assert report.recording_hash


def test_a_changed_byte_is_located(run: Path) -> None:
    file = next((run / "segments").glob("files.*"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert f"{file.parent.name}/{file.name} MiB 0: its bytes were changed" in problems(run)


def test_a_removed_segment_is_named_and_read_as_a_gap(run: Path) -> None:
    file = next((run / "segments").glob("files.*"))
    file.unlink()
    assert f"segments/{file.name}: is missing: 300 rows of files are lost" in problems(run)
    with Snapshot.open(run) as snapshot:
        texts = snapshot.strings()
        assert [texts[one].as_py() for one in snapshot.table("gaps")["cause"].to_pylist()] == ["damaged"]
        assert snapshot.table("gaps")["lost"].to_pylist() == [300]
        assert snapshot.rows("transcript") == 30


def test_a_cut_segment_is_found_and_read_as_a_gap(run: Path) -> None:
    file = next((run / "segments").glob("execs.*"))
    file.write_bytes(file.read_bytes()[:-100])
    assert "it was cut or grew" in problems(run)
    with Snapshot.open(run) as snapshot:
        assert snapshot.rows("execs") == 0
        assert snapshot.rows("gaps") == 1


def test_lost_strings_leave_the_other_columns_readable(run: Path) -> None:
    next((run / "segments").glob("strings.*")).unlink()
    with Snapshot.open(run) as snapshot:
        assert snapshot.table("files")["bytes_read"].to_pylist()[:3] == [0, 1, 2]


def test_reordered_removed_and_edited_entries_are_found(run: Path) -> None:
    chain = run / "chain.jsonl"
    lines = chain.read_text().splitlines(keepends=True)
    chain.write_text("".join([lines[1], lines[0], *lines[2:]]))
    assert "chain.jsonl line 1: does not follow" in problems(run)
    chain.write_text("".join(lines[1:]))
    assert "chain.jsonl line 1: does not follow" in problems(run)
    chain.write_text("".join(lines[:-1]))
    assert "does not end with the close" in problems(run)
    entry = json.loads(lines[1])
    entry["segments"][0]["segment"]["rows"] = 7
    chain.write_text("".join([lines[0], json.dumps(entry) + "\n", *lines[2:]]))
    assert "chain.jsonl line 2: its content does not match its hash" in problems(run)


def test_a_stray_segment_and_changed_facts_are_found(run: Path) -> None:
    file = next((run / "segments").glob("files.*"))
    shutil.copy(file, run / "segments" / "files.000099.parquet")
    manifest = json.loads((run / "run.json").read_text())
    manifest["facts"]["exit_status"] = "0"
    (run / "run.json").write_text(json.dumps(manifest))
    assert "files.000099.parquet: is in no chain entry" in problems(run)
    assert "run.json: what it says of the run" in problems(run)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "a\0b", "", "A" * 64])
def test_a_row_that_names_a_file_elsewhere_is_no_content(tmp_path: Path, name: str) -> None:
    with writer(tmp_path / "foreign") as recording:
        recording.put(at(0, Source.WORKSPACE), FileVersion("/task/x", None, 1, "whole", blob=name))
        recording.close(ended_at=START)
    assert "is no SHA-256" in problems(tmp_path / "foreign")


def test_a_changed_or_missing_blob_is_found(tmp_path: Path) -> None:
    run = closed_run(tmp_path / "run")
    blob = next((run / "blobs").glob("*/*"))
    blob.write_bytes(b"y" * 1000)
    assert f"blobs/{blob.parent.name}/{blob.name}: its content was changed" in problems(run)
    blob.unlink()
    assert "is missing: the content of a file version is lost" in problems(run)


def test_a_head_noted_elsewhere_proves_an_exchange(run: Path) -> None:
    head = verify(run).head
    assert verify(run, head=head).consistent
    assert not verify(run, head="f" * 64).consistent


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"not json", Damaged),
        (b"[]", Damaged),
        (b"{}", Damaged),
        (b'{"major": 99}', NewerSchema),
        (None, BadInput),
    ],
)
def test_a_bad_manifest_is_one_clear_line(run: Path, content: bytes | None, error: type[Exception]) -> None:
    (run / "run.json").unlink()
    if content is not None:
        (run / "run.json").write_bytes(content)
    with pytest.raises(error) as caught:
        verify(run)
    assert "\n" not in str(caught.value)
    assert str(run) in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("started_at", 1),
        ("ended_at", 1),
        ("sources", [{"name": "kernel", "backend": "ebpf", "state": "ended"}]),
    ],
)
def test_what_the_manifest_says_is_pinned(run: Path, field: str, value: object) -> None:
    manifest = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**manifest, field: value}))
    assert "run.json: what it says of the run" in problems(run)
