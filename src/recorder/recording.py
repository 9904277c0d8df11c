"""One recording from start to end: every witness that can look is started, then the command, then all is closed.

A witness that cannot start is a row in ``gaps`` and a reason in the manifest, never an error: the command runs and the
others record it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder.command import Command, check_command, shell_code
from recorder.fanotify.beside import Beside, Paths
from recorder.gpu.source import GpuSource
from recorder.joining.sink import Joining
from recorder.kernel import Kernel, KernelChoice
from recorder.output import Choice, PassThrough, Words
from recorder.redact import Redactor, secret_values
from recorder.signals import Forwarding
from recorder.source import Ending, Target
from recorder.tally import Tally
from recorder.time_limit import TimeLimit
from recorder.watchdog.client import Watchdog
from recorder.watchdog.reaction import Reaction
from recorder.watchdog.tree import Tree
from recorder.workspace.source import WorkspaceSource
from recorder.writes import WriteWatch
from store.counting import counted
from store.cursor import index_ahead
from store.errors import PtbError
from store.ids import new_run_id
from store.library import runs_folder
from store.manifest import Facts, SourceInfo
from store.rows import Gap, Quality, Stamp
from store.rows import Source as Witness
from store.writer import RunWriter

_TICK_S = 0.05
SCAN_S = 2.0
"""Between two looks for changed files, where no kernel witness tells of writes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record and how."""

    argv: tuple[str, ...]
    folder: Path
    """Where the command runs."""
    output: Path | None = None
    """The run's folder; None for one named by its id under the runs folder."""
    facts: Facts = field(default_factory=Facts)
    """What is known of the run beforehand."""
    kernel: KernelChoice = KernelChoice.AUTO
    count_bytes: bool = False
    """Bytes read, written and mapped under strace too; eBPF always counts them."""
    fanotify: Paths = field(default_factory=Paths)
    """What to watch with a second witness, and what to deny."""
    transcript: Choice = Choice.AUTO
    gpu_interval_s: float = 1.0
    grace_s: float = 10.0
    """How long processes that outlive the command are recorded before they are ended."""
    on_death: Reaction = Reaction.FREEZE
    """What becomes of the recorded processes when this one dies."""
    death_grace_s: float = 60.0
    """How long they stand frozen before they are ended."""
    stdout: int = 1
    """The descriptor that the command's output goes to."""
    environment: Mapping[str, str] | None = None
    """The command's whole environment; None for ptb's own."""
    secrets: frozenset[str] = frozenset()
    """Never to be written, besides the secrets in ptb's own environment."""
    time_limit: TimeLimit | None = None
    """Ends the command and what it started."""
    run_id: str | None = None
    """None for a new one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    run_id: str
    folder: Path
    head: str
    """The head of the chain, to be noted outside the run."""
    exit_code: int
    """As a shell reports it."""
    sources: tuple[SourceInfo, ...]
    rows: dict[str, int]
    """By recorded table."""


def record(plan: Plan, note: Callable[[str], None]) -> Outcome:
    """Run ``plan.argv`` recorded; ``note`` is told what a person should know while it runs.

    Raises :class:`store.errors.PtbError` where the command cannot start or the run cannot be written.
    """
    check_command(plan.argv, plan.folder)
    started_at = time.time_ns()
    redactor = Redactor(secret_values(os.environ) | plan.secrets)
    run_id = plan.run_id or new_run_id(started_at, plan.facts.agent or Path(plan.argv[0]).name)
    facts = replace(plan.facts, command=redactor.redact(shlex.join(plan.argv)).text, root=str(plan.folder))
    folder = plan.output or runs_folder() / run_id
    with (
        Beside(plan.fanotify) as beside,
        RunWriter.create(folder, run_id, started_at=started_at, facts=facts) as writer,
    ):
        recording = _Recording(plan, writer, redactor, beside, note)
        ending = recording.run()
        exit_code = shell_code(ending.exit_code, ending.signal)
        status = exit_status(ending)
        if plan.time_limit:
            status = plan.time_limit.told(status)
        head = writer.close(ended_at=time.time_ns(), exit_status=status)
    index_ahead(writer.folder)
    return Outcome(run_id, writer.folder, head, exit_code, recording.infos, recording.counts)


class _Recording:
    """The witnesses of one run, and the command between their start and their end."""

    def __init__(
        self,
        plan: Plan,
        writer: RunWriter,
        redactor: Redactor,
        beside: Beside,
        note: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._redactor = redactor
        self._note = note
        self._tally = Tally(writer, redactor)
        self._not_work = _recordings(writer.folder, plan.folder)
        self._workspace = WorkspaceSource(writer, redactor, skip=self._not_work)
        self._joining = Joining(self._tally, redactor, lambda: self._words.decided if self._words else False)
        self._watch = WriteWatch(self._joining, self._workspace)
        self._beside = beside
        self._kernel = Kernel(plan.kernel, beside.hearing(self._watch), count_bytes=plan.count_bytes)
        self._gpu = GpuSource(plan.gpu_interval_s)
        # A program on a terminal keeps it, unless its transcript is asked for.
        self._piped = plan.transcript is not Choice.NONE and not (
            plan.transcript is Choice.AUTO and os.isatty(plan.stdout)
        )
        self._words = (
            None
            if plan.transcript is Choice.NONE
            else Words(plan.transcript, redactor, self._joining, on_terminal=not self._piped)
        )
        self._outputs: list[PassThrough] = []
        self._watchdog = Watchdog(
            writer.folder,
            writer.run_id,
            writer.lock_fd,
            self._tally,
            reaction=plan.on_death,
            grace_s=plan.death_grace_s,
        )

    @property
    def counts(self) -> dict[str, int]:
        """Rows by recorded table."""
        return self._tally.counts

    @property
    def infos(self) -> tuple[SourceInfo, ...]:
        """What the manifest says of the witnesses."""
        words = [self._words.info] if self._words else []
        return (*self._kernel.infos, *self._beside.infos, self._workspace.info, self._gpu.info, *words)

    def run(self) -> Ending:
        """Start everything, wait for the command, stop everything; how the command ended."""
        with self._watchdog:
            return self._run()

    def _run(self) -> Ending:
        command = self._kernel.prepare(
            self._plan.argv,
            self._plan.folder,
            stdout=subprocess.PIPE if self._piped else self._plan.stdout,
            stderr=subprocess.PIPE if self._piped and not sys.stderr.isatty() else None,
            born=self._watchdog.guard,
            environment=self._plan.environment,
        )
        with Forwarding(lambda: self._kernel.command_pid(command)) as signals:
            try:
                self._start(command)
                self._await(command, signals)
            except BaseException:
                command.abandon()
                raise
            finally:
                self._stop(command)
        return self._kernel.ending(command)

    def _start(self, command: Command) -> None:
        """Everyone looks before the command runs."""
        target = Target(command.pid, str(self._plan.folder))
        if not self._kernel.works:
            self._workspace = WorkspaceSource(
                self._writer, self._redactor, scan_s=SCAN_S, skip=self._not_work
            )
        self._beside.start(
            target,
            self._watch,
            self._not_work,
            kernel=self._kernel.works,
            transfers=self._kernel.counts_bytes,
        )
        for source in (self._workspace, self._gpu):
            try:
                source.start(target, self._tally)
            except PtbError as error:
                self._tell_absence(source.info.name, str(error))
        if self._words:
            for stream, to in ((command.stdout, self._plan.stdout), (command.stderr, 2)):
                if stream:
                    self._outputs.append(PassThrough(stream, to, self._words.feed))
        self._kernel.release(command, target)
        self._writer.set_sources(self.infos)

    def _await(self, command: Command, signals: Forwarding) -> None:
        """Until all that is recorded has ended, or the grace after the command's own end is over."""
        limit = self._plan.time_limit
        if limit:
            limit.begin()
        while not self._kernel.command_ended(command):
            signals.deliver()
            if limit:
                if signals.count:
                    limit.end("interrupted")
                limit.tick(lambda: self._living(command))
            self._watch.tick()
            self._watchdog.tick(self._kernel.survivors(command))
            command.over.wait(_TICK_S)
        deadline = time.monotonic() + self._plan.grace_s
        heard = signals.count
        told = False
        while (
            (left := self._kernel.survivors(command))
            and time.monotonic() < deadline
            and signals.count == heard
        ):
            if limit:
                limit.tick(lambda: self._living(command))
            self._watch.tick()
            self._watchdog.tick(left)
            time.sleep(_TICK_S)
            if not told and (left := self._kernel.survivors(command)):
                told = True
                self._note(
                    f"the command has ended, {counted(len(left), 'process that it started still runs', 'processes that it started still run')}; recording goes on for at "
                    f"most {self._plan.grace_s:g} s more"
                )
        if limit:
            if signals.count:
                limit.end("interrupted")
            limit.clear(lambda: self._living(command))

    def _living(self, command: Command) -> set[int]:
        """The pids of all that runs, as far as it is known: recorded, or descended from the command."""
        tree, pid = Tree(), self._kernel.command_pid(command)
        if pid is not None:
            tree.add(pid)
        return {*self._kernel.survivors(command), *tree.members()}

    def _stop(self, command: Command) -> None:
        """Let every witness finish, in the order in which one hears of another; then write down what is known."""
        self._beside.close_eyes()
        self._kernel.stop(command)
        self._watchdog.stop()
        self._beside.stop()
        for output in self._outputs:
            output.finish()
        self._workspace.stop()
        self._gpu.stop()
        if self._words:
            self._words.finish()
            if self._words.summary is None:
                self._tell_absence("transcript", self._words.info.reason or "")
        self._joining.close(watched=self._kernel.works)
        self._writer.update_facts(self._facts())
        self._writer.set_sources(
            [replace(info, state="ended") if info.state == "recording" else info for info in self.infos]
        )

    def _facts(self) -> Facts:
        """What the witnesses know of the run, where nobody said it before."""
        facts = self._writer.facts
        summary = self._words.summary if self._words else None
        scaffold = summary.scaffold.value if summary and summary.scaffold else None
        return replace(
            facts,
            agent=facts.agent or scaffold,
            agent_model=facts.agent_model or (summary.model if summary else None),
            gpu_name=facts.gpu_name or self._gpu.gpu_name,
        )

    def _tell_absence(self, name: str, reason: str) -> None:
        now = time.time_ns()
        self._tally.put(Stamp(now, Quality.ARRIVAL, Witness(name)), Gap("unavailable", reason, start_ts=now))


def _recordings(run: Path, folder: Path) -> list[str]:
    """Folders in the command's own folder that hold recordings, which are not its work."""
    runs = runs_folder().resolve()
    inside = [str(runs)] if folder.resolve() in runs.parents else []
    return [str(run.resolve()), *inside]


def exit_status(ending: Ending) -> str:
    """``exit_status`` of the run: the exit code, or the signal's name."""
    if ending.signal is None:
        return str(ending.exit_code)
    try:
        return signal.Signals(ending.signal).name
    except ValueError:
        return f"signal {ending.signal}"
