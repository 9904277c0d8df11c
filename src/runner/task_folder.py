"""The folder that an agent works in, as it finds it: the benchmark's files, ``timer.sh``, an empty ``final_model``."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from runner.harness import Harness
from store.durable import writing

FINAL_MODEL = "final_model"
_TIMER = """#!/bin/sh
# How much of the time limit is left.
left=$(({ends_at} - $(date +%s)))
if [ "$left" -le 0 ]; then
  echo "The time is up."
else
  printf 'Time left: %d:%02d:%02d (hours:minutes:seconds)\\n' $((left / 3600)) $((left % 3600 / 60)) $((left % 60))
fi
"""


def lay_task(folder: Path, harness: Harness, limit_s: float, *, fixed: bool) -> None:
    """Fill ``folder``, which must not exist.

    With ``fixed`` the harness's read-only files are copied, too; without it empty places are made for mounts.
    Raises :class:`store.errors.StoreFailed` where the disk refuses.
    """
    with writing(folder):
        (folder / FINAL_MODEL).mkdir(parents=True)
        for name, source in harness.fixed:
            place = folder / name
            if fixed:
                _copy(source, place)
            elif source.is_dir():
                place.mkdir()
            else:
                place.touch()
        for source in harness.loose:
            _copy(source, folder / source.name)
        (folder / "timer.sh").write_text(_TIMER.format(ends_at=int(time.time() + limit_s)))


def lay_home(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files, path → text, below the home folder; raises :class:`store.errors.StoreFailed` where the disk refuses."""
    with writing(folder):
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
