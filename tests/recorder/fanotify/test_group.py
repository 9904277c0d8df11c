"""What an event says of its file once the name is gone by which it was opened."""

import os
from pathlib import Path

import pytest

from recorder.fanotify.group import Event


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items"
    path.write_text("the answers")
    return path


def path_of(fd: int) -> Path:
    return Path(os.fsdecode(Event(0, fd, os.getpid()).path()))


@pytest.mark.parametrize("name", ["other", "other (deleted)"])
@pytest.mark.parametrize("is_linked", [True, False])
def test_a_name_that_is_gone_is_told_as_it_was(items: Path, name: str, *, is_linked: bool) -> None:
    other = items.with_name(name)
    other.hardlink_to(items)
    if not is_linked:
        items.unlink()
    with other.open() as file:
        assert path_of(file.fileno()) == other
        other.unlink()
        assert path_of(file.fileno()) == other


def test_another_file_under_the_name_that_the_kernel_gives_is_not_taken_for_it(items: Path) -> None:
    other = items.with_name("other")
    other.hardlink_to(items)
    with other.open() as file:
        other.unlink()
        items.with_name("other (deleted)").touch()
        assert path_of(file.fileno()) == other
