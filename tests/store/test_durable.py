"""A file is the old one or the new one, also where several write it at once."""

import os
import threading
from pathlib import Path

import pytest

from store.durable import replace_file
from store.errors import StoreFailed


def test_two_who_write_one_file_at_once_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, sync = tmp_path / "told.json", os.fsync
    second = threading.Thread(target=replace_file, args=(file, b"the second, which is longer"))

    def meanwhile(fd: int) -> None:
        if second.ident is None:
            second.start()
            second.join()
        sync(fd)

    monkeypatch.setattr(os, "fsync", meanwhile)
    replace_file(file, b"the first")
    assert file.read_bytes() == b"the first"
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "told.json"
    replace_file(file, b"before")

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFailed, match="disk is full"):
        replace_file(file, b"after")
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]
