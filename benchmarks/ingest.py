"""How fast fixed kernel records become a run on the disk, how large it is, and how far behind a reader is.

Peers on the same rows in the same run: JSONL and DuckDB inserts of 8192 rows.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from benchmarks.big_run import START, make_run
from benchmarks.figures import Figures, Setting
from store.rows import FileAccess, GpuSample, Quality, Source, Stamp
from store.sink import RawColumn
from store.snapshot import Snapshot
from store.writer import RunWriter

BATCH = 8192
PEER_EVENTS = 300_000


def run(setting: Setting) -> Figures:
    """Ingest, disk and latency figures."""
    return {**_ingest(setting), **_disk(setting), **_latency(setting), **_peers(setting)}


def _batches(count: int, paths: int) -> Iterator[dict[str, RawColumn]]:
    rng = np.random.default_rng(3)
    base = START
    for _ in range(0, count, BATCH):
        ts = base + np.cumsum(rng.integers(1_000, 7_000_000, BATCH))
        base = int(ts[-1])
        yield {
            "ts": ts,
            "process_id": np.repeat(rng.integers(1, 40_000, BATCH // 64), 64),
            "pid": np.repeat(rng.integers(300, 32_000, BATCH // 64), 64),
            "path": np.minimum(rng.zipf(1.2, BATCH), paths) - 1,
            "bytes_read": rng.integers(0, 64, BATCH) * 4096,
            "inode": rng.integers(1_000, 200_000, BATCH),
        }


def _ingest(setting: Setting) -> Figures:
    batches = list(_batches(setting.events, 200_000))
    writer = RunWriter.create(setting.scratch / "ingest", "ingest", started_at=START)
    op = np.full(BATCH, writer.intern("open"))
    for n in range(200_000):
        writer.intern(f"/usr/local/lib/python3.12/site-packages/package{n % 89}/module_{n}.py")
    cpu, wall = time.process_time(), time.perf_counter()
    for batch in batches:
        own = {name: values for name, values in batch.items() if name != "ts"}
        ts = np.asarray(batch["ts"], dtype=np.int64)
        writer.put_columns(FileAccess, Source.KERNEL, ts, {**own, "op": op})
    writer.flush()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    closing = time.perf_counter()
    writer.close(ended_at=START)
    rows = len(batches) * BATCH
    return {
        "ingest_events": rows,
        "ingest_m_events_per_s": round(rows / wall / 1e6, 2),
        "ingest_m_events_per_cpu_s": round(rows / cpu / 1e6, 2),
        "close_s": round(time.perf_counter() - closing, 2),
    }


def _disk(setting: Setting) -> Figures:
    folder = setting.scratch / "disk"
    make_run(folder, setting.events)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with Snapshot.open(folder) as snapshot:
        events = snapshot.next_seq
    return {"disk_bytes_per_event": round(size / events, 2)}


def _latency(setting: Setting) -> Figures:
    """From ``put`` in the writer to the row in a polling reader, both in this process."""
    writer = RunWriter.create(setting.scratch / "latency", "latency", started_at=START)
    writer.put(Stamp(START, Quality.EXACT, Source.GPU), GpuSample(0))
    writer.flush()
    delays: list[float] = []
    done = threading.Event()

    def follow() -> None:
        snapshot = Snapshot.open(writer.folder)
        seen = snapshot.next_seq
        while not done.is_set():
            newer = snapshot.refresh()
            if newer is not None:
                snapshot.close()
                snapshot = newer
                fresh = snapshot.table("gpu", ["seq", "ts"]).filter(pa.compute.field("seq") >= seen)
                delays.extend((time.time_ns() - ts) / 1e9 for ts in fresh["ts"].to_pylist())
                seen = snapshot.next_seq
            time.sleep(0.02)
        snapshot.close()

    reader = threading.Thread(target=follow)
    reader.start()
    for _ in range(100):
        writer.put(Stamp(time.time_ns(), Quality.EXACT, Source.GPU), GpuSample(0))
        time.sleep(0.037)
    time.sleep(0.3)
    done.set()
    reader.join()
    writer.close(ended_at=START)
    return {
        "tail_p50_ms": round(statistics.median(delays) * 1e3, 1),
        "tail_max_ms": round(max(delays) * 1e3, 1),
    }


def _peers(setting: Setting) -> Figures:
    batches = list(_batches(PEER_EVENTS, 200_000))
    rows = len(batches) * BATCH
    return {
        "jsonl_m_events_per_s": round(rows / _write_jsonl(batches, setting.scratch / "peer.jsonl") / 1e6, 3),
        "duckdb_m_events_per_s": round(rows / _insert(batches, setting.scratch / "peer.duckdb") / 1e6, 3),
        "jsonl_bytes_per_event": round((setting.scratch / "peer.jsonl").stat().st_size / rows, 1),
        "duckdb_bytes_per_event": round((setting.scratch / "peer.duckdb").stat().st_size / rows, 1),
    }


def _write_jsonl(batches: list[dict[str, RawColumn]], path: Path) -> float:
    start = time.perf_counter()
    with path.open("wb") as file:
        for batch in batches:
            columns = [values.tolist() for values in batch.values()]
            for values in zip(*columns, strict=True):
                row = dict(zip(batch, values, strict=True))
                row["path"] = f"/usr/local/lib/python3.12/site-packages/module_{row['path']}.py"
                file.write(orjson.dumps(row) + b"\n")
    return time.perf_counter() - start


def _insert(batches: list[dict[str, RawColumn]], path: Path) -> float:
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f"{name} BIGINT" for name in batches[0] if name != "path")
        connection.execute(f"CREATE TABLE files ({columns}, path VARCHAR)")
        start = time.perf_counter()
        for batch in batches:
            table = pa.table({name: values for name, values in batch.items() if name != "path"})
            texts = [f"/usr/local/lib/python3.12/site-packages/module_{n}.py" for n in batch["path"].tolist()]
            connection.register("batch", table.append_column("path", pa.array(texts)))
            connection.execute("INSERT INTO files SELECT * FROM batch")
        return time.perf_counter() - start
