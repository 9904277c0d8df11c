"""What recording costs the recorded: the same work with no witness, with eBPF, and with strace, in turn.

``cpu`` is what the recorded pay: that of the command and all its descendants, kernel programs included, and of strace,
which stands in their way. What ptb itself uses meanwhile, until its last row is written, is ``recorder_cpu``, and both
together ``all_cpu``. Figures are medians of the rounds with their spread (largest less smallest); ratios are to the
unrecorded command. Archives are unpacked, and the large file is read, in a tmpfs where there is one, so that no disk is measured.
"""

import resource
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figures, Setting
from recorder.kernel import Kernel, KernelChoice
from recorder.source import Target
from store.errors import Unavailable
from store.writer import RunWriter

ROUNDS = 5
BUDGET_S = 480.0
"""No further round begins that would end after this, on a slow machine; two are made in any case."""
FILES = 20_000
_MEMORY = Path("/dev/shm")

_READ = "import os; f = os.open({path!r}, 0); n = 1\nwhile n: n = len(os.read(f, {size}))"


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do, recorded and not."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witness:
    """One way to record."""

    name: str
    choice: KernelChoice
    count_bytes: bool = False


WITNESSES = (
    Witness("native", KernelChoice.NONE),
    Witness("ebpf", KernelChoice.EBPF),
    Witness("strace", KernelChoice.STRACE),
    Witness("strace_bytes", KernelChoice.STRACE, count_bytes=True),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command."""

    cpu_s: float
    wall_s: float
    recorder_s: float = 0
    """CPU of ptb itself, where it is told apart."""


def run(setting: Setting) -> Figures:
    """CPU and wall of every work under every witness, with ratios and their spread."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else setting.scratch) as memory:
        return _run(setting, works(setting.scratch, Path(memory)))


def _run(setting: Setting, to_do: Sequence[Work]) -> Figures:
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    started = time.monotonic()
    for number in range(ROUNDS):
        if number >= 2 and (time.monotonic() - started) * (number + 1) / number > BUDGET_S:
            break
        for work in to_do:
            for witness in WITNESSES:
                try:
                    cost = _measure(setting.scratch / f"{work.name}-{witness.name}-{number}", work, witness)
                except Unavailable:
                    continue
                costs[work.name, witness.name].append(cost)
    figures: Figures = {"capture_rounds": len(costs[to_do[0].name, "native"])}
    for work in to_do:
        native = costs[work.name, "native"]
        for witness in WITNESSES:
            figures |= compared(f"{work.name}_{witness.name}", costs[work.name, witness.name], native)
    return figures


def works(scratch: Path, memory: Path | None = None) -> list[Work]:
    """What is done, on files in ``scratch``; the large ones are in ``memory`` if it is given."""
    memory = memory or scratch
    archive, big, small = scratch / "tree.tar", memory / "big", scratch / "small"
    tree = scratch / "tree"
    tree.mkdir()
    for number in range(FILES):
        (tree / f"f{number}").write_bytes(b"x" * 100)
    with tarfile.open(archive, "w") as tar:
        tar.add(tree, "tree")
    with big.open("wb") as file:
        file.truncate(1 << 30)
    small.write_bytes(bytes(40_000 * 1024))
    python = (sys.executable, "-I", "-S", "-c")
    unpack = f"cd {memory} && mkdir out && tar xf {archive} -C out && rm -r out"
    starts = f"for i in $(seq 30); do {sys.executable} -c pass; done"
    modules = scratch / "modules"
    for package in ("asyncio", "email", "unittest", "xml"):
        shutil.copytree(Path(statistics.__file__).with_name(package), modules / package)
    compiled = f"import compileall; compileall.compile_dir({str(modules)!r}, force=True, quiet=2)"
    return [
        Work("python_starts", ("/bin/sh", "-c", starts)),
        Work("untar_rm_20k_files", ("/bin/sh", "-c", unpack)),
        Work("read_1gib_by_64k", (*python, _READ.format(path=str(big), size=65536))),
        Work("read_40k_by_1k", (*python, _READ.format(path=str(small), size=1024))),
        Work("compileall", (sys.executable, "-I", "-c", compiled)),
    ]


def _measure(folder: Path, work: Work, witness: Witness) -> Cost:
    with RunWriter.create(folder, folder.name, started_at=time.time_ns()) as writer:
        kernel = Kernel(witness.choice, writer, count_bytes=witness.count_bytes)
        command = kernel.prepare(work.argv, folder, stdout=None, stderr=None, born=lambda _: None)
        if witness.choice is not KernelChoice.NONE and not kernel.works:
            command.abandon()
            raise Unavailable("; ".join(info.reason or "" for info in kernel.infos))
        before, wall = _used(), time.perf_counter()
        kernel.release(command, Target(command.pid, str(folder)))
        command.over.wait()
        took = time.perf_counter() - wall
        kernel.stop(command)
        writer.flush()
        own, others = (after - since for after, since in zip(_used(), before, strict=True))
        cost = Cost(others, took, own)
        writer.close(ended_at=time.time_ns(), exit_status="0")
    return cost


def cpu_seconds() -> float:
    """CPU seconds of this process and of all children that were waited for."""
    return sum(_used())


def _used() -> tuple[float, float]:
    """CPU seconds of this process, and of all children that were waited for."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def compared(name: str, costs: list[Cost], native: list[Cost]) -> Figures:
    """Medians, spread and ratios to ``native``; None where it could not be done."""
    if not costs:
        return {f"{name}_cpu_ratio": None, f"{name}_wall_ratio": None}
    figures: Figures = {}
    parts: tuple[tuple[str, Callable[[Cost], float]], ...] = (
        ("cpu", lambda cost: cost.cpu_s),
        ("wall", lambda cost: cost.wall_s),
        ("all_cpu", lambda cost: cost.cpu_s + cost.recorder_s),
    )
    for part, of in parts:
        values = [of(cost) for cost in costs]
        base = statistics.median(of(cost) for cost in native)
        figures[f"{name}_{part}_s"] = round(statistics.median(values), 3)
        figures[f"{name}_{part}_spread_s"] = round(max(values) - min(values), 3)
        figures[f"{name}_{part}_ratio"] = round(statistics.median(values) / base, 2)
    figures[f"{name}_recorder_cpu_s"] = round(statistics.median(cost.recorder_s for cost in costs), 3)
    return figures
