"""The eBPF witness: loads the programs, says what to record, and keeps emptying the rings."""

import struct
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from recorder import cgroups
from recorder.ebpf import procfs, programs
from recorder.ebpf.clock import Clock
from recorder.ebpf.connections import Proxy
from recorder.ebpf.decode import Batch, Decoder
from recorder.ebpf.layout import EVENT, TEXT, Loss
from recorder.ebpf.libbpf import Object
from recorder.ebpf.programs import OBJECT
from recorder.ebpf.ring import Ring
from recorder.source import Target
from store.counting import counted
from store.errors import PtbError, Unavailable
from store.manifest import SourceInfo
from store.rows import Gap, Quality, Source, Stamp
from store.sink import Sink

_BATCH = 16_384
"""Records taken at once: bounds the memory of a batch, 8 MiB of text records."""
_PAUSE_S = 0.05
"""Between two looks at rings that were nearly empty: a look costs a millisecond, and a reader is to be at most 250 ms
behind, 200 of which are the log's."""
_LOOK_S = 1.0
"""Between two looks at the loss counters and the clock."""
_SWEEP_S = 10.0
"""Between two records of an access that stays open."""
_LOST = {
    Loss.EVENTS: ("ring_full", "records of bytes, ends and signals: the ring was full"),
    Loss.TEXTS: ("ring_full", "records of opens, names and process starts: the ring was full"),
    Loss.LONG_TEXTS: ("ring_full", "records of execs and long paths: the ring was full"),
    Loss.PROCESSES: ("table_full", "processes and all they did: the process table was full"),
}


@dataclass(frozen=True, slots=True)
class _Mark:
    """Positions in the rings. A record about an access is sent after the text that tells the access's path, so the
    events before a mark are taken only when the texts before it have been."""

    texts: int = 0
    long_texts: int = 0
    events: int = 0


