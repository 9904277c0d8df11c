"""From the shell's prompt to the first useful rows of a large run, and the memory it takes, beside other viewers.

The peers get the same events as they like them best: harlequin a DuckDB file, visidata Parquet, lnav JSON lines with
a format definition (a fifth of the events, it needs 0.5 kB each). Install them anywhere and name the environment
with ``--peers``; lnav is taken from PATH.
"""

import shutil
import sys
from pathlib import Path

import duckdb
import orjson

from benchmarks.figures import Figures, Setting, spread
from benchmarks.terminal import Terminal
from store.cursor import Cursor
from store.snapshot import Snapshot

MARKER = "claude --print"
LNAV_SHARE = 5


def run(setting: Setting) -> Figures:
    """First rows and memory of ptb and its peers."""
    folder = setting.big_run()
    with Cursor.open(folder) as cursor:
        events = len(cursor)
    times, memory, settled = [], 0.0, 0.0
    for _ in range(7):
        with Terminal(ptb_open(folder)) as terminal:
            shown = terminal.wait_for(MARKER)
            if shown is None:
                raise SystemExit("ptb open painted no rows")
            times.append(shown)
            memory = max(memory, terminal.rss_mb)
            terminal.settle(1.0)
            settled = max(settled, terminal.rss_mb)
    return {
        "events": events,
        "first_rows_s": round(sorted(times)[len(times) // 2], 3),
        **spread("first_rows", times, "s"),
        "rss_mb": memory,
        "rss_with_detail_pane_mb": settled,
        **_case(folder),
        **_harlequin(setting, folder),
        **_visidata(setting, folder),
        **_lnav(setting, folder, events // LNAV_SHARE),
    }


def _case(folder: Path) -> Figures:
    """The first screen of a run, its Case, until everything but how the model was made stands there."""
    command = [sys.executable, "-P", "-m", "ptb_tui", "open", str(folder)]
    times = []
    for _ in range(7):
        with Terminal(command) as terminal:
            shown = terminal.wait_for("judges and reviewers")
            if shown is None:
                raise SystemExit("ptb open painted no case")
            times.append(shown)
    return spread("case", times, "s")


def ptb_open(folder: Path) -> list[str]:
    """The command that opens a run in the app."""
    return [sys.executable, "-P", "-m", "ptb_tui", "open", str(folder), "--at", "start"]


def _inline(folder: Path, query_of: str) -> duckdb.DuckDBPyConnection:
    """A connection with the run's accesses as ``source``, text inline."""
    with Snapshot.open(folder) as snapshot:
        files = [str(path) for path in snapshot.segment_files("files")]
        strings = [str(path) for path in snapshot.segment_files("strings")]
    connection = duckdb.connect(query_of)
    listed = ", ".join(f"'{name}'" for name in files)
    texts = ", ".join(f"'{name}'" for name in strings)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT f.seq, f.ts, f.pid, s.value AS path, f.bytes_read, f.bytes_written "
        f"FROM read_parquet([{listed}]) f JOIN read_parquet([{texts}]) s ON s.id = f.path"
    )
    return connection


def _harlequin(setting: Setting, folder: Path) -> Figures:
    program = setting.peer("harlequin")
    if program is None:
        return {"harlequin_first_rows_s": None, "harlequin_rss_mb": None}
    path = setting.scratch / "peer.duckdb"
    if not path.exists():
        with _inline(folder, str(path)) as connection:
            connection.execute("CREATE TABLE events AS SELECT * FROM source ORDER BY ts")
    with Terminal([str(program), "--no-download-tzdata", str(path)]) as terminal:
        terminal.wait_for("Data Catalog")
        terminal.settle()
        terminal.write("select * from events order by ts")
        terminal.settle()
        terminal.write("\n")
        shown = terminal.wait_for("/home/agent", 120)
        return {
            "harlequin_first_rows_s": round(shown, 2) if shown else None,
            "harlequin_rss_mb": terminal.rss_mb,
        }


def _visidata(setting: Setting, folder: Path) -> Figures:
    program = setting.peer("vd")
    if program is None:
        return {"visidata_first_rows_s": None, "visidata_rss_mb": None}
    path = setting.scratch / "events.parquet"
    if not path.exists():
        with _inline(folder, ":memory:") as connection:
            connection.execute(f"COPY (SELECT * FROM source ORDER BY ts) TO '{path}' (FORMAT parquet)")
    with Terminal([str(program), str(path)]) as terminal:
        shown = terminal.wait_for("/usr/local/lib", 180)
        return {
            "visidata_first_rows_s": round(shown, 2) if shown else None,
            "visidata_rss_mb": terminal.rss_mb,
        }


def _lnav(setting: Setting, folder: Path, events: int) -> Figures:
    program = shutil.which("lnav")
    if program is None:
        return {"lnav_first_rows_s": None, "lnav_rss_mb": None, "lnav_events": None}
    path = setting.scratch / "events.jsonl"
    if not path.exists():
        with _inline(folder, ":memory:") as connection:
            connection.execute(
                "COPY (SELECT strftime(make_timestamp(ts // 1000), '%Y-%m-%dT%H:%M:%S.%fZ') AS ts, pid, path, bytes_read "
                f"FROM source ORDER BY ts LIMIT {events}) TO '{path}' (FORMAT json)"
            )
    config = setting.scratch / "lnav"
    formats = config / "formats" / "installed"
    formats.mkdir(parents=True, exist_ok=True)
    (formats / "ptb.json").write_bytes(orjson.dumps(_LNAV_FORMAT))
    with Terminal([program, "-I", str(config), str(path)]) as terminal:
        shown = terminal.wait_for("/usr/local/lib", 120)
        return {
            "lnav_first_rows_s": round(shown, 2) if shown else None,
            "lnav_rss_mb": terminal.rss_mb,
            "lnav_events": events,
        }


_LNAV_FORMAT = {
    "$schema": "https://lnav.org/schemas/format-v1.schema.json",
    "ptb_events": {
        "title": "ptb events",
        "file-type": "json",
        "timestamp-field": "ts",
        "body-field": "path",
        "line-format": [{"field": "ts"}, " ", {"field": "pid"}, " ", {"field": "path"}],
        "value": {"pid": {"kind": "integer"}, "path": {"kind": "string"}, "bytes_read": {"kind": "integer"}},
    },
}
