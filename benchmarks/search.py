"""Seeking, finding and zooming in a run through the cursor, beside DuckDB on the same events.

The peer's table has its text inline and is sorted by time, which is the best case for it.
"""

import random
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figures, Setting, repeat, spread
from store.cursor import Cursor
from store.index.query import Query
from store.snapshot import Snapshot

NEEDLE = "module_77"
RARE = "healthbench"


def run(setting: Setting) -> Figures:
    """Cursor and peer figures; times are of one operation."""
    folder = setting.big_run()
    built = repeat(lambda: Cursor.open(folder).close(), times=1)[0]
    return {
        "index_build_or_open_s": round(built, 3),
        **_cursor(folder),
        **_peer(folder, setting.scratch / "peer.parquet"),
    }


def _cursor(folder: Path) -> Figures:
    rng = random.Random(5)
    opened = repeat(lambda: Cursor.open(folder).close(), times=9)
    with Cursor.open(folder) as cursor:
        span = cursor.span
        assert span is not None
        start, end = span
        length = len(cursor)
        windows = repeat(lambda: cursor.window(rng.randrange(length), 60), times=300)
        seeks = repeat(lambda: cursor.window(cursor.seek(rng.randrange(start, end)), 200), times=300)
        text = Query(text=NEEDLE)
        counted = repeat(lambda: cursor.count_matches(text), times=1)
        nexts = repeat(lambda: cursor.next_match(text, rng.randrange(length)), times=300)
        rare = repeat(lambda: cursor.next_match(Query(text=RARE), rng.randrange(length)), times=300)
        words = [Query(text=f"module_{n}") for n in range(100, 109)]
        fresh = [repeat(partial(cursor.count_matches, word), times=1)[0] for word in words]

        def zoom() -> None:
            left = rng.randrange(start, end)
            cursor.zoom(left, rng.randrange(left + 1, end + 1), 200)

        zooms = sorted(repeat(zoom, times=1000))
        return {
            "events": length,
            **spread("open_cached", opened),
            **spread("window_60_rows", windows),
            **spread("seek_200_rows", seeks),
            **spread("next_match", nexts),
            **spread("next_rare_match", rare),
            "first_count_ms": round(counted[0] * 1e3, 2),
            **spread("count", fresh),
            "matches": cursor.count_matches(text),
            **spread("zoom_200_buckets", zooms),
            "zoom_200_buckets_p99_ms": round(zooms[int(len(zooms) * 0.99)] * 1e3, 3),
        }


def _peer(folder: Path, path: Path) -> Figures:
    _write_peer(folder, path)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW files AS SELECT * FROM read_parquet('{path}')")

        def ask(query: str) -> list[float]:
            return repeat(lambda: connection.execute(query).fetchall(), times=5)

        first, last = connection.execute("SELECT min(ts), max(ts) FROM files").fetchall()[0]
        middle = (first + last) // 2
        rows = f"SELECT * FROM files WHERE ts >= {middle} ORDER BY ts LIMIT 200"
        after = f"SELECT min(ts) FROM files WHERE ts >= {middle} AND contains(path, '{NEEDLE}')"
        width = (last - first) // 200
        zoom = f"SELECT (ts - {first}) // {width}, count(*) FROM files GROUP BY 1"
        return {
            **spread("duckdb_seek_200_rows", ask(rows)),
            **spread("duckdb_next_match", ask(after)),
            **spread("duckdb_count", ask(f"SELECT count(*) FROM files WHERE contains(path, '{NEEDLE}')")),
            **spread("duckdb_zoom_200_buckets", ask(zoom)),
        }


def _write_peer(folder: Path, path: Path) -> None:
    with Snapshot.open(folder) as snapshot:
        rows = snapshot.table("files", ["seq", "ts", "pid", "path", "bytes_read", "bytes_written"])
        paths = snapshot.strings().take(rows["path"].combine_chunks())
        rows = rows.set_column(rows.column_names.index("path"), "path", pa.chunked_array([paths]))
    pq.write_table(rows.sort_by("ts"), path, compression="zstd", row_group_size=128 * 1024)
