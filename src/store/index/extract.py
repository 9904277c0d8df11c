"""What each recorded table says as events: kind, label, amount, process, failed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from store.event import FILE_KINDS, MESSAGE_KINDS, TABLE_KINDS, Kind
from store.index.block import KINDS
from store.index.known import Known
from store.index.tables import Ints, Tables, floats, ints, observed, texts
from store.index.vocabulary import Ids, Vocabulary
from store.schema import NULL, storage

CODES = {kind: code for code, kind in enumerate(KINDS)}
"""Kind → how it is stored."""

_SANE = 1e6
"""A utilisation beyond this is no percentage."""


@dataclass(slots=True)
class Events:
    """Equally long columns, one entry an event, in the order of the tables."""

    seq: Ints
    ts: Ints
    source: Ids
    kind: NDArray[np.uint8]
    failed: NDArray[np.bool_]
    process: Ints
    pid: Ints
    label: Ids
    amount: Ints

    @classmethod
    def unfilled(cls, count: int) -> "Events":
        """Room for ``count`` events."""
        longs = (np.empty(count, np.int64) for _ in range(5))
        ids, labels = np.empty(count, np.int32), np.empty(count, np.int32)
        kind, failed = np.empty(count, np.uint8), np.empty(count, np.bool_)
        return cls(next(longs), next(longs), ids, kind, failed, next(longs), next(longs), labels, next(longs))


class Extractor:
    """Fills :class:`Events` table by table, a few columns of a table at a time."""

    def __init__(self, tables: Tables, vocabulary: Vocabulary, programs: Known, commands: Known) -> None:
        """Labels go into ``vocabulary``; what later rows are named after into ``programs`` and ``commands``."""
        self._tables = tables
        self.vocabulary = vocabulary
        self.programs = programs
        self.commands = commands
        self._counts = {table: tables.table(table, ["seq"]).num_rows for table in _ORDER}
        self.events = Events.unfilled(sum(self._counts.values()))

    def run(self) -> Events:
        """All events."""
        start = 0
        for table, fill in _ORDER.items():
            end = start + self._counts[table]
            if end > start:
                self._header(table, slice(start, end))
                fill(self, slice(start, end))
            start = end
        return self.events

    def _read(self, table: str, *columns: str) -> pa.Table:
        return self._tables.table(table, columns)

    def _header(self, table: str, at: slice) -> None:
        events = self.events
        for name in ("seq", "ts"):
            getattr(events, name)[at] = ints(self._read(table, name), name)
        events.source[at] = self.vocabulary.ids(self._read(table, "source"), "source")
        if table in TABLE_KINDS:
            events.kind[at] = CODES[TABLE_KINDS[table]]
        for name, column in (("process_id", events.process), ("pid", events.pid)):
            column[at] = ints(self._read(table, name), name) if name in storage(table) else NULL
        has_error = "error" in storage(table)
        events.failed[at] = observed(self._read(table, "error"), "error") if has_error else False
        events.amount[at] = NULL

    def process_starts(self, at: slice) -> None:
        """The program a process began with."""
        self._programs("process_starts", at)

    def execs(self, at: slice) -> None:
        """The program it became."""
        self._programs("execs", at)

    def _programs(self, table: str, at: slice) -> None:
        events, rows = self.events, self._read(table, "exe", "argv")
        argv = self.vocabulary.ids(rows, "argv")
        labels = self.vocabulary.symbols(np.where(argv >= 0, argv, self.vocabulary.ids(rows, "exe")))
        events.label[at] = labels
        done = ~events.failed[at]
        self.programs.learn(events.process[at][done], events.seq[at][done], labels[done])

    def process_exits(self, at: slice) -> None:
        """The program that ended, and its exit code or minus the signal."""
        events, rows = self.events, self._read("process_exits", "exit_code", "signal")
        events.label[at] = self.programs.before(events.process[at], events.seq[at], self.vocabulary)
        code, signal = ints(rows, "exit_code"), ints(rows, "signal")
        killed = (code == NULL) & (signal != NULL)
        events.amount[at] = np.where(killed, -signal, code)

    def commands_issued(self, at: slice) -> None:
        """The command as the agent wrote it."""
        events, rows = self.events, self._read("commands", "command_id", "text")
        events.label[at] = self.vocabulary.add(texts(rows, "text"))
        self.commands.learn(ints(rows, "command_id"), events.seq[at], events.label[at])

    def command_ends(self, at: slice) -> None:
        """The command that ended, and its exit code."""
        events, rows = self.events, self._read("command_ends", "command_id", "exit_code")
        keys = ints(rows, "command_id")
        events.label[at] = self.commands.before(keys, events.seq[at], self.vocabulary)
        events.amount[at] = ints(rows, "exit_code")

    def command_links(self, at: slice) -> None:
        """The command that is linked to a process."""
        keys = ints(self._read("command_links", "command_id"), "command_id")
        self.events.label[at] = self.commands.before(keys, self.events.seq[at], self.vocabulary)

    def files(self, at: slice) -> None:
        """Bytes decide whether an open is a read or a write."""
        events = self.events
        op = self.vocabulary.ids(self._read("files", "op"), "op")
        names = self.vocabulary.name(op)
        of_op = np.full(max(names, default=0) + 2, CODES[Kind.OTHER_FILE], np.uint8)
        for symbol, name in names.items():
            of_op[symbol] = CODES[FILE_KINDS.get(name, Kind.OTHER_FILE)]
        kind = of_op[op]
        opened = (kind == CODES[Kind.OPEN]) | (kind == CODES[Kind.CREATE])
        amount = events.amount[at]
        for column, meaning in (
            ("bytes_read", Kind.READ),
            ("bytes_mapped", Kind.READ),
            ("bytes_written", Kind.WRITE),
        ):
            count = ints(self._read("files", column), column)
            moved = opened & (count > 0)
            added = moved & (kind == CODES[meaning])
            count[added] += amount[added]
            amount[moved] = count[moved]
            kind[moved] = CODES[meaning]
        events.kind[at] = kind
        events.label[at] = self._names()

    def _names(self) -> Ids:
        """Labels of ``files``: the path, or ``path → path2`` where an operation has two."""
        first = self.vocabulary.ids(self._read("files", "path"), "path")
        labels = self.vocabulary.symbols(first.copy())
        second = self.vocabulary.ids(self._read("files", "path2"), "path2")
        moved = np.flatnonzero(second >= 0)
        if len(moved):
            pairs, which = np.unique(np.stack([first[moved], second[moved]]), axis=1, return_inverse=True)
            text = self.vocabulary.text_of
            composed = self.vocabulary.add(f"{text(one)} → {text(two)}" for one, two in pairs.T.tolist())
            labels[moved] = composed[which.reshape(-1)]
        return labels

    def file_versions(self, at: slice) -> None:
        """The path and the size."""
        rows = self._read("file_versions", "path", "size")
        self.events.label[at] = self.vocabulary.symbols(self.vocabulary.ids(rows, "path"))
        self.events.amount[at] = ints(rows, "size")

    def net(self, at: slice) -> None:
        """``host:port``, or the address."""
        rows = self._read("net", "host", "dst", "port")
        host = self.vocabulary.ids(rows, "host")
        ends = np.stack(
            [np.where(host >= 0, host, self.vocabulary.ids(rows, "dst")).astype(np.int64), ints(rows, "port")]
        )
        pairs, which = np.unique(ends, axis=1, return_inverse=True)
        text = self.vocabulary.text_of
        composed = self.vocabulary.add(
            text(name) + ("" if port == NULL else f":{port}") for name, port in pairs.T.tolist()
        )
        self.events.label[at] = composed[which.reshape(-1)]

    def gpu(self, at: slice) -> None:
        """The device, and its utilisation rounded to percent."""
        rows = self._read("gpu", "device", "util_pct")
        devices, which = np.unique(ints(rows, "device"), return_inverse=True)
        self.events.label[at] = self.vocabulary.add(f"gpu {device}" for device in devices.tolist())[which]
        util = floats(rows, "util_pct")
        sane = np.abs(util) < _SANE
        self.events.amount[at][sane] = np.rint(util[sane])

    def transcript(self, at: slice) -> None:
        """The words; a tool call begins with the name of the tool."""
        events, rows = self.events, self._read("transcript", "kind", "tool", "text")
        kind = self.vocabulary.ids(rows, "kind")
        names = self.vocabulary.name(kind)
        codes = {symbol: CODES[MESSAGE_KINDS.get(name, Kind.RAW)] for symbol, name in names.items()}
        events.kind[at] = [codes.get(symbol, CODES[Kind.RAW]) for symbol in kind.tolist()]
        called = events.kind[at] == CODES[Kind.TOOL_CALL]
        tool = np.where(called, self.vocabulary.ids(rows, "tool"), -1)
        tools = self.vocabulary.strings.take(pa.array(tool, mask=tool < 0))
        space = pa.scalar(" ", pa.large_string())
        words = pc.binary_join_element_wise(tools, texts(rows, "text"), space, null_handling="skip")
        events.label[at] = self.vocabulary.add(words)

    def gaps(self, at: slice) -> None:
        """The reason, and what was lost."""
        rows = self._read("gaps", "reason", "lost")
        self.events.label[at] = self.vocabulary.add(texts(rows, "reason"))
        self.events.amount[at] = ints(rows, "lost")


_ORDER: dict[str, Callable[[Extractor, slice], None]] = {
    "process_starts": Extractor.process_starts,
    "execs": Extractor.execs,
    "process_exits": Extractor.process_exits,
    "commands": Extractor.commands_issued,
    "command_ends": Extractor.command_ends,
    "command_links": Extractor.command_links,
    "files": Extractor.files,
    "file_versions": Extractor.file_versions,
    "net": Extractor.net,
    "gpu": Extractor.gpu,
    "transcript": Extractor.transcript,
    "gaps": Extractor.gaps,
}
"""Every recorded table; those whose labels others repeat come first."""
