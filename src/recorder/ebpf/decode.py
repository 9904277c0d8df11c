"""Batches of kernel records as columns of the store's tables.

An open and what went through it are told by two records; where both are in one batch they become one row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder.ebpf.clock import Clock
from recorder.ebpf.connections import QUIET_NS, Connections, Proxy
from recorder.ebpf.layout import HEAD, Mark, RecordType, Via
from recorder.ebpf.lifecycle import Lifecycle, Record, error_name, split
from recorder.ebpf.open_files import UNKNOWN, OpenFiles
from recorder.ebpf.paths import PathIds, parts
from recorder.ebpf.requests import Requests
from store.rows import FileAccess, Gap, Quality, Source, Stamp
from store.schema import NULL
from store.sink import RawColumn, Sink

_NAMED = {
    RecordType.OPEN_FAILED: "open",
    RecordType.UNLINK: "unlink",
    RecordType.RMDIR: "rmdir",
    RecordType.MKDIR: "mkdir",
    RecordType.MKNOD: "mknod",
    RecordType.TRUNCATE: "truncate",
    RecordType.CHMOD: "chmod",
    RecordType.CHOWN: "chown",
    RecordType.CHROOT: "chroot",
    RecordType.UNMOUNT: "umount",
    RecordType.RENAME: "rename",
    RecordType.LINK: "link",
    RecordType.SYMLINK: "symlink",
    RecordType.MOUNT: "mount",
}
_AIMED = {RecordType.PTRACE: "ptrace", RecordType.KILL: "kill"}


def _one_of(*kinds: RecordType) -> NDArray[np.bool_]:
    """By record type: whether it is one of ``kinds``. A look-up takes a fraction of ``np.isin``, and batches are many."""
    wanted = np.zeros(256, np.bool_)
    wanted[[int(kind) for kind in kinds]] = True
    return wanted


_LIFE = _one_of(RecordType.START, RecordType.EXEC, RecordType.EXEC_FAILED, RecordType.EXIT)
_OPENED = _one_of(RecordType.OPEN, RecordType.SEEN)
_ABOUT_NAMES = _one_of(*_NAMED)
_REQUESTED = _one_of(*_NAMED, RecordType.CONNECT)
_ABOUT_OTHERS = _one_of(*_AIMED)
_VIA = {via: via.name.lower() for via in Via}

_FORMAT = 0o170000
_FIFO, _SOCKET = 0o010000, 0o140000


@dataclass(frozen=True, slots=True)
class Batch:
    """What was taken from the rings in one go."""

    texts: NDArray[np.void]
    long_texts: Sequence[bytes]
    events: NDArray[np.void]

    def __len__(self) -> int:
        """Records."""
        return len(self.texts) + len(self.long_texts) + len(self.events)


class Decoder:
    """Turns batches into rows; remembers open files and living processes between them."""

    def __init__(self, sink: Sink, clock: Clock, proxy: Proxy | None) -> None:
        """``proxy``: names the hosts of the connections that go through it."""
        self._sink = sink
        self._clock = clock
        self._paths = PathIds(sink)
        self._open = OpenFiles()
        self._undecoded: set[tuple[int, int]] = set()
        self._requests = Requests()
        self._connections = Connections(sink, proxy)
        self.lifecycle = Lifecycle(sink)

    def put(self, batch: Batch) -> None:
        """Write the rows of one batch."""
        long_texts = [self._record(*split(raw)) for raw in batch.long_texts]
        self._put_lives(batch, long_texts)
        self._put_accesses(batch, long_texts)
        self._put_names(batch.texts)
        self._put_answers(batch, long_texts)
        for record in [*long_texts, *self._requests.settle(self._submitted(batch), batch.events)]:
            self._put_single(record)
        for record in self._single(batch.texts[_directly(batch.texts["head"], RecordType.CONNECT)]):
            self._connections.made(record)
        moved = batch.events[batch.events["head"]["type"] == RecordType.IO]
        self._connections.moved(moved, self._clock.utc(moved["head"]["ts"]))
        self._put_acts(batch.events)
        self._put_gaps(batch, long_texts)

    def tick(self, now: int) -> None:
        """Write what has waited for long; ``now`` in UTC nanoseconds."""
        self._connections.tell(now - QUIET_NS)

    def close(self) -> None:
        """Write what still waits for a result that will not come."""
        for record in self._requests.unfinished():
            self._put_single(record)
        self._connections.tell()

    def _record(self, head: np.void, body: bytes) -> Record:
        return Record(head, body, int(self._clock.utc(np.array([head["ts"]]))[0]))

    def _single(self, texts: NDArray[np.void]) -> list[Record]:
        """The records of an array, one by one."""
        return [self._record(*split(text.tobytes())) for text in texts]

    def _put_lives(self, batch: Batch, long_texts: Sequence[Record]) -> None:
        records = self._single(batch.texts[_LIFE[batch.texts["head"]["type"]]])
        records += [record for record in long_texts if _LIFE[record.head["type"]]]
        records += self._single(batch.events[batch.events["head"]["type"] == RecordType.EXIT])
        for record in sorted(records, key=lambda record: int(record.head["ts"])):
            self.lifecycle.put(record)

    def _put_accesses(self, batch: Batch, long_texts: Sequence[Record]) -> None:
        opened = batch.texts[_OPENED[batch.texts["head"]["type"]]]
        heads, paths = opened["head"], self._paths.of_files(opened)
        longer = [record for record in long_texts if _OPENED[record.head["type"]]]
        if longer:
            heads = np.concatenate([heads, np.array([record.head for record in longer], HEAD)])
            more = [self._paths.of_components(parts(record.body)[0]) for record in longer]
            paths = np.concatenate([paths, np.array(more, np.int64)])
        paths = self._name_unnamed(heads, paths)
        moved = batch.events[batch.events["head"]["type"] == RecordType.IO]
        first = _first_record_of(heads["access"], moved["head"]["access"])
        joined = first >= 0
        self._put_opens(heads[~joined], paths[~joined])
        self._put_opens(heads[joined], paths[joined], moved[first[joined]])
        self._open.add(heads["access"], paths)
        rest = np.ones(len(moved), np.bool_)
        rest[first[joined]] = False
        self._put_moves(moved[rest])
        self._open.retire(moved["head"]["access"][_marked(moved["head"], Mark.FINAL)])

    def _put_opens(
        self, heads: NDArray[np.void], paths: NDArray[np.int64], moved: NDArray[np.void] | None = None
    ) -> None:
        """Rows of opened files, with what went through them where that is known already."""
        if not len(heads):
            return
        seen = heads["type"] == RecordType.SEEN
        created = _marked(heads, Mark.CREATED) & ~seen
        columns: dict[str, RawColumn] = {
            **_who(heads),
            "op": np.where(created, self._sink.intern("create"), self._sink.intern("open")),
            "path": paths,
            **_file(heads),
            "flags": heads["flags"].astype(np.int64),
            "via": self._via(heads["via"]),
            "final": np.zeros(len(heads), np.bool_),
        }
        if moved is not None:
            columns.update(self._moved(moved))
        self._put(heads["ts"], columns)

    def _put_moves(self, moved: NDArray[np.void]) -> None:
        """Rows of what went through accesses whose open was told before."""
        if not len(moved):
            return
        heads = moved["head"]
        paths = self._open.paths(heads["access"])
        paths = self._name_unnamed(heads, np.where(paths == UNKNOWN, NULL, paths))
        starts = np.stack([moved["first_read"], moved["first_write"]])
        starts = np.where(starts == 0, np.iinfo(np.int64).max, starts).min(axis=0)
        columns: dict[str, RawColumn] = {
            **_who(heads),
            "op": np.full(len(heads), self._sink.intern("open")),
            "path": paths,
            **_file(heads),
            "via": self._via(heads["via"]),
            **self._moved(moved),
        }
        self._put(np.minimum(starts, heads["ts"]), columns)

    def _moved(self, moved: NDArray[np.void]) -> dict[str, RawColumn]:
        mapped = moved["bytes_mapped"]
        return {
            "end_ts": self._clock.utc(moved["head"]["ts"]),
            "first_read_ts": self._moment(moved["first_read"]),
            "last_read_ts": self._moment(moved["last_read"]),
            "first_write_ts": self._moment(moved["first_write"]),
            "last_write_ts": self._moment(moved["last_write"]),
            "bytes_read": moved["bytes_read"],
            "bytes_written": moved["bytes_written"],
            "bytes_mapped": mapped,
            "mmap_prot": np.where(mapped > 0, moved["prot"].astype(np.int64), NULL),
            "final": _marked(moved["head"], Mark.FINAL),
        }

    def _put_answers(self, batch: Batch, long_texts: Sequence[Record]) -> None:
        """Before the connections of the batch: a name is asked for first."""
        short = self._single(batch.texts[batch.texts["head"]["type"] == RecordType.ANSWER])
        longer = [record for record in long_texts if int(record.head["type"]) == RecordType.ANSWER]
        for record in short + longer:
            self._connections.answered(record)

    def _put_names(self, texts: NDArray[np.void]) -> None:
        """Rows of operations on names."""
        heads = texts["head"]
        records = texts[_ABOUT_NAMES[heads["type"]] & (heads["access"] == 0)]
        if len(records):
            self._put_named(records["head"], *self._paths.of_names(records))

    def _submitted(self, batch: Batch) -> list[Record]:
        """Requests of io_uring that name something."""
        return self._single(batch.texts[_requested(batch.texts["head"])])

    def _put_single(self, record: Record) -> None:
        """The row of a record about a name or a connection that came alone."""
        kind = int(record.head["type"])
        if kind == RecordType.CONNECT:
            self._connections.made(record)
        elif kind in _NAMED:
            first, second = self._paths.of_name(record.body, kind, int(record.head["pid"]))
            heads = np.array([record.head], HEAD)
            self._put_named(heads, np.array([first]), np.array([second]))

    def _put_named(
        self, heads: NDArray[np.void], paths: NDArray[np.int64], second: NDArray[np.int64]
    ) -> None:
        ops = {int(kind): self._sink.intern(op) for kind, op in _NAMED.items()}
        columns: dict[str, RawColumn] = {
            **_who(heads),
            "op": _translate(heads["type"], ops),
            "path": paths,
            "path2": second,
            "dev": np.where(heads["inode"] > 0, _device(heads["dev"]), NULL),
            "inode": np.where(heads["inode"] > 0, heads["inode"], NULL),
            "flags": heads["flags"].astype(np.int64),
            "error": self._errors(heads["result"]),
            "via": self._via(heads["via"]),
            "final": np.ones(len(heads), np.bool_),
        }
        del columns["access_id"]
        self._put(heads["ts"], columns)

    def _put_acts(self, events: NDArray[np.void]) -> None:
        """Rows of attempts on other processes: the file is the target's folder in /proc."""
        for event in events[_ABOUT_OTHERS[events["head"]["type"]]]:
            head = event["head"]
            row = FileAccess(
                int(head["process"]),
                int(head["pid"]),
                _AIMED[RecordType(int(head["type"]))],
                f"/proc/{int(head['inode'])}",
                flags=int(head["flags"]),
                final=True,
                error=error_name(int(head["result"])),
                via="syscall",
            )
            self._sink.put(self._stamp(head), row)

    def _put_gaps(self, batch: Batch, long_texts: Sequence[Record]) -> None:
        """What the kernel half says it could not see."""
        for head in batch.events["head"][batch.events["head"]["type"] == RecordType.FOREIGN]:
            call = int(head["process"]), int(head["flags"])
            if call not in self._undecoded:
                self._undecoded.add(call)
                reason = (
                    f"pid {int(head['pid'])} entered the kernel through its 32-bit door with call {call[1]}, "
                    "which is not decoded: what it moved is not known"
                )
                self._put_gap(int(head["ts"]), "undecoded", reason)
        for head in batch.events["head"][batch.events["head"]["type"] == RecordType.SILENT]:
            how = "Linux AIO" if head["result"] else "io_uring, without a completion,"
            reason = (
                f"pid {int(head['pid'])} had {how} move bytes (opcode {int(head['flags'])})"
                f"{_of_inode(int(head['inode']))}: how many is not known"
            )
            self._put_gap(int(head["ts"]), "silent_request", reason)
        heads = np.concatenate([batch.texts["head"], np.array([record.head for record in long_texts], HEAD)])
        heads = heads[heads["type"] != RecordType.EXEC]  # the exec's own row and gap say it
        self._put_cut(
            heads[_marked(heads, Mark.TRUNCATED)], "truncated", "a path is longer than what is kept"
        )
        self._put_cut(
            heads[_marked(heads, Mark.UNREAD)], "unread", "a name could not be read from the process's memory"
        )

    def _put_cut(self, heads: NDArray[np.void], cause: str, what: str) -> None:
        if len(heads):
            pids = ", ".join(map(str, sorted(set(heads["pid"].tolist()))))
            self._put_gap(int(heads["ts"].min()), cause, f"{what} (pid {pids})", lost=len(heads))

    def _put_gap(self, boot: int, cause: str, reason: str, lost: int | None = None) -> None:
        ts = int(self._clock.utc(np.array([boot]))[0])
        stamp = Stamp(ts, Quality.EXACT, Source.KERNEL)
        self._sink.put(stamp, Gap(cause, reason, start_ts=ts, lost=lost))

    def _put(self, boot: NDArray[np.int64], columns: Mapping[str, RawColumn]) -> None:
        self._sink.put_columns(FileAccess, Source.KERNEL, self._clock.utc(boot), columns)

    def _stamp(self, head: np.void) -> Stamp:
        ts = int(self._clock.utc(np.array([head["ts"]]))[0])
        return Stamp(ts, Quality.EXACT, Source.KERNEL)

    def _moment(self, boot: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(boot > 0, self._clock.utc(boot), NULL)

    def _via(self, via: NDArray[np.uint8]) -> NDArray[np.int64]:
        return _translate(via, {number: self._sink.intern(name) for number, name in _VIA.items()})

    def _errors(self, results: NDArray[np.int32]) -> NDArray[np.int64]:
        """Ids of errno names; :data:`NULL` where the call succeeded."""
        distinct, rows = np.unique(results, return_inverse=True)
        names = [error_name(result) for result in distinct.tolist()]
        ids = [NULL if name is None else self._sink.intern(name) for name in names]
        return np.array(ids, np.int64)[rows]

    def _name_unnamed(self, heads: NDArray[np.void], paths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give files without a path the name that /proc gives them: by kind and inode."""
        unnamed = np.flatnonzero(paths == NULL)
        if not len(unnamed):
            return paths
        named = paths.copy()
        for row in unnamed.tolist():
            named[row] = self._sink.intern(_by_inode(heads[row]))
        return named


def _by_inode(head: np.void) -> str:
    kind, inode, dev = int(head["mode"]) & _FORMAT, int(head["inode"]), int(head["dev"])
    if kind == _FIFO:
        return f"pipe:[{inode}]"
    if kind == _SOCKET:
        return f"socket:[{inode}]"
    return f"inode:[{dev >> 20}:{dev & 0xFFFFF}/{inode}]"


def _of_inode(inode: int) -> str:
    return f" at inode {inode}" if inode else ""


def _first_record_of(accesses: NDArray[np.int64], moved: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each access the place of its first record in ``moved``, -1 where it has none."""
    if not len(moved):
        return np.full(len(accesses), -1, np.int64)
    order = np.argsort(moved, kind="stable")
    at = np.minimum(np.searchsorted(moved[order], accesses), len(moved) - 1)
    found: NDArray[np.int64] = order[at]
    return np.where(moved[found] == accesses, found, -1)


def _requested(heads: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which records about names and connections are requests of io_uring, whose result comes later."""
    requested: NDArray[np.bool_] = _REQUESTED[heads["type"]] & (heads["access"] != 0)
    return requested


def _directly(heads: NDArray[np.void], kind: RecordType) -> NDArray[np.bool_]:
    """Which records are of ``kind`` and tell of a call that has returned."""
    directly: NDArray[np.bool_] = (heads["type"] == kind) & (heads["access"] == 0)
    return directly


def _marked(heads: NDArray[np.void], mark: Mark) -> NDArray[np.bool_]:
    marked: NDArray[np.bool_] = (heads["marks"] & mark) != 0
    return marked


def _who(heads: NDArray[np.void]) -> dict[str, RawColumn]:
    return {
        "process_id": heads["process"],
        "pid": heads["pid"].astype(np.int64),
        "access_id": heads["access"],
    }


def _file(heads: NDArray[np.void]) -> dict[str, RawColumn]:
    return {"dev": _device(heads["dev"]), "inode": heads["inode"]}


def _device(dev: NDArray[np.uint32]) -> NDArray[np.int64]:
    """``st_dev`` as stat(2) gives it (glibc's makedev) from the kernel's own encoding."""
    number = dev.astype(np.int64)
    major, minor = number >> 20, number & 0xFFFFF
    return (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)


def _translate(numbers: NDArray[np.unsignedinteger], ids: Mapping[int, int]) -> NDArray[np.int64]:
    table = np.full(max(ids) + 1, NULL, np.int64)
    for number, symbol in ids.items():
        table[number] = symbol
    translated: NDArray[np.int64] = table[numbers]
    return translated
