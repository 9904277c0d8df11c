"""One recording of a container: armed before its first instruction, or attached while it runs.

The container is Docker's: it is started if need be, never changed, and it goes on when the recording is interrupted.
"""

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder import cgroups
from recorder.command import shell_code
from recorder.container import Container
from recorder.docker_events import DockerEvents
from recorder.ebpf.connections import Proxy
from recorder.ebpf.source import EbpfSource
from recorder.fanotify.beside import Beside, Paths
from recorder.gpu.source import GpuSource
from recorder.joining.sink import Joining
from recorder.kernel import KernelChoice
from recorder.output import Choice, Words
from recorder.recording import SCAN_S, Outcome, exit_status
from recorder.redact import Redactor, secret_values
from recorder.signals import Forwarding
from recorder.source import Source, Target
from recorder.tally import Tally
from recorder.time_limit import TimeLimit
from recorder.watchdog.cgroup import Cgroup
from recorder.watchdog.client import Watchdog
from recorder.watchdog.reaction import Reaction
from recorder.workspace.source import WorkspaceSource
from recorder.writes import WriteWatch
from store.cursor import index_ahead
from store.errors import BadInput, Unavailable
from store.ids import new_run_id
from store.library import runs_folder
from store.manifest import Facts, SourceInfo
from store.rows import Gap, Quality, Stamp
from store.rows import Source as Witness
from store.writer import RunWriter

_TICK_S = 0.1
_NOT_FILES = ("/proc", "/sys")
"""Of a container; not swept for changed files."""


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """Which container to record and how."""

    name: str
    """Or its id."""
    output: Path | None = None
    """The run's folder; None for one named by its id under the runs folder."""
    facts: Facts = field(default_factory=Facts)
    transcript: Choice = Choice.AUTO
    kernel: KernelChoice = KernelChoice.AUTO
    """``AUTO`` is eBPF, else what Docker tells; ``NONE`` is what Docker tells; strace cannot be had."""
    gpu_interval_s: float = 1.0
    fanotify: Paths = field(default_factory=Paths)
    """What to watch with a second witness and what to deny, by the host's paths."""
    on_death: Reaction = Reaction.FREEZE
    """What becomes of the container when the recorder dies."""
    death_grace_s: float = 60.0
    """How long it stands frozen, for another recording to take it over, before it is ended."""
    secrets: frozenset[str] = frozenset()
    """Never to be written, besides the secrets in ptb's own environment."""
    time_limit: TimeLimit | None = None
    """Ends what runs in the container, also when a signal comes; None for a container that is left alone."""
    run_id: str | None = None
    """None for a new one."""
    witnesses: tuple[Source, ...] = ()
    """Besides the recorder's own; started before the container, stopped before the kernel witness."""
    proxy: Proxy | None = None
    """Names the hosts of the connections that go through it."""


def record_container(plan: ContainerPlan, note: Callable[[str], None]) -> Outcome:
    """Record a container until nothing runs in it, or until a signal comes; the container is left alone then.

    Raises :class:`store.errors.PtbError` where there is no such container, it cannot be watched, or the run cannot be
    written. Where eBPF does not work, what Docker tells is recorded in its place, and a gap says so, unless the plan wants
    eBPF or nothing.
    """
    if plan.kernel is KernelChoice.STRACE:
        raise BadInput(
            "strace cannot watch a container, which its daemon starts: --kernel ebpf, auto or none"
        )
    container = Container(plan.name)
    started_at = time.time_ns()
    redactor = Redactor(secret_values(os.environ) | plan.secrets)
    run_id = plan.run_id or new_run_id(started_at, plan.facts.agent or container.name)
    command = redactor.redact(plan.facts.command or shlex.join(container.command)).text
    facts = replace(
        plan.facts, command=command, root=container.folder, image=plan.facts.image or container.image
    )
    folder = plan.output or runs_folder() / run_id
    with (
        Beside(plan.fanotify) as beside,
        RunWriter.create(folder, run_id, started_at=started_at, facts=facts) as writer,
    ):
        recording = _ContainerRecording(plan, container, writer, redactor, beside)
        recording.run(note)
        status, exit_code = recording.ending()
        head = writer.close(ended_at=time.time_ns(), exit_status=status)
    container.close()
    index_ahead(writer.folder)
    return Outcome(run_id, writer.folder, head, exit_code, recording.infos, recording.counts)


