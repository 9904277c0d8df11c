"""SQL over one large run and over hundreds of small ones, beside DuckDB on one file with its text inline.

Times of ptb include what every `ptb sql` query pays: a DuckDB of its own, the views it names, and the lock; `_again` is
what one asked before takes while the runs are open.
The hundreds are copies of one small run under other ids.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.figures import Figures, Setting, repeat, spread
from store.jsonio import dumps, loads
from store.manifest import MANIFEST
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    FileAccess,
    Message,
    ProcessStart,
    Quality,
    Source,
    Stamp,
)
from store.snapshot import Snapshot
from store.sql.query import Query, open_query
from store.writer import RunWriter

RUNS = 300
START = 1_775_000_000_000_000_000
QUESTIONS = {
    "histogram": "SELECT op, time_bucket(INTERVAL 3 MINUTE, ts) AS t, count(*) FROM {} GROUP BY 1, 2",
    "substring": "SELECT count(*) FROM {} WHERE path LIKE '%module_77%'",
    "top_files": "SELECT path, sum(bytes_read) AS b FROM {} GROUP BY 1 ORDER BY 2 DESC LIMIT 20",
    "seek": "SELECT ts, op, path FROM {} WHERE seq BETWEEN 5000000 AND 5000200 ORDER BY ts, seq",
}
"""Asked of ``files`` and of the peer's table."""
OF_EVENTS = {
    "kinds": "SELECT kind, count(*) FROM events GROUP BY 1",
    "first_events": "SELECT * FROM events ORDER BY ts, seq LIMIT 20",
}
OF_MANY = {
    "commands": "SELECT agent, count(*) FROM commands JOIN runs USING (run_id) GROUP BY 1",
    "kinds": "SELECT run_id, kind, count(*) FROM events GROUP BY 1, 2",
    "processes": "SELECT run_id, argv, count(*) FROM processes JOIN files USING (run_id, process_id) GROUP BY 1, 2",
}


def run(setting: Setting) -> Figures:
    """Median, p95 and worst of each question."""
    folder = setting.big_run()
    with open_query([folder]) as query:
        figures: Figures = {"events": query.run("SELECT count(*) FROM events").table().column(0)[0].as_py()}
        for name, sql in {**{n: q.format("files") for n, q in QUESTIONS.items()}, **OF_EVENTS}.items():
            figures |= spread(name, repeat(partial(_ask_anew, [folder], sql)))
            figures |= spread(f"{name}_again", repeat(partial(_ask, query, sql)))
    return {**figures, **_peer(folder, setting.scratch / "inline.parquet"), **_many(setting.scratch / "many")}


def _ask(query: Query, sql: str) -> None:
    query.run(sql).table()


def _ask_anew(runs: Sequence[Path], sql: str) -> None:
    with open_query(runs) as query:
        _ask(query, sql)


def _ask_inline(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.sql(sql).to_arrow_table()


def _peer(folder: Path, path: Path) -> Figures:
    with duckdb.connect(":memory:") as connection:
        if not path.exists():
            with Snapshot.open(folder) as snapshot:
                files = [str(file) for file in snapshot.segment_files("files")]
                strings = [str(file) for file in snapshot.segment_files("strings")]
            source = (
                "SELECT f.seq, make_timestamp(f.ts // 1000) AS ts, o.value AS op, p.value AS path, f.bytes_read"
                f" FROM read_parquet({files}) f JOIN read_parquet({strings}) p ON p.id = f.path"
                f" JOIN read_parquet({strings}) o ON o.id = f.op ORDER BY f.seq"
            )
            connection.execute(f"COPY ({source}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        figures: Figures = {}
        for name, sql in QUESTIONS.items():
            asked = sql.format(f"read_parquet('{path}')")
            figures |= spread(
                f"inline_{name}",
                repeat(partial(_ask_inline, connection, asked)),
            )
        return figures


def _many(folder: Path) -> Figures:
    if not folder.exists():
        _copies(folder)
    runs = sorted(folder.iterdir())
    opened = repeat(lambda: open_query(runs).close(), times=3)
    figures: Figures = {"many_runs": len(runs), **spread("many_open", opened)}
    for name, sql in OF_MANY.items():
        figures |= spread(f"many_{name}", repeat(partial(_ask_anew, runs, sql)))
    command = [sys.executable, "-P", "-m", "ptb_tui", "sql", OF_MANY["commands"], "--format", "json"]
    environment = {**os.environ, "PTB_RUNS": str(folder)}
    shell = repeat(
        lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL), times=5
    )
    return figures | spread("many_commands_from_the_shell", shell, "s")


def _copies(folder: Path) -> None:
    first = folder / "run-000"
    _small_run(first)
    manifest = loads((first / MANIFEST).read_bytes())
    for number in range(1, RUNS):
        copy = folder / f"run-{number:03d}"
        shutil.copytree(first, copy)
        (copy / MANIFEST).write_bytes(dumps({**manifest, "run_id": copy.name}))


def _small_run(folder: Path) -> None:
    """What an imported trajectory amounts to: some hundred messages and commands, and as many accesses."""
    with RunWriter.create(folder, folder.name, started_at=START) as run:
        for n in range(300):
            at = Stamp(START + n * 1_000_000_000, Quality.SECOND, Source.TRANSCRIPT)
            run.put(at, Message("assistant", "tool_call", f"step {n}", tool="Bash"))
            run.put(
                at, Command(n + 1, f"python step{n}.py", cwd="/task", tool="Bash", tool_call_id=f"call-{n}")
            )
            run.put(
                at,
                ProcessStart(n + 2, 1000 + n, 1, 999, exe="/bin/bash", argv=f"bash -c 'python step{n}.py'"),
            )
            run.put(at, CommandLink(n + 1, n + 2, "exact"))
            run.put(at, FileAccess(n + 2, 1000 + n, "open", f"/task/step{n}.py", bytes_read=500, final=True))
            run.put(at, CommandEnd(n + 1, 0, "ok"))
        run.close(ended_at=START, exit_status="0")