class EbpfSource:
    """Records a process tree or a cgroup; implements :class:`recorder.source.Source`."""

    def __init__(self, path: Path = OBJECT, proxy: Proxy | None = None) -> None:
        """``proxy``: names the hosts of the connections that go through it."""
        self._path = path
        self._proxy = proxy
        self._info = SourceInfo("kernel", "ebpf", "unavailable", "not started")
        self._object: Object | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failure: PtbError | None = None
        self._unseen: str | None = None

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state."""
        return self._info

    @property
    def alive(self) -> list[int]:
        """Host pids of recorded processes that have not ended, by the kernel half's own table."""
        if self._object is None:
            return []
        pids = [int.from_bytes(key, "little") for key in self._object.keys("processes", 4)]
        return [pid for pid in sorted(set(pids)) if procfs.runs(pid)]

    def start(self, target: Target, sink: Sink) -> None:
        """Load, attach and begin; raises :class:`Unavailable` where the kernel, libbpf or a privilege is lacking."""
        try:
            self._object, self._unseen = programs.load(
                self._path, Path(target.cgroup) if target.cgroup else None
            )
        except Unavailable as error:
            self._info = replace(self._info, state="unavailable", reason=str(error))
            raise
        self._sink = sink
        self._clock = Clock()
        self._decoder = Decoder(sink, self._clock, self._proxy)
        self._texts, self._long_texts, self._events = (
            Ring(self._object.map_fd(name), self._object.capacity(name))
            for name in ("texts", "long_texts", "events")
        )
        self._mark = _Mark()
        self._lost = dict.fromkeys(_LOST, 0)
        self._missed = 0
        self._looked_at = time.time_ns()
        self._enrol(target)
        if target.cgroup:
            self._object.iterate("standing")
        try:
            self._object.attach()
        except Unavailable as error:
            self._info = replace(self._info, reason=str(error))
            self._unload()
            raise
        self._info = SourceInfo("kernel", "ebpf", "recording", self._unseen)
        if self._unseen:
            self._put_gap("unavailable", self._unseen, self._looked_at, None)
        self._thread = threading.Thread(target=self._consume, name="ebpf", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Detach, write what is left in tables and rings, and unload."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._object is None:
            return
        self._object.detach()
        if self._failure is None:
            self._object.run("sweep")
            while self._drain():
                pass
            self._decoder.close()
            self._look()
        self._unload()
        self._info = replace(self._info, state="ended")
        if self._failure is not None:
            raise self._failure

    def _unload(self) -> None:
        for ring in (self._texts, self._long_texts, self._events):
            ring.close()
        if self._object is not None:
            self._object.close()
            self._object = None

    def _enrol(self, target: Target) -> None:
        """Record the processes that are there already; the kernel half announces each at its first act."""
        assert self._object is not None
        pids = cgroups.members(Path(target.cgroup)) if target.cgroup else procfs.descendants(target.root_pid)
        for pid in pids:
            self._decoder.lifecycle.enrol(pid)
            self._object.insert("processes", struct.pack("=I", pid), bytes(16))

    def _consume(self) -> None:
        next_look = next_sweep = time.monotonic()
        next_sweep += _SWEEP_S
        try:
            while not self._stopping.is_set():
                if self._drain() < _BATCH // 8:
                    self._stopping.wait(_PAUSE_S)
                now = time.monotonic()
                if now >= next_look:
                    self._look()
                    next_look = now + _LOOK_S
                if now >= next_sweep:
                    assert self._object is not None
                    self._object.run("sweep")
                    next_sweep = now + _SWEEP_S
        except PtbError as error:  # the disk refused: stop() tells the caller
            self._failure = error
            self._info = replace(self._info, state="ended", reason=str(error))

    def _drain(self) -> int:
        """Take and write one batch; how many records it had."""
        if self._mark.events <= self._events.position:
            self._mark = self._ends()
        mark = self._mark
        texts = self._texts.take(TEXT, mark.texts, _BATCH)
        told = self._texts.position >= mark.texts
        long_texts = self._long_texts.take_variable(mark.long_texts) if told else []
        events = self._events.take(EVENT, mark.events if told else self._events.position, _BATCH)
        batch = Batch(texts, long_texts, events)
        if len(batch):
            self._put(batch)
        return len(batch)

    def _ends(self) -> _Mark:
        """Where the rings end now, read in the order that makes every path known before what it is needed for."""
        events = self._events.end
        long_texts = self._long_texts.end
        return _Mark(self._texts.end, long_texts, events)

    def _put(self, batch: Batch) -> None:
        try:
            self._decoder.put(batch)
        except PtbError:
            raise
        except Exception as error:  # noqa: BLE001 — a fault of ours loses a batch and says so, not the recording
            reason = f"{counted(len(batch), 'record')} could not be decoded: {type(error).__name__}: {error}"
            self._put_gap("failed", reason, time.time_ns(), len(batch))

    def _look(self) -> None:
        """Say what was lost and whether the system clock was set, since the last look."""
        assert self._object is not None
        now = time.time_ns()
        self._decoder.tick(now)
        counters = self._object.sum_per_cpu("losses", len(Loss))
        for loss, (cause, what) in _LOST.items():
            lost = counters[loss] - self._lost[loss]
            if lost:
                self._put_gap(cause, f"{lost} {what}", now, lost)
                self._lost[loss] = counters[loss]
        missed = self._object.missed()
        if missed > self._missed:
            count = missed - self._missed
            self._put_gap(
                "missed", f"the kernel skipped {count} calls of the recorder's programs", now, count
            )
            self._missed = missed
        jump = self._clock.look()
        if jump is not None:
            self._put_gap(
                "clock_jump", f"the system clock was set by {jump.step / 1e9:+.3f} s", jump.at, None
            )
        self._looked_at = now

    def _put_gap(self, cause: str, reason: str, now: int, lost: int | None) -> None:
        gap = Gap(cause, reason, start_ts=self._looked_at, end_ts=now, lost=lost)
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.KERNEL), gap)
