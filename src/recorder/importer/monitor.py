"""``system_monitor.log`` of PostTrainBench: what ``nvidia-smi`` said once a minute, as samples of the GPU.

The format is that of ``src/utils/system_monitor.sh``: a line ``--- 2026-04-03 14:05:32 UTC ---``, then sections in
brackets; ``[GPU]`` has ``index, utilization.gpu, utilization.memory, memory.used, memory.total, temperature.gpu,
power.draw`` and ``[GPU Processes]`` has ``pid, used_gpu_memory, name``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from recorder.transcript.clock import parse_time
from recorder.transcript.decode import encode
from recorder.transcript.lines import LineBuffer
from store.counting import counted, noun
from store.readable import readable
from store.rows import Gap, GpuSample, Quality, Row, Source, Stamp

_TIME = re.compile(r"--- (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC) ---")
_SECTION = re.compile(r"\[([A-Z][A-Za-z ]{0,30})\]")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
_FIELDS = 7
_LINE_LIMIT = 64 << 10


def read_monitor(data: Iterable[bytes]) -> Iterator[tuple[Stamp, Row]]:
    """Samples in order of the log, then a gap for what could not be read."""
    lines = LineBuffer(_LINE_LIMIT)
    reader = _Reader()
    for portion in data:
        for line in lines.feed(portion):
            yield from reader.line(readable(line.data))
    for line in lines.finish():
        yield from reader.line(readable(line.data))
    yield from reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._stamp = Stamp(None, Quality.NONE, Source.GPU)
        self._section = ""
        self._samples: list[GpuSample] = []
        self._processes: list[dict[str, object]] = []
        self._unread = 0
        self._silent = 0

    def line(self, text: str) -> Iterator[tuple[Stamp, Row]]:
        """Take one line; gives the samples of the minute before when a new one begins."""
        if (time := _TIME.fullmatch(text)) is not None:
            yield from self._flush()
            self._section = ""
            moment = parse_time(time[1])
            if moment is not None:
                self._stamp = Stamp(moment.ns, moment.quality, Source.GPU, moment.err_us)
        elif (section := _SECTION.fullmatch(text)) is not None:
            self._section = section[1]
        elif self._section == "GPU" and text.strip():
            self._gpu(text)
        elif self._section == "GPU Processes" and text.count(", ") >= 2:
            pid, memory, name = text.split(", ", 2)
            self._processes.append({"pid": _number(pid), "mem_mb": _number(memory), "name": name})

    def finish(self) -> Iterator[tuple[Stamp, Row]]:
        """The last minute's samples and what was missing."""
        yield from self._flush()
        if self._silent:
            reason = f"nvidia-smi gave no answer in {counted(self._silent, 'sample')} of the monitor's log"
            yield self._stamp, Gap("unavailable", reason, lost=self._silent)
        if self._unread:
            what = noun(self._unread, "line of the monitor's log is", "lines of the monitor's log are")
            reason = f"{self._unread:,} {what} no sample of a GPU"
            yield self._stamp, Gap("unparsed", reason, lost=self._unread)

    def _gpu(self, text: str) -> None:
        parts = [part.strip() for part in text.split(",")]
        device = _number(parts[0])
        if "nvidia-smi unavailable" in text:
            self._silent += 1
        elif len(parts) != _FIELDS or device is None:
            self._unread += 1
        else:
            util, _, used, total, temperature, power = (_number(part) for part in parts[1:])
            self._samples.append(GpuSample(int(device), util, used, total, power_w=power, temp_c=temperature))

    def _flush(self) -> Iterator[tuple[Stamp, Row]]:
        """The log does not say which device a process uses; with one device there is no doubt."""
        for sample in self._samples:
            alone = len(self._samples) == 1
            yield self._stamp, replace(sample, processes=encode(self._processes)) if alone else sample
        self._samples, self._processes = [], []


def _number(text: str) -> float | None:
    match = _NUMBER.match(text.strip())
    return float(match[0]) if match else None
