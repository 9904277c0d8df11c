"""A run as a ten-hour PostTrainBench run looks like, made with the real writer, of any number of events.

Proportions follow measured runs: of 10 M events 40,000 processes, 200,000 paths, 412 messages, 187 commands, a GPU
sample a second; accesses come in bursts (imports, data loading, checkpoints) between long training stretches. The
agent reads an eval file, writes training data from it a while later and trains on that.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted import MAKE_DATA, TASK, TRAIN, plant_data, plant_training
from store.manifest import Facts, SourceInfo
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Exec,
    FileAccess,
    Gap,
    GpuSample,
    Message,
    ProcessExit,
    ProcessStart,
    Quality,
    Source,
    Stamp,
)
from store.schema import NULL
from store.writer import RunWriter

SECOND = 1_000_000_000
START = 1_775_224_800 * SECOND
"""2026-04-03 14:00:00 UTC."""
HOURS = 10
MESSAGES = 412
COMMANDS = 187
PROCESS_SHARE = 40_000 / 10_000_000
PATH_SHARE = 200_000 / 10_000_000
BATCH = 8192

_SITE = "/usr/local/lib/python3.12/site-packages"
_PACKAGES = (
    "torch",
    "transformers",
    "vllm",
    "numpy",
    "datasets",
    "trl",
    "peft",
    "accelerate",
    "triton",
    "xformers",
)


@dataclass(frozen=True, slots=True)
class _Phase:
    """A stretch of the run: share of its time, of its accesses, and how busy the GPU is."""

    name: str
    time: float
    accesses: float
    gpu: float


_PHASES = (
    _Phase("look around", 0.03, 0.08, 0),
    _Phase("baseline evaluation", 0.07, 0.09, 88),
    _Phase("write data script", 0.04, 0.03, 0),
    _Phase("generate data", 0.10, 0.12, 74),
    _Phase("first training", 0.16, 0.14, 96),
    _Phase("evaluate", 0.06, 0.09, 85),
    _Phase("wait and think", 0.05, 0.01, 0),
    _Phase("mix in more data", 0.03, 0.06, 0),
    _Phase("second training", 0.22, 0.17, 97),
    _Phase("evaluate again", 0.06, 0.08, 86),
    _Phase("third training", 0.13, 0.09, 95),
    _Phase("save and stop", 0.05, 0.04, 12),
)


def make_run(folder: Path, events: int = 10_000_000, seed: int = 7) -> Path:
    """Write a run of about ``events`` events to ``folder`` and return it."""
    rng = np.random.default_rng(seed)
    facts = Facts(
        agent="claude",
        agent_model="claude-opus-4-6",
        benchmark="healthbench",
        base_model="Qwen/Qwen3-4B-Base",
        method="claude_opus-4.6_10h",
        limit_s=HOURS * 3600,
        gpu_name="NVIDIA H100 80GB HBM3",
        command="claude --print --verbose --output-format stream-json",
        root=TASK,
    )
    with RunWriter.create(folder, f"big-{events}", started_at=START, facts=facts) as run:
        run.set_sources(
            [
                SourceInfo("kernel", "ebpf", "ended"),
                SourceInfo("gpu", "nvml", "ended"),
                SourceInfo("transcript", "claude", "ended"),
                SourceInfo("workspace", "sweep", "ended"),
            ]
        )
        _Scene(run, rng, events).play()
        run.close(ended_at=START + HOURS * 3600 * SECOND, exit_status="0")
    return folder


class _Scene:
    """Writes the run hour by hour, in the order in which a recorder would."""

    def __init__(self, run: RunWriter, rng: np.random.Generator, events: int) -> None:
        self._run = run
        self._rng = rng
        self._processes = max(12, int(events * PROCESS_SHARE))
        self._accesses = max(100, events - self._processes * 3 - HOURS * 3600 - 2 * MESSAGES)
        paths = max(200, int(events * PATH_SHARE))
        self._read = np.array([run.intern(path) for path in _read_paths(paths * 4 // 5, rng)])
        self._written = np.array([run.intern(path) for path in _written_paths(paths // 5)])
        self._op = run.intern("open")
        self._via = run.intern("syscall")
        self._next_process = 1

    def play(self) -> None:
        edges = np.cumsum([0.0, *(phase.time for phase in _PHASES)])
        self._process(
            START, "/usr/local/bin/claude", "claude --print --verbose --output-format stream-json", 0
        )
        for phase, begin, end in zip(_PHASES, edges[:-1], edges[1:], strict=True):
            start = START + int(begin * HOURS * 3600 * SECOND)
            stop = START + int(end * HOURS * 3600 * SECOND)
            self._talk(phase, start, stop)
            self._fork(phase, start, stop)
            self._touch_files(phase, start, stop)
            self._sample_gpu(phase, start, stop)
        middle = START + int(0.35 * HOURS * 3600 * SECOND)
        reason = "the kernel ring was full for 0.8 s: 212 records lost"
        at = Stamp(middle, Quality.EXACT, Source.KERNEL)
        self._run.put(at, Gap("ring_full", reason, middle, middle + 800_000_000, 212))

    def _process(self, ts: int, exe: str, argv: str, parent: int) -> int:
        number, self._next_process = self._next_process, self._next_process + 1
        pid = 300 + number % 32_000
        at = Stamp(ts, Quality.EXACT, Source.KERNEL)
        self._run.put(at, ProcessStart(number, pid, parent or None, 300 + parent, cwd=TASK, uid=1000))
        self._run.put(at, Exec(number, pid, exe, argv, cwd=TASK))
        return number

    def _talk(self, phase: _Phase, start: int, stop: int) -> None:
        count = max(1, round(MESSAGES * _talkativeness(phase)))
        times = np.sort(self._rng.integers(start, stop, count))
        commands = max(1, round(count * COMMANDS / MESSAGES))
        for n, ts in enumerate(times.tolist()):
            at = Stamp(ts, Quality.EXACT, Source.TRANSCRIPT)
            self._run.put(
                at, Message("assistant", "message", f"{phase.name}: step {n}, let me check the results.")
            )
            if n < commands:
                self._command(ts + SECOND, f"python {phase.name.replace(' ', '_')}.py --step {n}", n)
        if phase.name == "write data script":
            plant_data(self._run, self._command(start + (stop - start) // 2, MAKE_DATA, 1), start, stop)
        if phase.name == "second training":
            plant_training(self._run, self._command(start + 60 * SECOND, TRAIN, 1), start, stop)

    def _command(self, ts: int, text: str, n: int) -> int:
        number = self._next_process
        at = Stamp(ts, Quality.EXACT, Source.TRANSCRIPT)
        call = f"toolu_{number:08d}"
        self._run.put(at, Message("assistant", "tool_call", text, tool="Bash", tool_call_id=call))
        self._run.put(at, Command(number, text, cwd=TASK, tool="Bash", tool_call_id=call))
        process = self._process(ts + 5_000_000, "/usr/bin/python3.12", text, 1)
        self._run.put(at, CommandLink(number, process, "exact"))
        end = Stamp(ts + 20 * SECOND, Quality.EXACT, Source.TRANSCRIPT)
        self._run.put(end, CommandEnd(number, 0 if n % 9 else 1, f"step {n} done\nloss 0.{n:04d}\n"))
        return process

    def _fork(self, phase: _Phase, start: int, stop: int) -> None:
        count = max(1, int(self._processes * phase.accesses))
        times = np.sort(self._burst(start, stop, count))
        first = self._next_process
        self._next_process += count
        ids = np.arange(first, first + count)
        pids = 300 + ids % 32_000
        parents = np.maximum(1, ids - self._rng.integers(1, 40, count))
        run = self._run
        exe, argv, cwd = run.intern("/usr/bin/python3.12"), run.intern("python3 -c worker"), run.intern(TASK)
        common = {"process_id": ids, "pid": pids}
        run.put_columns(
            ProcessStart,
            Source.KERNEL,
            times,
            {**common, "parent_id": parents, "ppid": 300 + parents % 32_000, "cwd": np.full(count, cwd)},
        )
        image = {"exe": np.full(count, exe), "argv": np.full(count, argv), "cwd": np.full(count, cwd)}
        run.put_columns(Exec, Source.KERNEL, times + 1_000_000, {**common, **image})
        last = START + HOURS * 3600 * SECOND - 1
        ends = np.minimum(times + self._rng.integers(SECOND // 10, 90 * SECOND, count), last)
        run.put_columns(
            ProcessExit, Source.KERNEL, ends, {**common, "exit_code": np.zeros(count, dtype=np.int64)}
        )

    def _touch_files(self, phase: _Phase, start: int, stop: int) -> None:
        count = int(self._accesses * phase.accesses)
        times = np.sort(self._burst(start, stop, count))
        for at in range(0, count, BATCH):
            ts = times[at : at + BATCH]
            n = len(ts)
            process = np.repeat(self._rng.integers(1, self._next_process, math.ceil(n / 64)), 64)[:n]
            failed = self._rng.random(n) < 0.12
            wrote = ~failed & (self._rng.random(n) < 0.08)
            path = np.where(wrote, self._popular(self._written, n), self._popular(self._read, n))
            size = self._rng.integers(1, 64, n) * 4096
            self._run.put_columns(
                FileAccess,
                Source.KERNEL,
                ts,
                {
                    "process_id": process,
                    "pid": 300 + process % 32_000,
                    "op": np.full(n, self._op),
                    "path": path,
                    "via": np.full(n, self._via),
                    "end_ts": ts + self._rng.lognormal(12, 2, n).astype(np.int64),
                    "dev": np.full(n, 2049),
                    "inode": 1_000_000 + path,
                    "bytes_read": np.where(failed, NULL, np.where(wrote, 0, size)),
                    "bytes_written": np.where(failed, NULL, np.where(wrote, size, 0)),
                    "error": np.where(failed, self._run.intern("ENOENT"), NULL),
                    "final": np.ones(n, dtype=np.bool_),
                },
            )

    def _popular(self, paths: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Some paths far more often than others."""
        ranks: NDArray[np.int64] = np.minimum(self._rng.zipf(1.2, count), len(paths)) - 1
        return paths.take(ranks)

    def _sample_gpu(self, phase: _Phase, start: int, stop: int) -> None:
        times = np.arange(start, stop, SECOND)
        n = len(times)
        util = np.clip(phase.gpu + self._rng.normal(0, 4, n), 0, 100) if phase.gpu else np.zeros(n)
        busy = util / 100
        self._run.put_columns(
            GpuSample,
            Source.GPU,
            times,
            {
                "device": np.zeros(n, dtype=np.int64),
                "util_pct": np.round(util),
                "mem_used_mb": np.round(2_000 + busy * 61_000),
                "mem_total_mb": np.full(n, 81_559.0),
                "power_w": np.round(75 + busy * 560, 1),
                "temp_c": np.round(34 + busy * 30),
                "sm_clock_mhz": np.round(345 + busy * 1_600),
            },
        )

    def _burst(self, start: int, stop: int, count: int) -> NDArray[np.int64]:
        """Times that cluster: most within seconds of a few moments, the rest spread evenly."""
        moments = self._rng.integers(start, stop, max(1, (stop - start) // (120 * SECOND)))
        near = moments[self._rng.integers(0, len(moments), count)]
        near = near + np.abs(self._rng.normal(0, 8 * SECOND, count)).astype(np.int64)
        evenly = self._rng.integers(start, stop, count)
        return np.minimum(np.where(self._rng.random(count) < 0.8, near, evenly), stop - 1)


def _talkativeness(phase: _Phase) -> float:
    """Share of the messages: quiet while the GPU works."""
    weight = {one.name: one.time * (0.5 if one.gpu > 50 else 3) for one in _PHASES}
    return weight[phase.name] / sum(weight.values())


def _read_paths(count: int, rng: np.random.Generator) -> Iterator[str]:
    """Files as such runs read them: data shards, installed packages, the base model."""
    for shard in range(8):
        yield f"/root/.cache/huggingface/datasets/ultrachat/train-{shard:05}-of-00008.arrow"
    kinds = rng.random(count - 8)
    for n, kind in enumerate(kinds.tolist()):
        if kind < 0.85:
            package = _PACKAGES[n % len(_PACKAGES)]
            yield f"{_SITE}/{package}/models/part_{n % 97}/module_{n}.py"
        else:
            yield f"/root/.cache/huggingface/hub/models--Qwen--Qwen3-4B-Base/blobs/{n:064x}"


def _written_paths(count: int) -> Iterator[str]:
    """Files as such runs write them: compiled kernels and checkpoints."""
    for n in range(count):
        if n % 3:
            yield f"/tmp/torchinductor_agent/{n % 211:02x}/c{n:030x}.py"
        else:
            yield f"{TASK}/checkpoints/step_{n}/optimizer.pt"
