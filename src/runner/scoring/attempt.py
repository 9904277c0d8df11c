"""One attempt: the driver started, followed, ended, and what it left read."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.redact import redact
from runner.scoring.box import Box
from runner.scoring.devices import CPU
from runner.scoring.drawn import NOT_DRAWN, Drawn, drawn
from runner.scoring.layout import Layout
from runner.scoring.ledger import Ledger, Stopped
from runner.scoring.reading import (
    Ended,
    Measured,
    Seen,
    Unreadable,
    read_inspect_log,
    read_metrics,
    read_progress,
    read_regular,
    read_result,
)
from runner.scoring.request import Request
from runner.scoring.spec import Engine, Judge, Protocol, Spec, protocol_of
from store.catalog.entry import Benchmark
from store.counting import counted
from store.errors import StoreFailed, Unavailable
from store.jobs import Phase, Progress
from store.overlay import SCORES
from store.scores import ScoreStatus

LOGS = "logs"
_POLL_S = 0.5
_MOST_OUT = 8 << 30
"""Bytes that a harness may leave."""
_MOST_OUTPUT = 32 << 20
_MOST_LOG = 1 << 30
_MOST_WORDS = 500
_METRICS = "metrics.json"
_NO_MEMORY = (
    "out of memory",
    "outofmemory",
    "memoryerror",
    "cannot allocate memory",
    "free memory on device",
)
"""What torch, Python, the system and vLLM say, in lower case."""
_NO_SERVER = "Failed to start vLLM server"
"""inspect-ai's words; it starts vLLM after the first sample has begun."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    status: ScoreStatus
    reason: str = ""
    measured: Measured | None = None
    engine_version: str | None = None
    drawn: Drawn = NOT_DRAWN
    began: bool = False
    """Whether sampling had begun: a lower token limit may help."""
    cut_short: bool = False
    """Whether it died, or ran out of memory or time, before it came to an end: another try may end otherwise."""


class _TooMuch(Exception):
    """Why the attempt was ended."""


class _TooLong(_TooMuch):
    """It was ended because of the time that it took."""


