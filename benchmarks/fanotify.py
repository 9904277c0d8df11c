"""What the second witness and the gate cost beside eBPF, with fatrace, which hears of every open, as a peer.

All work is done in the folder that a recording would watch by default; ``watched`` adds every read and change of it.
CPU is that of the command with all its descendants, of the witnesses and of the recorder.
"""

import os
import shutil
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.capture import Cost, Work, compared, cpu_seconds, works
from benchmarks.figures import Figures, Setting
from recorder.fanotify.beside import Beside, Paths
from recorder.fanotify.gate import Gate
from recorder.fanotify.lives import Lives
from recorder.kernel import Kernel, KernelChoice
from recorder.source import Target
from store.errors import Unavailable
from store.writer import RunWriter

ROUNDS = 5
OPENS = 5_000


@dataclass(frozen=True, slots=True)
class Way:
    """One way to record."""

    name: str
    kernel: KernelChoice
    beside: bool = False
    watched: bool = False
    denied: bool = False
    peer: str | None = None
    """A program that watches instead."""


WAYS = (
    Way("native", KernelChoice.NONE),
    Way("ebpf", KernelChoice.EBPF),
    Way("ebpf_fanotify", KernelChoice.EBPF, beside=True),
    Way("ebpf_watched", KernelChoice.EBPF, beside=True, watched=True),
    Way("ebpf_denied", KernelChoice.EBPF, beside=True, denied=True),
    Way("fatrace", KernelChoice.NONE, peer="fatrace"),
)


def run(setting: Setting) -> Figures:
    """CPU and wall of every work in every way, with ratios and their spread; microseconds of an open at the gate."""
    folder = setting.scratch / "work"
    folder.mkdir()
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    done = works(folder)
    for number, work, way in product(range(ROUNDS), done, WAYS):
        with suppress(Unavailable):
            cost = _measure(setting.scratch / f"{work.name}-{way.name}-{number}", folder, work, way)
            costs[work.name, way.name].append(cost)
    figures: Figures = {}
    for work in done:
        for way in WAYS:
            name = f"{work.name}_{way.name}"
            figures |= compared(name, costs[work.name, way.name], costs[work.name, "native"])
    return {**figures, **_at_the_gate(folder)}


def _measure(run_folder: Path, folder: Path, work: Work, way: Way) -> Cost:
    paths = Paths(
        watch=(folder,) if way.watched else (), deny=(folder / "no-such-file",) if way.denied else ()
    )
    with (
        Beside(paths) as beside,
        _peer(way.peer, folder) as peer,
        RunWriter.create(run_folder, run_folder.name, started_at=time.time_ns()) as writer,
    ):
        hearing = beside.hearing(writer) if way.beside else writer
        kernel = Kernel(way.kernel, hearing, count_bytes=False)
        command = kernel.prepare(work.argv, folder, stdout=None, stderr=None, born=lambda _: None)
        if way.kernel is not KernelChoice.NONE and not kernel.works:
            command.abandon()
            raise Unavailable("; ".join(info.reason or "" for info in kernel.infos))
        target = Target(command.pid, str(folder))
        if way.beside:
            beside.start(target, writer, [], kernel=True, transfers=True)
        cpu, wall = cpu_seconds() + _used(peer), time.perf_counter()
        kernel.release(command, target)
        command.over.wait()
        took = time.perf_counter() - wall
        beside.close_eyes()
        kernel.stop(command)
        beside.stop()
        writer.flush()
        spent = cpu_seconds() + _used(peer) - cpu
        writer.close(ended_at=time.time_ns(), exit_status="0")
    return Cost(spent, took)


@contextmanager
def _peer(name: str | None, folder: Path) -> Iterator[int | None]:
    """The pid of a program that hears of everything on the mount of ``folder`` meanwhile and writes to nowhere."""
    program = shutil.which(name) if name else None
    if name and program is None:
        raise Unavailable(f"{name} is not installed")
    if program is None:
        yield None
        return
    with subprocess.Popen([program, "--current-mount"], cwd=folder, stdout=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        try:
            yield process.pid
        finally:
            process.terminate()


def _used(pid: int | None) -> float:
    """CPU seconds of a process that still runs."""
    if pid is None:
        return 0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _at_the_gate(folder: Path) -> Figures:
    """An open that nobody asks about, and one that the gate is asked about and lets through."""
    path = folder / "asked"
    path.touch()
    figures: Figures = {"open_us": _open_us(path)}
    gate = Gate([folder / "no-such-file"], Lives())
    try:
        gate.shut()
    except Unavailable:
        return {**figures, "open_asked_us": None}
    try:
        return {**figures, "open_asked_us": _open_us(path)}
    finally:
        gate.stop()


def _open_us(path: Path) -> float:
    took = []
    for _ in range(OPENS):
        start = time.perf_counter()
        fd = os.open(path, os.O_RDONLY)
        took.append(time.perf_counter() - start)
        os.close(fd)
    return round(statistics.median(took) * 1e6, 1)
