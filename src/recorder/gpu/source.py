"""The GPU witness: a thread that samples every device at a fixed rate and owns up to what it missed."""

import threading
import time
from dataclasses import dataclass
from typing import Final

from recorder.gpu.nvml import Device, DeviceLost, Nvml, Unreadable
from recorder.source import Target
from store.errors import BadInput, PtbError
from store.manifest import SourceInfo
from store.rows import Gap, GpuSample, Quality, Source, Stamp
from store.sink import Sink

SHORTEST_S: Final = 0.1
LONGEST_S: Final = 60.0

_PCIE_EVERY_S: Final = 1.0
_STOP_PATIENCE_S: Final = 3.0
_NANO: Final = 1_000_000_000


@dataclass(slots=True)
class _Track:
    """What is known of one device while it is sampled."""

    device: Device
    last_ts: int | None = None
    """Of the last sample."""
    unreadable: int = 0
    """Samples in a row that gave nothing."""
    reason: str = ""


class GpuSource:
    """Samples all GPUs through NVML, once a second unless told otherwise."""

    def __init__(self, interval_s: float = 1.0) -> None:
        """``interval_s`` between samples: 0.1 (10 Hz) to 60."""
        if not SHORTEST_S <= interval_s <= LONGEST_S:
            raise BadInput(
                f"GPU sampling interval {interval_s} s is out of range; use {SHORTEST_S} to {LONGEST_S:g} s"
            )
        self._interval_s = interval_s
        self._pcie_every = max(1, round(_PCIE_EVERY_S / interval_s))
        self._stopping = threading.Event()
        self._info = SourceInfo("gpu", "nvml", "unavailable", "not started")
        self._nvml: Nvml | None = None
        self._thread: threading.Thread | None = None
        self._sink: Sink | None = None
        self._tracks: list[_Track] = []
        self._gpu_name: str | None = None

    @property
    def info(self) -> SourceInfo:
        """Name, backend and state, for the manifest."""
        return self._info

    @property
    def gpu_name(self) -> str | None:
        """For :class:`store.manifest.Facts`: ``NVIDIA H100``, ``2 × NVIDIA H100``; None before the start."""
        return self._gpu_name

    def start(self, target: Target, sink: Sink) -> None:
        """Find the GPUs and begin; the machine is sampled, whatever ``target`` is."""
        del target
        try:
            self._nvml = Nvml.open()
        except PtbError as error:
            self._info = SourceInfo("gpu", "nvml", "unavailable", str(error))
            raise
        self._sink = sink
        self._tracks = [_Track(device) for device in self._nvml.devices]
        self._gpu_name = _names(self._nvml.devices)
        self._info = SourceInfo("gpu", "nvml", "recording")
        self._thread = threading.Thread(
            target=self._run, args=(self._nvml, sink), name="ptb-gpu", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close every open stretch; a driver that hangs is left behind, with a gap."""
        thread, sink, self._thread = self._thread, self._sink, None
        if thread is None or sink is None or self._nvml is None:
            return
        self._stopping.set()
        thread.join(_STOP_PATIENCE_S)
        if thread.is_alive():
            reason = f"NVML did not answer within {_STOP_PATIENCE_S:g} s at the end of the recording"
            started = min((track.last_ts for track in self._tracks if track.last_ts), default=None)
            _gap(sink, "hung", reason, started, time.time_ns(), None)
            self._info = SourceInfo("gpu", "nvml", "ended", reason)
            return
        self._nvml.close()
        if self._info.state == "recording":
            self._info = SourceInfo("gpu", "nvml", "ended")

    def _run(self, nvml: Nvml, sink: Sink) -> None:
        """Sample until told to stop, or until no device is left or the store refuses."""
        due = time.clock_gettime(time.CLOCK_BOOTTIME)
        tick = 0
        try:
            while not self._stopping.wait(max(0.0, due - time.clock_gettime(time.CLOCK_BOOTTIME))):
                missed = int((time.clock_gettime(time.CLOCK_BOOTTIME) - due) / self._interval_s)
                if missed:
                    self._report_missed(sink, missed)
                due += (missed + 1) * self._interval_s
                xids = nvml.take_xids()
                for track in list(self._tracks):
                    index = track.device.index
                    self._sample(nvml, sink, track, xids[index], pcie=tick % self._pcie_every == 0)
                if not self._tracks:
                    self._info = SourceInfo("gpu", "nvml", "ended", "every GPU was lost")
                    return
                tick += 1
            for track in self._tracks:
                _close_unreadable(sink, track)
        except PtbError as error:
            self._info = SourceInfo("gpu", "nvml", "ended", str(error))

    def _sample(self, nvml: Nvml, sink: Sink, track: _Track, xids: list[int] | None, *, pcie: bool) -> None:
        before = time.time_ns()
        try:
            row = nvml.sample(track.device, xids, pcie=pcie)
        except DeviceLost as lost:
            _close_unreadable(sink, track)
            _gap(sink, "device_lost", f"{lost}; not sampled from here on", track.last_ts, None, None)
            self._tracks.remove(track)
            return
        except Unreadable as unreadable:
            track.unreadable += 1
            track.reason = str(unreadable)
            return
        _close_unreadable(sink, track)
        _put(sink, row, before, time.time_ns())
        track.last_ts = before

    def _report_missed(self, sink: Sink, ticks: int) -> None:
        """A stalled sampler: the machine slept, or starved this thread, or NVML blocked."""
        last = max((track.last_ts for track in self._tracks if track.last_ts), default=None)
        _gap(
            sink,
            "stalled",
            f"the GPU sampler came {ticks} × {self._interval_s:g} s late",
            last,
            time.time_ns(),
            ticks * len(self._tracks),
        )


def _put(sink: Sink, row: GpuSample, before: int, after: int) -> None:
    """Stamp a sample with the middle of the time it took to ask."""
    half = (after - before) // 2
    sink.put(Stamp(before + half, Quality.EXACT, Source.GPU, err_us=half // 1000 + 1), row)


def _close_unreadable(sink: Sink, track: _Track) -> None:
    """Store the stretch in which a device gave nothing, if there is one."""
    if track.unreadable:
        _gap(sink, "unreadable", track.reason, track.last_ts, time.time_ns(), track.unreadable)
        track.unreadable = 0


def _gap(sink: Sink, cause: str, reason: str, start: int | None, end: int | None, lost: int | None) -> None:
    now = time.time_ns()
    sink.put(Stamp(now, Quality.ARRIVAL, Source.GPU), Gap(cause, reason, start, end, lost))


def _names(devices: tuple[Device, ...]) -> str:
    counts: dict[str, int] = {}
    for device in devices:
        counts[device.name] = counts.get(device.name, 0) + 1
    return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())
