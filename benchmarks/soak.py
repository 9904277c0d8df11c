"""Does the recorder's memory stay where it is, hour after hour? ``ptb record`` around a load of even pace.

Resident memory is read off ``/proc`` every few seconds while the load runs, and apart from it while the run is closed.
The slopes are those of lines through the samples after the first tenth, and through the last third. What the load says that it opened is held against
the rows.
"""

import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.figures import Figures, Setting
from store.sql.query import open_query

EVENTS_PER_S = 20_000
EVERY_S = 3.0
_LOAD = Path(__file__).with_name("steady_load.py")
_STARTED = 0.1
_SETTLED = 2 / 3
"""Shares of the time from which the slopes are taken: tables, strings and allocators fill up first."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the recorder."""

    at_s: float
    rss_mb: float
    cpu_s: float


def run(setting: Setting) -> Figures:
    """Memory of the recorder over ``setting.minutes``, and whether anything was lost."""
    work, folder = setting.scratch / "soak-work", setting.scratch / "soak"
    work.mkdir()
    load = [sys.executable, "-I", "-S", str(_LOAD), str(work), str(EVENTS_PER_S), str(setting.minutes * 60)]
    ptb = [sys.executable, "-P", "-m", "ptb_tui", "record", "--kernel", "ebpf", "--transcript", "none"]
    with subprocess.Popen(
        [*ptb, "-o", str(folder), "--", *load], cwd=work, stdout=subprocess.PIPE
    ) as recorder:
        assert recorder.stdout
        recording = list(_watch(recorder.pid, recorder.stdout))
        opened = int(recorder.stdout.readline())
        closing = list(_watch(recorder.pid, None))
    return {
        "soak_minutes": setting.minutes,
        **_memory(recording),
        "soak_recorder_cpu_share": round(
            (recording[-1].cpu_s - recording[0].cpu_s) / (recording[-1].at_s - recording[0].at_s), 3
        ),
        "soak_closing_s": round(closing[-1].at_s - closing[0].at_s, 1) if closing else 0.0,
        "soak_closing_rss_max_mb": max((sample.rss_mb for sample in closing), default=None),
        **_kept(folder, work, opened, recording[-1].at_s - recording[0].at_s),
    }


def _watch(pid: int, output: IO[bytes] | None) -> Iterator[Sample]:
    """Look until the load says something on ``output``; without one, until the recorder has ended."""
    while True:
        if output is not None and select.select([output], [], [], EVERY_S)[0]:
            return
        if output is None:
            time.sleep(0.2)
        try:
            yield _look(pid)
        except (OSError, IndexError):  # it has ended; a zombie has no memory
            return


def _look(pid: int) -> Sample:
    status = Path(f"/proc/{pid}/status").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    rss_kb = int(status.split("VmRSS:")[1].split()[0])
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Sample(time.monotonic(), round(rss_kb / 1024, 1), cpu_s)


def _memory(samples: Sequence[Sample]) -> Figures:
    sizes = [sample.rss_mb for sample in samples]
    return {
        "soak_samples": len(samples),
        "soak_rss_start_mb": sizes[0],
        "soak_rss_median_mb": statistics.median(sizes),
        "soak_rss_max_mb": max(sizes),
        "soak_rss_end_mb": sizes[-1],
        "soak_rss_slope_mb_per_h": _slope(samples, _STARTED),
        "soak_rss_last_third_slope_mb_per_h": _slope(samples, _SETTLED),
    }


def _slope(samples: Sequence[Sample], since: float) -> float:
    """MB an hour, after a share of the samples."""
    looked_at = samples[int(len(samples) * since) :]
    line = statistics.linear_regression([one.at_s for one in looked_at], [one.rss_mb for one in looked_at])
    return round(line.slope * 3600, 1)


def _kept(folder: Path, work: Path, opened: int, took_s: float) -> Figures:
    """Rows of the run, beside what the load counted."""
    of_the_load = (
        f"SELECT count(*) FROM files WHERE op = 'open' AND flags IS NOT NULL AND path LIKE '{work}/set/%'"
    )
    with open_query([folder]) as query:
        events, lost, rows = (
            int(query.run(sql).table().column(0)[0].as_py())
            for sql in (
                "SELECT count(*) FROM events",
                "SELECT coalesce(sum(lost), 0)::BIGINT FROM gaps WHERE source IN ('kernel', 'recorder')",
                of_the_load,
            )
        )
    return {
        "soak_events": events,
        "soak_events_per_s": round(events / took_s),
        "soak_opens_done": opened,
        "soak_opens_recorded": rows,
        "soak_lost": lost,
    }
