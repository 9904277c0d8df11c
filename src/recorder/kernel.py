"""The kernel witness of one recording: the first rung of the ladder that works here, and the command it watches.

eBPF attaches to a command that is held back; strace has to start the command itself; where neither works the command
runs without a kernel witness, and why each rung does not work is kept for the manifest.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from recorder.command import Command
from recorder.ebpf.source import EbpfSource
from recorder.source import Ending, Target
from recorder.strace.source import StraceSource
from store.counting import counted
from store.errors import PtbError, Unavailable
from store.manifest import SourceInfo
from store.rows import Gap, Quality, Source, Stamp
from store.sink import Sink


class KernelChoice(StrEnum):
    """Which kernel witness records."""

    AUTO = "auto"
    """The first of the others that works."""
    EBPF = "ebpf"
    STRACE = "strace"
    NONE = "none"


_LADDER = {
    KernelChoice.AUTO: (KernelChoice.EBPF, KernelChoice.STRACE),
    KernelChoice.EBPF: (KernelChoice.EBPF,),
    KernelChoice.STRACE: (KernelChoice.STRACE,),
    KernelChoice.NONE: (),
}


class Kernel:
    """Starts the command in the way its witness needs, and hides that way from the rest of the recording."""

    def __init__(self, choice: KernelChoice, sink: Sink, *, count_bytes: bool) -> None:
        """``count_bytes``: bytes and mappings under strace too, at a price; eBPF always counts them."""
        self._choice = choice
        self._sink = sink
        self._count_bytes = count_bytes
        self._attached: EbpfSource | None = None
        self._launcher: StraceSource | None = None
        self._absent: list[SourceInfo] = []

    @property
    def infos(self) -> list[SourceInfo]:
        """The rungs that were tried, for the manifest: at most the last one records."""
        source = self._attached or self._launcher
        return [*self._absent, *([source.info] if source else [])]

    @property
    def works(self) -> bool:
        """Whether there is a kernel witness."""
        return self._attached is not None or self._launcher is not None

    @property
    def counts_bytes(self) -> bool:
        """Whether it tells what was read and written, not only what was opened."""
        return self._attached is not None or (self._launcher is not None and self._count_bytes)

    def prepare(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        stdout: int | None,
        stderr: int | None,
        born: Callable[[int], None],
        environment: Mapping[str, str] | None = None,
    ) -> Command:
        """The command, started and held back, with a witness that works here.

        ``born`` is told the pid of every process that is started for it, at once; ``environment`` is the command's,
        None for our own.
        """
        make = partial(
            Command, folder=folder, stdout=stdout, stderr=stderr, born=born, environment=environment
        )
        for rung in _LADDER[self._choice]:
            try:
                if rung is KernelChoice.EBPF:
                    return self._attach(make, argv, folder)
                return self._launch(make, argv)
            except Unavailable as error:
                self._absent.append(SourceInfo("kernel", rung.value, "unavailable", str(error)))
        if self._absent:
            self._put_gap("unavailable", "; ".join(f"{info.backend}: {info.reason}" for info in self._absent))
        return make(argv)

    def release(self, command: Command, target: Target) -> None:
        """Let the command run, watched."""
        if self._launcher:
            self._launcher.start(target, self._sink)
        command.release()

    def command_pid(self, command: Command) -> int | None:
        """The pid of the command itself; None while the launcher has not started it yet."""
        return self._launcher.root_pid if self._launcher else command.pid

    def command_ended(self, command: Command) -> bool:
        """Whether the command itself has ended; what it started may still run."""
        return command.over.is_set() or (self._launcher is not None and self._launcher.ending is not None)

    def survivors(self, command: Command) -> list[int]:
        """The pids of recorded processes that have not ended."""
        if self._launcher:
            return [] if command.over.is_set() else self._launcher.alive
        return self._attached.alive if self._attached else []

    def ending(self, command: Command) -> Ending:
        """How the command ended; waits until it has."""
        if self._launcher and self._launcher.ending:
            return self._launcher.ending
        command.over.wait()
        code = command.returncode
        return Ending(code, None) if code >= 0 else Ending(None, -code)

    def stop(self, command: Command) -> None:
        """End the witness; what still runs under strace ends with it, what eBPF watched goes on unrecorded."""
        if self._launcher:
            self._launcher.stop()
            return
        if self._attached is None:
            return
        left = self.survivors(command)
        if left:
            self._put_gap(
                "stopped",
                f"{counted(len(left), 'process', 'processes')} still ran when the recording ended; what goes on from here is not recorded",
            )
        try:
            self._attached.stop()
        except PtbError as error:
            self._put_gap("failed", str(error))

    def _attach(self, make: Callable[..., Command], argv: Sequence[str], folder: Path) -> Command:
        source = EbpfSource()
        command = make(argv)
        try:
            source.start(Target(command.pid, str(folder)), self._sink)
        except BaseException:
            command.abandon()
            raise
        self._attached = source
        return command

    def _launch(self, make: Callable[..., Command], argv: Sequence[str]) -> Command:
        source = StraceSource(count_bytes=self._count_bytes)
        wrapped = source.wrap(argv)
        self._launcher = source
        return make(wrapped)

    def _put_gap(self, cause: str, reason: str) -> None:
        now = time.time_ns()
        self._sink.put(Stamp(now, Quality.ARRIVAL, Source.KERNEL), Gap(cause, reason, start_ts=now))
