"""Recorded tables as they are stored: looked up by the ids of their strings, sealed rows and live ones alike."""

from pathlib import Path

import pytest

from store.errors import BadInput
from store.rows import FileAccess, Quality, Source, Stamp
from store.snapshot import Snapshot
from store.sql.stored import Stored
from store.writer import RunWriter

_START = 1_700_000_000_000_000_000


def _access(writer: RunWriter, process_id: int, path: str) -> None:
    writer.put(
        Stamp(_START, Quality.EXACT, Source.KERNEL), FileAccess(process_id, process_id, "open", path, flags=0)
    )


@pytest.mark.parametrize("sealed", [True, False])
def test_accesses_are_found_by_the_id_of_their_path(tmp_path: Path, sealed: bool) -> None:
    writer = RunWriter.create(tmp_path / "run-1", "run-1", started_at=_START)
    for process_id, path in ((1, "/a"), (2, "/b"), (3, "/a")):
        _access(writer, process_id, path)
    if sealed:
        writer.close(ended_at=_START, exit_status="0")
    else:
        writer.flush()
    with Snapshot.open(writer.folder) as snapshot, Stored(snapshot, ["files"]) as stored:
        (number,) = stored.ids(["/a", "/never-seen"])
        assert stored.text(number) == "/a"
        assert stored.rows(f"SELECT process_id FROM files WHERE path = {number} ORDER BY seq") == [(1,), (3,)]


def test_nothing_but_the_runs_own_files_can_be_read(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run-1", "run-1", started_at=_START)
    writer.close(ended_at=_START, exit_status="0")
    (tmp_path / "other.csv").write_text("a\n1\n")
    with (
        Snapshot.open(tmp_path / "run-1") as snapshot,
        Stored(snapshot, ["files"]) as stored,
        pytest.raises(BadInput),
    ):
        stored.rows(f"SELECT * FROM read_csv('{tmp_path / 'other.csv'}')")
