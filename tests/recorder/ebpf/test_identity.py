"""Operations on names say which file they were about, by st_dev and st_ino, whatever the name became."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.rows import FileAccess
from tests.recorder.ebpf.conftest import Record

pytestmark = pytest.mark.root

_CHURN = """
import json, os
told = {}
def note(name, path): s = os.lstat(path); told[name] = [s.st_dev, s.st_ino]
for name in ('file', 'other', 'removed', 'replaced'): open(name, 'w').close()
for name in ('folder', 'away', 'gone'): os.mkdir(name)
for name in ('file', 'other', 'removed', 'folder', 'gone'): note(name, name)
os.rename('file', 'away/moved')
os.link('away/moved', 'linked')
os.rename('other', 'replaced')
os.unlink('removed')
os.rename('folder', 'away/renamed')
os.rmdir('gone')
os.mkdir('made'); note('made', 'made')
os.symlink('nowhere', 'pointer'); note('pointer', 'pointer')
os.chmod('replaced', 0o600)
os.truncate('replaced', 9)
try: os.rename('missing', 'x')
except OSError: pass
json.dump(told, open('told.json', 'w'))
"""


@pytest.fixture(params=["plain", "overlay"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on an ordinary file system, and one like a container's."""
    if request.param == "plain":
        yield tmp_path
        return
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    layers = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    merged = tmp_path / "merged"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", layers, merged],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no overlay can be mounted here: {mounted.stderr.strip()}")
    yield merged
    subprocess.run(["umount", "-l", merged], check=True)


def test_the_file_behind_a_name_is_known(record: Record, work: Path, tmp_path: Path) -> None:
    enter = ("/bin/sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", work)
    seen = record(*enter, sys.executable, "-c", _CHURN)
    assert seen.exit_code == 0
    told = {name: tuple(found) for name, found in json.loads((work / "told.json").read_text()).items()}
    rows = [row for row in seen.of(FileAccess) if str(row.path).startswith(str(work)) and row.op != "open"]
    found = [
        (row.op, Path(row.path).name, (row.dev, row.inode))
        for row in rows
        if row.op != "create" and Path(row.path).name != "away"
    ]
    unknown = (None, None)
    if work != tmp_path:  # overlayfs sets no change time where it makes a name in its upper layer
        told |= dict.fromkeys(("made", "pointer"), unknown)
    assert found == [
        ("mkdir", "folder", told["folder"] if work == tmp_path else unknown),
        ("mkdir", "gone", told["gone"] if work == tmp_path else unknown),
        ("rename", "file", told["file"]),
        ("link", "moved", told["file"] if work == tmp_path else unknown),
        ("rename", "other", told["other"]),
        ("unlink", "removed", told["removed"]),
        ("rename", "folder", told["folder"]),
        ("rmdir", "gone", told["gone"]),
        ("mkdir", "made", told["made"]),
        ("symlink", "pointer", told["pointer"]),
        ("chmod", "replaced", told["other"]),
        ("truncate", "replaced", told["other"]),
        ("rename", "missing", unknown),
    ]


def test_of_two_files_that_both_keep_a_name_none_is_guessed(record: Record, tmp_path: Path) -> None:
    churn = "import os\nfor n in 'abc': open(n, 'w').close()\nos.link('b', 'd'); os.rename('a', 'b')"
    seen = record(sys.executable, "-c", churn)
    (row,) = [row for row in seen.of(FileAccess) if row.op == "rename"]
    assert (row.dev, row.inode) == (None, None)