@dataclass(slots=True)
class Attempting:
    """What an attempt needs to know."""

    ledger: Ledger
    request: Request
    benchmark: Benchmark
    engine: Engine
    layout: Layout
    token_limit: int
    secrets: Mapping[str, str]
    judge: Judge | None

    def run(self, box: Box) -> Outcome:
        """Evaluate; whatever happens, nothing of it runs afterwards."""
        spec = self._spec(box)
        try:
            box.start(spec, self.secrets)
            code = self._follow(box)
        except Stopped:
            box.stop()
            return self._outcome(ScoreStatus.CANCELLED, "stopped")
        except (_TooMuch, Unavailable) as error:
            box.stop()
            return self._outcome(ScoreStatus.FAILED, str(error), cut_short=isinstance(error, _TooLong))
        except BaseException:
            box.stop()
            raise
        words = box.last_words()
        box.stop()
        return self._read(spec, code, words)

    def keep_logs(self, attempt_id: str) -> str | None:
        """Take what the harness left into the run's folder, bounded and redacted; its place below ``scores/``."""
        out, kept = self.layout.out, False
        for path, most in _logs(out):
            try:
                data = read_regular(path, most)
            except Unreadable:
                continue
            if path.suffix == ".txt":
                text = data.decode(errors="backslashreplace")
                for secret in self.secrets.values():
                    text = text.replace(secret, "[redacted:judge]")
                data = redact(text).text.encode()
            try:
                self.ledger.review.write(path.name, data, SCORES, LOGS, attempt_id)
                kept = True
            except StoreFailed:
                continue
        return f"{LOGS}/{attempt_id}" if kept else None

    def _spec(self, box: Box) -> Spec:
        at, evaluation, request = box.places, self.benchmark.evaluation, self.request
        argv: tuple[str, ...] = ()
        if evaluation.inspect_task is None:
            filled = {
                "model": at.model,
                "templates": at.templates,
                "limit": str(-1 if request.limit is None else request.limit),
                "metrics": f"{at.out}/{_METRICS}",
            }
            argv = tuple(word.format(**filled) for word in evaluation.command)
            argv += (evaluation.token_option, str(self.token_limit))
        return Spec(
            protocol=protocol_of(evaluation),
            engine=self.engine,
            model=at.model,
            harness=at.harness,
            out=at.out,
            work=at.work,
            task=evaluation.inspect_task,
            argv=argv,
            limit=request.limit,
            token_limit=self.token_limit,
            seed=request.sampling.seed,
            temperature=request.sampling.temperature,
            top_p=request.sampling.top_p,
            connections=request.connections,
            judge=self.judge,
            engine_args={**self._engine_args(), **request.engine_args},
        )

    def _engine_args(self) -> dict[str, bool]:
        """On a processor vLLM would first compile the model, which takes longer than it saves."""
        on_cpu = self.engine is Engine.VLLM and self.ledger.job.device == CPU
        return {"enforce_eager": True} if on_cpu else {}

    def _follow(self, box: Box) -> int:
        began = time.monotonic()
        while (code := box.poll()) is None:
            seen = read_progress(self.layout.out)
            if seen and seen.stage == Phase.SAMPLING and self.ledger.job.phase is Phase.LOADING:
                self.ledger.update(phase=Phase.SAMPLING)
            self.ledger.tick(_progress(seen) if seen else None)
            if time.monotonic() - began > self.request.longest_s:
                raise _TooLong(f"it took longer than {self.request.longest_s:.0f} s")
            if self.layout.size() > _MOST_OUT:
                raise _TooMuch(f"it left more than {_MOST_OUT >> 30} GiB")
            time.sleep(_POLL_S)
        if seen := read_progress(self.layout.out):
            self.ledger.tick(_progress(seen))
        return code

    def _read(self, spec: Spec, code: int, words: str) -> Outcome:
        result = read_result(self.layout.out)
        if result is None:
            told = f": {words.strip()[-_MOST_WORDS:]}" if words.strip() else ""
            reason = f"the evaluation {_ending(code)}, with no result{told}"
            return self._outcome(ScoreStatus.FAILED, reason, cut_short=True)
        if code != 0 or not result.finished:
            error = result.error or f"ended with code {code}"
            mends = result.stage == Phase.SAMPLING or any(word in error.lower() for word in _NO_MEMORY)
            return self._outcome(ScoreStatus.FAILED, error, result, cut_short=mends)
        try:
            if spec.protocol is Protocol.INSPECT:
                measured = read_inspect_log(self.layout.out / "logs")
            else:
                measured = read_metrics(self.layout.out / _METRICS)
        except Unreadable as error:
            return self._outcome(ScoreStatus.FAILED, str(error), result)
        if (
            self.request.limit is None
            and measured.samples is not None
            and measured.samples < self.benchmark.items
        ):
            few = f"the harness scored {measured.samples} of the benchmark's {counted(self.benchmark.items, 'item')}"
            return self._outcome(ScoreStatus.FAILED, few, result)
        if measured.samples is None and (seen := read_progress(self.layout.out)) and seen.total is not None:
            measured = replace(measured, samples=seen.done)  # inspect-ai's count; evaluate.py writes none
        return Outcome(
            ScoreStatus.COMPLETE,
            "",
            measured,
            result.engine_version,
            self._drawn(),
            began=True,
        )

    def _outcome(
        self, status: ScoreStatus, reason: str, result: Ended | None = None, *, cut_short: bool = False
    ) -> Outcome:
        stage = result.stage if result else (seen.stage if (seen := read_progress(self.layout.out)) else "")
        version = result.engine_version if result else None
        began = stage == Phase.SAMPLING and _NO_SERVER not in reason
        return Outcome(status, reason, None, version, self._drawn(), began, cut_short)

    def _drawn(self) -> Drawn:
        return drawn(self.request.sampling, read_progress(self.layout.out))


def _ending(code: int) -> str:
    """How a program ended that said nothing of it, from its exit code.

    A container reports a signal as 128 + its number (as a shell does), a process of this machine as the negative.
    """
    number = code - 128 if code > 128 else -code
    if number == signal.SIGKILL:
        return "was killed from outside (SIGKILL: out of memory, or somebody ended it)"
    if number in set(signal.Signals):
        return f"was ended from outside ({signal.Signals(number).name})"
    return f"ended with code {code}"


def _progress(seen: Seen) -> Progress:
    rate = eta = None
    if seen.sampling_s and seen.sampling_s > 0:
        rate = seen.tokens / seen.sampling_s
        if seen.done and seen.total is not None:
            eta = max(seen.total - seen.done, 0) * seen.sampling_s / seen.done
    return Progress(seen.done, seen.total, seen.metric, rate, eta)


def _logs(out: Path) -> Iterator[tuple[Path, int]]:
    yield out / "output.txt", _MOST_OUTPUT
    yield out / _METRICS, _MOST_OUTPUT
    yield out / "result.json", _MOST_OUTPUT
    yield out / "progress.json", _MOST_OUTPUT
    folder = out / "logs"
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for _, entry in zip(range(16), entries, strict=False):
            if entry.name.endswith((".eval", ".json")):
                yield folder / entry.name, _MOST_LOG
