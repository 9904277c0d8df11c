"""A gate before chosen paths, with its rows; skips with the reason where this machine has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recorder.fanotify.gate import Gate
from recorder.fanotify.group import Group, Kind
from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.errors import Unavailable
from tests.recorder.collected import Collected


@pytest.fixture(autouse=True)
def _privileged() -> None:
    try:
        Group(Kind.GATE).close()
    except Unavailable as error:
        pytest.skip(str(error))


@contextmanager
def shut(*paths: Path, lives: Lives | None = None) -> Iterator[Collected]:
    """Deny ``paths`` inside the block; afterwards every denial is a row."""
    gate, rows = Gate(paths, lives or Lives()), Collected()
    gate.start(Target(0, "/"), rows)
    try:
        yield rows
    finally:
        gate.stop()
