"""The system clock is set while a recording runs: a gap says so, and times stand on both sides of it."""

import subprocess
import time
from pathlib import Path

import pytest

from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.rows import FileAccess, Gap
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until

pytestmark = pytest.mark.root

_HOUR_NS = 3_600_000_000_000


def test_a_clock_that_is_set_back_is_a_gap(
    bpf_object: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, back = time.time_ns, [0]
    monkeypatch.setattr(time, "time_ns", lambda: real() - back[0])
    seen, witness = Seen(), EbpfSource()
    command = 'read -r a; : >"$1/before"; read -r b; : >"$1/after"'
    with subprocess.Popen(["/bin/sh", "-c", command, "sh", tmp_path], stdin=subprocess.PIPE) as process:
        witness.start(Target(process.pid, "/"), seen)
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
        until(lambda: _times(seen, tmp_path / "before"))
        back[0] = _HOUR_NS
        until(lambda: [gap for gap in seen.of(Gap) if gap.cause == "clock_jump"], "the gap")
        process.communicate(b"go\n")
        witness.stop()
    (gap,) = [gap for gap in seen.of(Gap) if gap.cause == "clock_jump"]
    assert "-3600.0" in gap.reason
    (before,), (after,) = (_times(seen, tmp_path / name) for name in ("before", "after"))
    assert -_HOUR_NS < after - before < 30_000_000_000 - _HOUR_NS


def _times(seen: Seen, path: Path) -> list[int]:
    """When the first row of a path was; none where there is no such row yet."""
    found = [ts for ts, row in seen.rows if isinstance(row, FileAccess) and row.path == str(path)]
    return [ts for ts in found[:1] if ts is not None]
