"""The folder of built indexes: rebuilt when it is wrong, bounded, shared, never in the way."""

import os
import threading
from pathlib import Path

import pytest

from store.cursor import Cursor, build_index, index_ahead
from store.event import Event
from store.index.cache import cache_folder
from tests.store.recorded import closed_run


def events(folder: Path) -> list[Event]:
    with Cursor.open(folder) as cursor:
        return cursor.window(0, len(cursor))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return closed_run(tmp_path / "run")


def kept() -> list[Path]:
    return sorted(cache_folder().glob("*.columns"))


@pytest.mark.parametrize("damage", ["cut", "empty", "footer", "version", "noise"])
def test_an_index_that_is_not_whole_is_built_again(run: Path, damage: str) -> None:
    seen = events(run)
    (path,) = kept()
    data = path.read_bytes()
    spoiled = {
        "cut": data[:-100],
        "empty": b"",
        "footer": data[:-60] + b"?" + data[-59:],
        "version": data.replace(b'"message"', b'"massage"'),
        "noise": b"\xff" * 4096,
    }[damage]
    path.write_bytes(spoiled)
    assert events(run) == seen
    assert path.read_bytes() == data


def test_a_cache_that_takes_no_file_is_no_obstacle(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = events(run)
    obstacle = run.parent / "obstacle"
    obstacle.write_text("a file where the cache should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(obstacle))
    assert events(run) == seen


def test_a_recording_ends_without_an_index_where_none_can_be_kept(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    obstacle = run.parent / "obstacle"
    obstacle.write_text("a file where the cache should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(obstacle))
    monkeypatch.setattr("store.index.cache.BytesIO", lambda: pytest.fail("built in memory, for nobody"))
    index_ahead(run)


def test_what_was_used_least_lately_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [closed_run(tmp_path / name, name) for name in ("one", "two", "three")]
    events(runs[0])
    (one,) = kept()
    monkeypatch.setattr("store.index.cache.LIMIT_BYTES", int(2.5 * one.stat().st_size))
    os.utime(one, (1, 1))
    events(runs[1])
    (two,) = set(kept()) - {one}
    os.utime(two, (2, 2))
    events(runs[0])  # used again: no longer the oldest
    events(runs[2])
    assert one in kept()
    assert two not in kept()
    assert len(kept()) == 2


def test_the_newest_index_stays_even_when_it_is_too_large(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.index.cache.LIMIT_BYTES", 1)
    events(run)
    assert len(kept()) == 1


def test_what_a_builder_that_died_left_behind_is_swept(run: Path) -> None:
    cache_folder().mkdir(parents=True)
    old, new = cache_folder() / ".old.tmp", cache_folder() / ".new.tmp"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1, 1))
    events(run)
    assert not old.exists()
    assert new.exists()


def test_two_builders_at_once_both_get_the_run(run: Path) -> None:
    lengths: list[int] = []
    builders = [threading.Thread(target=lambda: lengths.append(len(build_index(run)))) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert lengths == [121] * 4
    assert len(kept()) == 1
    assert len(events(run)) == 121