class _ContainerRecording:
    """The witnesses of one container."""

    def __init__(
        self,
        plan: ContainerPlan,
        container: Container,
        writer: RunWriter,
        redactor: Redactor,
        beside: Beside,
    ) -> None:
        self._container = container
        self._beside = beside
        self._writer = writer
        self._tally = Tally(writer, redactor)
        self._joining = Joining(self._tally, redactor, lambda: self._words.decided if self._words else False)
        self._words = (
            Words(plan.transcript, redactor, self._joining, on_terminal=False)
            if plan.transcript is not Choice.NONE
            else None
        )
        self._watchdog = Watchdog(
            writer.folder,
            writer.run_id,
            writer.lock_fd,
            self._tally,
            reaction=plan.on_death,
            grace_s=plan.death_grace_s,
        )
        self._limit = plan.time_limit
        self._redactor = redactor
        self._began_ns = time.time_ns()
        self._workspace = WorkspaceSource(writer, redactor, since_ns=self._began_ns, skip=_NOT_FILES)
        self._watch = WriteWatch(self._joining, self._workspace)
        self._choice = plan.kernel
        self._kernel = EbpfSource(proxy=plan.proxy)
        self._docker: DockerEvents | None = None
        """In the kernel's place, where it does not work or is not wanted."""
        self._gpu = GpuSource(plan.gpu_interval_s)
        self._more = plan.witnesses

    @property
    def infos(self) -> tuple[SourceInfo, ...]:
        """What the manifest says of the witnesses."""
        words = [self._words.info] if self._words else []
        told = [self._docker.info] if self._docker else []
        more = [source.info for source in self._more]
        own = (self._kernel.info, *told, *self._beside.infos, self._workspace.info, self._gpu.info)
        return (*own, *more, *words)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by recorded table."""
        return self._tally.counts

    def run(self, note: Callable[[str], None]) -> None:
        """Arm, start the container if it does not run yet, and record until it is over or a signal comes."""
        with self._watchdog:
            self._run(note)

    def _run(self, note: Callable[[str], None]) -> None:
        container = self._container
        target = Target(container.pid, container.folder, str(container.cgroup))
        with Forwarding(lambda: None) as signals:
            try:
                self._start_kernel(target)
                for source in (self._gpu, *self._more):
                    self._start(source, target)
                output = container.follow(self._words.feed) if self._words else None
                self._watchdog.guard_sandbox(container.cgroup)
                container.start()
                if self._limit:
                    self._limit.begin()
                inside = replace(target, root_pid=min(cgroups.members(container.cgroup), default=0))
                self._start(self._workspace, inside)
                comparable = inside.root_pid > 0 and self._docker is None
                self._beside.start(inside, self._watch, [], kernel=comparable, transfers=True)
                self._writer.set_sources(self.infos)
                fate = "end it" if self._limit else "stop recording, the container goes on"
                note(f"recording container {container.name}; interrupt to {fate}")
                self._resume(note)
                self._await(signals)
            finally:
                self._stop()
        if output and container.over:
            output.finish()
        self._close()

    def ending(self) -> tuple[str, int]:
        """``exit_status`` of the run, and the exit code of the recording."""
        if not self._container.over:
            self._put_gap("stopped", "the recording ended while the container went on")
            return "recording stopped", 0
        ending, out_of_memory = self._container.ending()
        if ending is None:
            self._put_gap("unavailable", "the Docker daemon did not say how the container ended")
            return self._limit.told("unknown") if self._limit else "unknown", 0
        status = exit_status(ending)
        if self._limit:
            status = self._limit.told(status)
        return f"{status} (out of memory)" if out_of_memory else status, shell_code(
            ending.exit_code, ending.signal
        )

    def _await(self, signals: Forwarding) -> None:
        """``start`` returns when the first process is in the cgroup, so that an empty one means the end."""
        while not self._container.over:
            if self._limit:
                if signals.count:
                    self._limit.end("interrupted")
                self._limit.tick(lambda: cgroups.members(self._container.cgroup))
            elif signals.count:
                break
            self._watchdog.tick(())
            time.sleep(_TICK_S)

    def _start_kernel(self, target: Target) -> None:
        """eBPF, or what Docker tells."""
        sink = self._beside.hearing(self._watch)
        reason = "not wanted: --kernel none"
        if self._choice is not KernelChoice.NONE:
            try:
                self._kernel.start(target, sink)
            except Unavailable as error:
                if self._choice is KernelChoice.EBPF:
                    raise
                reason = str(error)
            else:
                return
        self._docker = DockerEvents(self._container)
        self._docker.start(target, sink)
        self._put_gap("unavailable", f"eBPF: {reason}; {self._docker.info.reason}")
        self._workspace = WorkspaceSource(
            self._writer, self._redactor, scan_s=SCAN_S, since_ns=self._began_ns, skip=_NOT_FILES
        )

    def _resume(self, note: Callable[[str], None]) -> None:
        """Let a container go on that was frozen when its recorder died."""
        group = Cgroup(self._container.cgroup)
        if group.is_held and not self._container.paused:
            group.thaw()
            note(
                f"container {self._container.name} stood frozen since its recorder died, and goes on recorded"
            )

    def _stop(self) -> None:
        self._beside.close_eyes()
        for more in self._more:
            more.stop()  # what a proxy says last names connections that wait in the kernel witness
        for source in (self._kernel, self._docker):
            if source:
                source.stop()
        self._beside.stop()
        self._watchdog.stop()
        self._workspace.stop()
        self._gpu.stop()

    def _close(self) -> None:
        if self._words:
            self._words.finish()
            if self._words.summary is None:
                self._tell_absence("transcript", self._words.info.reason or "")
        self._joining.close(watched=self._docker is None)
        self._writer.set_sources(
            [replace(info, state="ended") if info.state == "recording" else info for info in self.infos]
        )

    def _start(self, source: Source, target: Target) -> None:
        try:
            source.start(target, self._tally)
        except Unavailable as error:
            self._tell_absence(source.info.name, str(error))

    def _tell_absence(self, name: str, reason: str) -> None:
        self._put_gap("unavailable", reason, Witness(name))

    def _put_gap(self, cause: str, reason: str, source: Witness = Witness.KERNEL) -> None:
        now = time.time_ns()
        self._tally.put(Stamp(now, Quality.ARRIVAL, source), Gap(cause, reason, start_ts=now))
