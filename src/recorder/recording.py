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
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder.command import Command, check_command, shell_code
from recorder.gpu.source import GpuSource
from recorder.output import Choice, PassThrough, Words
from recorder.redact import Redactor, secret_values
from recorder.signals import Forwarding
from recorder.source import Ending, Launcher, Source, Target
from recorder.strace.source import StraceSource
from recorder.tally import Tally
from store.errors import PtbError, Unavailable
from store.ids import new_run_id
from store.library import runs_folder
from store.manifest import Facts, SourceInfo
from store.rows import Gap, Quality, Stamp
from store.rows import Source as Witness
from store.writer import RunWriter

_TICK_S = 0.05

_WITNESSES = {witness.value: witness for witness in Witness}


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
    transcript: Choice = Choice.AUTO
    gpu_interval_s: float = 1.0
    grace_s: float = 10.0
    """How long processes that outlive the command are recorded before they are ended."""
    stdout: int = 1
    """The descriptor that the command's output goes to."""


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
    redactor = Redactor(secret_values(os.environ))
    run_id = new_run_id(started_at, plan.facts.agent or Path(plan.argv[0]).name)
    facts = replace(plan.facts, command=redactor.redact(shlex.join(plan.argv)).text, root=str(plan.folder))
    writer = RunWriter.create(
        plan.output or runs_folder() / run_id, run_id, started_at=started_at, facts=facts
    )
    with writer:
        recording = _Recording(plan, writer, redactor, note)
        ending = recording.run()
        exit_code = shell_code(ending.exit_code, ending.signal)
        head = writer.close(ended_at=time.time_ns(), exit_status=_status(ending))
    return Outcome(run_id, writer.folder, head, exit_code, recording.infos, recording.counts)


class _Recording:
    """The witnesses of one run, and the command between their start and their end."""

    def __init__(
        self, plan: Plan, writer: RunWriter, redactor: Redactor, note: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._note = note
        self._sink = Tally(writer, redactor)
        # A program on a terminal keeps it, unless its transcript is asked for.
        self._piped = plan.transcript is not Choice.NONE and not (
            plan.transcript is Choice.AUTO and os.isatty(plan.stdout)
        )
        self._words = (
            None
            if plan.transcript is Choice.NONE
            else Words(plan.transcript, redactor, self._sink, on_terminal=not self._piped)
        )
        self._gpu = GpuSource(plan.gpu_interval_s)
        self._kernel = StraceSource()
        self._launcher: Launcher | None = None
        self._outputs: list[PassThrough] = []

    @property
    def counts(self) -> dict[str, int]:
        """Rows by recorded table."""
        return self._sink.counts

    @property
    def infos(self) -> tuple[SourceInfo, ...]:
        """What the manifest says of the witnesses."""
        found = [self._kernel.info, self._gpu.info]
        if self._words:
            found.append(self._words.info)
        return tuple(found)

    def run(self) -> Ending:
        """Start everything, wait for the command, stop everything; how the command ended."""
        with ExitStack() as stack:
            stack.callback(self._close)
            command = self._start_command()
            stack.callback(self._stop_outputs)
            stack.callback(self._kernel.stop)
            with Forwarding(lambda: self._command_pid(command)) as signals:
                self._start_witnesses(command)
                self._writer.set_sources(self.infos)
                self._await(command, signals)
        return self._ending(command)

    def _start_command(self) -> Command:
        """The command, held back; under the kernel witness where that has to start it."""
        argv: Sequence[str] = self._plan.argv
        try:
            argv = self._kernel.wrap(argv)
            self._launcher = self._kernel
        except Unavailable as error:
            self._tell_absence(self._kernel.info, error)
        return Command(
            argv,
            self._plan.folder,
            launched=self._launcher is not None,
            stdout=subprocess.PIPE if self._piped else self._plan.stdout,
            stderr=subprocess.PIPE if self._piped and not sys.stderr.isatty() else None,
        )

    def _start_witnesses(self, command: Command) -> None:
        """Everyone looks before the command runs; the launcher comes last, because it lets it run."""
        target = Target(command.pid, str(self._plan.folder))
        try:
            self._start(self._gpu, target)
            if self._words:
                for stream, to in ((command.stdout, self._plan.stdout), (command.stderr, 2)):
                    if stream:
                        self._outputs.append(PassThrough(stream, to, self._words.feed))
            if self._launcher:
                self._launcher.start(target, self._sink)
            command.release()
        except BaseException:
            command.abandon()
            raise

    def _start(self, source: Source, target: Target) -> None:
        try:
            source.start(target, self._sink)
        except PtbError as error:
            self._tell_absence(source.info, error)

    def _await(self, command: Command, signals: Forwarding) -> None:
        """Until all that is recorded has ended, or the grace after the command's own end is over."""
        deadline = None
        while not command.over.wait(_TICK_S):
            signals.deliver()
            if self._launcher is None or self._launcher.ending is None:
                continue
            if deadline is None:
                deadline = time.monotonic() + self._plan.grace_s
                before = signals.count
                self._note_survivors(self._launcher.alive)
            elif time.monotonic() > deadline or signals.count > before:
                return

    def _note_survivors(self, alive: list[int]) -> None:
        if alive:
            self._note(
                f"the command has ended, {len(alive)} processes it started still run; "
                f"recording them for at most {self._plan.grace_s:g} s more, then they are ended"
            )

    def _command_pid(self, command: Command) -> int | None:
        """Who is to get a signal; None while the launcher has not started the command yet."""
        return self._launcher.root_pid if self._launcher else command.pid

    def _ending(self, command: Command) -> Ending:
        if self._launcher and self._launcher.ending:
            return self._launcher.ending
        command.over.wait()
        code = command.returncode
        return Ending(code, None) if code >= 0 else Ending(None, -code)

    def _stop_outputs(self) -> None:
        for output in self._outputs:
            output.finish()

    def _close(self) -> None:
        """Let the witnesses finish, and write down which there were."""
        self._gpu.stop()
        if self._words:
            self._words.finish()
            if self._words.summary is None:
                self._tell_absence(self._words.info, None)
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

    def _tell_absence(self, info: SourceInfo, error: PtbError | None) -> None:
        reason = str(error) if error else info.reason or "it did not start"
        now = time.time_ns()
        self._sink.put(
            Stamp(now, Quality.ARRIVAL, _WITNESSES[info.name]), Gap("unavailable", reason, start_ts=now)
        )


def _status(ending: Ending) -> str:
    """``exit_status`` of the run: the exit code, or the signal's name."""
    if ending.signal is None:
        return str(ending.exit_code)
    try:
        return signal.Signals(ending.signal).name
    except ValueError:
        return f"signal {ending.signal}"
