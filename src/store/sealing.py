"""Turning log epochs into sealed segments, and many small segments into few large ones."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from store.chain import Part, SealedSegment
from store.durable import sync_folder
from store.log import LogReader
from store.manifest import Segment
from store.parquet import FOLDER, mebibyte_hashes, read_segment, write_segment
from store.rowhash import rows_hash
from store.schema import STRINGS, arrow_schema

MERGED_ROWS = 1_000_000
"""About how many rows a merged file holds."""


def seal_epoch(run: Path, log: LogReader, epoch: str) -> list[SealedSegment]:
    """Write each table of a log epoch as one Parquet file; ``epoch`` names the files."""
    (run / FOLDER).mkdir(exist_ok=True)
    sync_folder(run)
    sealed = []
    for table in log.tables:
        rows = pa.Table.from_batches(log.batches(table), schema=arrow_schema(table))
        if rows.num_rows:
            part = Part(rows.num_rows, rows_hash(rows))
            sealed.append(_write(run, table, f"{table}.{epoch}", rows, (part,)))
    return sealed


def plan_merges(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Groups of neighbouring segments of one table that fit into :data:`MERGED_ROWS` together."""
    groups: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda one: (one.table, one.first_seq)):
        last = groups[-1] if groups else []
        if (
            last
            and last[0].table == segment.table
            and sum(s.rows for s in last) + segment.rows <= MERGED_ROWS
        ):
            last.append(segment)
        else:
            groups.append([segment])
    return [group for group in groups if len(group) > 1]


def merge(run: Path, group: Sequence[SealedSegment]) -> SealedSegment:
    """Write one file with the rows of several, in order; the inputs stay."""
    table = group[0].segment.table
    rows = pa.concat_tables([read_segment(run / one.segment.file, table) for one in group])
    first, last = _stem(group[0]).partition("-")[0], _stem(group[-1]).rpartition("-")[2]
    return _write(
        run, table, f"{table}.{first}-{last}", rows, tuple(part for one in group for part in one.parts)
    )


def _stem(sealed: SealedSegment) -> str:
    """``000001`` or ``000001-000007`` of ``segments/files.000001-000007.parquet``."""
    return sealed.segment.file.split(".")[-2]


def _write(run: Path, table: str, name: str, rows: pa.Table, parts: tuple[Part, ...]) -> SealedSegment:
    path = run / FOLDER / f"{name}.parquet"
    write_segment(path, table, rows)
    order = rows.column("id" if table == STRINGS else "seq")
    times = None if table == STRINGS else pc.min_max(rows.column("ts"))
    segment = Segment(
        table=table,
        file=f"{FOLDER}/{path.name}",
        size=path.stat().st_size,
        rows=rows.num_rows,
        first_seq=order[0].as_py(),
        last_seq=order[-1].as_py(),
        first_ts=times["min"].as_py() if times is not None else None,
        last_ts=times["max"].as_py() if times is not None else None,
    )
    return SealedSegment(segment, parts, tuple(mebibyte_hashes(path)))
