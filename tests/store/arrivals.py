"""Rows in the order in which they arrived, and what a reader must see of them: the plainest model there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Self

import pyarrow as pa
from hypothesis import strategies as st

from store.buffers import TableBuffer
from store.event import FILE_KINDS, LANES, MESSAGE_KINDS, TABLE_KINDS, Event, Kind, Lane
from store.index.block import Block
from store.index.build import build
from store.index.cache import in_memory
from store.rows import (
    TABLES,
    Command,
    CommandEnd,
    Connection,
    Exec,
    FileAccess,
    Gap,
    GpuSample,
    Message,
    ProcessExit,
    ProcessStart,
    Quality,
    Row,
    Source,
    Stamp,
)
from store.schema import arrow_schema
from store.snapshot import in_fields
from store.strings import Interner

SECOND = 1_000_000_000
START = 1_775_000_000 * SECOND
_NEVER = -(1 << 63)


@dataclass(frozen=True)
class Arrival:
    """One row as it was put."""

    seq: int
    at: Stamp
    row: Row


class RowTables:
    """Some arrivals as the tables that an index is built from."""

    def __init__(self, arrivals: Sequence[Arrival], strings: Interner, texts: list[str]) -> None:
        buffers = {name: TableBuffer(name, strings) for name in TABLES.values()}
        for one in arrivals:
            quality, source = strings.id(one.at.quality.value), strings.id(one.at.source.value)
            buffers[TABLES[type(one.row)]].add((one.seq, one.at.ts, quality, one.at.err_us, source), one.row)
        texts += strings.take_new()[1]
        self._tables = {
            name: in_fields(name, pa.Table.from_batches(buffer.take(), schema=arrow_schema(name)))
            for name, buffer in buffers.items()
        }

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        return self._tables[name].select(columns)


def blocks(parts: Sequence[Sequence[Arrival]], portions: int = 1) -> list[Block]:
    """One block for each stretch of arrivals, as a run that grows makes them; each is built of some portions."""
    strings, texts, made = Interner(), list[str](), list[Block]()
    for part in parts:
        cuts = [len(part) * i // portions for i in range(portions + 1)]
        tables = [RowTables(part[a:b], strings, texts) for a, b in pairwise(cuts)]
        words = pa.array(texts, pa.large_string())
        made.append(in_memory(partial(build, words, tables, earlier=tuple(made))))
    return made


@dataclass(frozen=True)
class Model:
    """Events in order, each with its whole label and the key it is ordered by; None sorts before every time."""

    events: tuple[Event, ...]
    labels: tuple[str, ...]
    keys: tuple[int | None, ...]

    @classmethod
    def of(cls, arrivals: Sequence[Arrival]) -> Self:
        last: dict[Source, int] = {}
        newest: int | None = None
        programs: dict[int, str] = {}
        commands: dict[int, str] = {}
        keyed: list[tuple[int, int, Event]] = []
        for one in arrivals:
            if one.at.ts is not None:
                last[one.at.source] = newest = one.at.ts
            key = last.get(one.at.source, newest)
            keyed.append((_NEVER if key is None else key, one.seq, _event(one, programs, commands)))
        keyed.sort(key=lambda item: item[:2])
        return cls(
            tuple(replace(e, position=i, label=_shown(e)) for i, (_, _, e) in enumerate(keyed)),
            tuple(event.label for _, _, event in keyed),
            tuple(None if key == _NEVER else key for key, _, _ in keyed),
        )

    def before(self, time: int) -> int:
        return sum(key is None or key < time for key in self.keys)


def _shown(event: Event) -> str:
    prose = LANES[event.kind] is Lane.AGENT or event.kind in (Kind.COMMAND, Kind.COMMAND_END, Kind.GAP)
    return event.label.lstrip().partition("\n")[0].rstrip() if prose else event.label


def _event(one: Arrival, programs: dict[int, str], commands: dict[int, str]) -> Event:
    """The event of one row, with its whole label; ``programs`` and ``commands`` know what came before."""
    row, amount, kind, label = one.row, None, TABLE_KINDS.get(TABLES[type(one.row)]), ""
    match row:
        case ProcessStart() | Exec():
            label = row.argv if row.argv is not None else row.exe or ""
            if not isinstance(row, Exec) or row.error is None:
                programs[row.process_id] = label
        case ProcessExit():
            label = programs.get(row.process_id, "")
            amount = -row.signal if row.exit_code is None and row.signal is not None else row.exit_code
        case Command():
            commands[row.command_id] = label = row.text
        case CommandEnd():
            label, amount = commands.get(row.command_id, ""), row.exit_code
        case FileAccess():
            kind, amount = _access(row)
            label = row.path if row.path2 is None else f"{row.path} → {row.path2}"
        case Connection():
            name = row.host if row.host is not None else row.dst or ""
            label = name + ("" if row.port is None else f":{row.port}")
        case GpuSample():
            label, amount = f"gpu {row.device}", None if row.util_pct is None else round(row.util_pct)
        case Message():
            kind = MESSAGE_KINDS.get(row.kind, Kind.RAW)
            called = kind is Kind.TOOL_CALL and row.tool is not None
            label = f"{row.tool} {row.text or ''}" if called else row.text or ""
        case Gap():
            label, amount = row.reason, row.lost
    assert kind is not None
    process, pid = getattr(row, "process_id", None), getattr(row, "pid", None)
    failed = getattr(row, "error", None) is not None
    return Event(-1, one.seq, one.at.ts, kind, process, pid, label, amount, failed)


def _access(row: FileAccess) -> tuple[Kind, int | None]:
    if row.op in ("open", "create"):
        if row.bytes_written:
            return Kind.WRITE, row.bytes_written
        if moved := (row.bytes_read or 0) + (row.bytes_mapped or 0):
            return Kind.READ, moved
    return FILE_KINDS.get(row.op, Kind.OTHER_FILE), None


_WORDS = st.sampled_from(["/task/a.py", "/task/b", "train.jsonl", "/", "é", "gen ☃", "x" * 30, ""])
_TEXT = st.one_of(_WORDS, st.text(st.sampled_from("aB/ é\n\0\x1b[☃"), max_size=12))
_SMALL = st.integers(1, 4)
_COUNT = st.none() | st.integers(0, 5) | st.just(1 << 40)
_PERCENT = st.none() | st.integers(0, 100).map(float)
_ROWS: st.SearchStrategy[Row] = st.one_of(
    st.builds(ProcessStart, _SMALL, _SMALL, exe=st.none() | _WORDS, argv=st.none() | _WORDS),
    st.builds(
        Exec, _SMALL, _SMALL, _WORDS, st.none() | _WORDS, error=st.sampled_from([None, None, "ENOENT"])
    ),
    st.builds(ProcessExit, _SMALL, _SMALL, st.none() | st.integers(0, 255), st.none() | _SMALL),
    st.builds(Command, _SMALL, _TEXT),
    st.builds(CommandEnd, _SMALL, st.none() | _SMALL, st.none()),
    st.builds(
        FileAccess,
        st.none() | _SMALL,
        st.none() | _SMALL,
        st.sampled_from(["open", "open", "create", "unlink", "mkdir", "chmod"]),
        _WORDS,
        bytes_read=_COUNT,
        bytes_mapped=_COUNT,
        bytes_written=_COUNT,
        error=st.sampled_from([None, None, "EACCES"]),
    ),
    st.builds(FileAccess, _SMALL, _SMALL, st.just("rename"), _WORDS, _WORDS),
    st.builds(Connection, _SMALL, _SMALL, st.none() | _WORDS, st.none() | _SMALL, st.none() | _WORDS),
    st.builds(GpuSample, st.integers(0, 1), _PERCENT, _PERCENT, _PERCENT, _PERCENT),
    st.builds(
        Message,
        st.just("assistant"),
        st.sampled_from([*MESSAGE_KINDS, "unheard-of"]),
        st.none() | _TEXT,
        st.none() | _WORDS,
    ),
    st.builds(Gap, st.just("ring_full"), _TEXT, lost=_COUNT),
)
_TIMES = st.integers(0, 40).map(lambda tenths: START + tenths * SECOND // 10)


@st.composite
def arrivals(draw: st.DrawFn, *, clocked: bool | None = None) -> list[Arrival]:
    """Rows in any order of time, some or none or all of them with a clock, a few ``seq`` never used."""
    clock = draw(st.sampled_from([True, False])) if clocked is None else clocked
    times = st.none() | _TIMES if clock else st.none()
    rows = draw(st.lists(st.tuples(times, st.sampled_from(Source), _ROWS), min_size=1, max_size=60))
    skipped = draw(st.sets(st.integers(0, 60), max_size=3))
    seqs = [seq for seq in range(len(rows) + 61) if seq not in skipped]
    return [
        Arrival(seq, Stamp(ts, Quality.NONE if ts is None else Quality.EXACT, source), row)
        for seq, (ts, source, row) in zip(seqs, rows, strict=False)
    ]


@st.composite
def stretches(draw: st.DrawFn) -> list[list[Arrival]]:
    """The same, cut where a reader happened to look."""
    rows = draw(arrivals())
    cuts = sorted(draw(st.sets(st.integers(1, len(rows)), max_size=4)))
    bounds = [0, *cuts, len(rows)]
    return [rows[a:b] for a, b in pairwise(bounds) if a < b]
