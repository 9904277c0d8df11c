"""Who may write a run."""

import fcntl
import time
from pathlib import Path

import pytest

from store.errors import BadInput
from store.locks import WRITER_LOCK, lock_for_writing


def test_a_writer_outwaits_a_reader_that_is_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / WRITER_LOCK).open("w") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if sum(pauses) > 1:
                reader.close()

        clock = time.monotonic()
        monkeypatch.setattr(time, "sleep", pause)
        monkeypatch.setattr(time, "monotonic", lambda: clock + sum(pauses))
        lock_for_writing(tmp_path).release()
    assert 1 < sum(pauses) < 2


def test_a_run_has_one_writer(tmp_path: Path) -> None:
    lock = lock_for_writing(tmp_path)
    with pytest.raises(BadInput, match="is being written by another process"):
        lock_for_writing(tmp_path)
    lock.release()
    lock_for_writing(tmp_path).release()
