"""``ptb score``: evaluate what a run left, with a harness that its agent never touched."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from store.counting import counted
from store.library import RunEntry, find_run

if TYPE_CHECKING:
    from runner.scoring.request import Request
    from runner.scoring.score import Scored
    from store.jobs import Job
    from store.scores import ScoreAttempt

BAD = 1
CANCELLED = 130
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FOLLOW_S = 0.5
_DETACH_S = 30.0
_CANCEL_S = 60.0


@click.command("score", short_help="evaluate the model that a run left")
@click.argument("run", metavar="RUN")
@click.option(
    "--engine", type=click.Choice(["vllm", "transformers"]), help="Default: vllm on a GPU, else transformers."
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="Items to evaluate; the run's score is not changed by it."
)
@click.option(
    "--harness",
    metavar="DIR",
    type=_FOLDER,
    help="What evaluates: a PostTrainBench checkout, or the task's own folder. Default: $PTB_HARNESS.",
)
@click.option("--model", metavar="DIR", type=_FOLDER, help="Default: the final_model that the run left.")
@click.option("--benchmark", help="Default: the run's.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True)
@click.option("--temperature", type=click.FloatRange(min=0, max=10), help="Default: the harness's own.")
@click.option(
    "--top-p", type=click.FloatRange(min=0, max=1, min_open=True), help="Default: the harness's own."
)
@click.option(
    "--token-limit",
    "token_limits",
    type=click.IntRange(min=1),
    multiple=True,
    help="Of an answer; repeat for what to try after a failure. Default: the catalog's.",
)
@click.option(
    "--tries",
    type=click.IntRange(min=1, max=100),
    help="Of each token limit, when the harness dies or runs out of memory or time. Default: the catalog's; 1 with --token-limit.",
)
@click.option(
    "--connections",
    type=click.IntRange(min=1, max=1024),
    default=1,
    show_default=True,
    help="Answers drawn at once; with 1 the same seed draws the same.",
)
@click.option("--device", metavar="ID", help="cpu, or ids of GPUs such as 0 or 0,1. Default: any free GPU.")
@click.option("--image", metavar="IMAGE", help="Container image with the engine and inspect-ai.")
@click.option(
    "--python",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Python with the engine and inspect-ai, lent to the container. Default: $PTB_SCORE_PYTHON, else ptb's own.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["container", "process"]),
    default="container",
    show_default=True,
    help="process isolates nothing.",
)
@click.option(
    "--hf-home",
    metavar="DIR",
    type=_FOLDER,
    help="A Hugging Face home (hub/, datasets/) with the data that the harness loads, shown to it read-only. "
    "Default: $PTB_HF_HOME.",
)
@click.option(
    "--judge",
    metavar="HOST:PORT",
    default="api.openai.com:443",
    show_default=True,
    help="The one endpoint that a benchmark with a judge reaches, with the key in OPENAI_API_KEY.",
)
@click.option(
    "--attempt-hours",
    type=click.FloatRange(min=0, min_open=True),
    default=8.0,
    show_default=True,
    help="Longest time of one attempt.",
)
@click.option("--detach", is_flag=True, help="Go on in the background.")
@click.option("--follow", is_flag=True, help="Show the scoring that is under way.")
@click.option("--cancel", is_flag=True, help="Stop the scoring that is under way.")
@click.option("--job", "job_id", hidden=True, help="Id of the job to be; how --detach knows it.")
@json_option
def command(
    run: str,
    engine: str | None,
    limit: int | None,
    harness: Path | None,
    model: Path | None,
    benchmark: str | None,
    seed: int,
    temperature: float | None,
    top_p: float | None,
    token_limits: tuple[int, ...],
    tries: int | None,
    connections: int,
    device: str | None,
    image: str | None,
    python: Path | None,
    sandbox: str,
    hf_home: Path | None,
    judge: str,
    attempt_hours: float,
    detach: bool,
    follow: bool,
    cancel: bool,
    job_id: str | None,
    as_json: bool,
) -> int:
    """Evaluate the final_model of RUN from a pristine copy in a container without a network, and keep every attempt.

    Exits with 1 when no attempt completed, with 130 when it was stopped.
    """
    from runner.scoring.request import Request
    from runner.scoring.spec import Engine, Sampling
    from store.errors import BadInput
    from store.scores import Isolation

    if detach + follow + cancel > 1:
        raise BadInput("--detach, --follow and --cancel are three different things; give one")
    entry = find_run(run)
    if cancel:
        return _cancel(entry, as_json)
    if follow:
        return _follow(entry, as_json)
    if detach:
        return _detach(entry, as_json)
    default_harness = os.environ.get("PTB_HARNESS")
    default_hub = os.environ.get("PTB_HF_HOME")
    request = Request(
        engine=Engine(engine) if engine else None,
        limit=limit,
        sampling=Sampling(seed, temperature, top_p),
        token_limits=token_limits,
        tries=tries,
        harness=harness or (Path(default_harness) if default_harness else None),
        model=model,
        benchmark=benchmark,
        isolation=Isolation(sandbox),
        image=image,
        python=python,
        device=device,
        longest_s=attempt_hours * 3600,
        connections=connections,
        hub_cache=hf_home or (Path(default_hub) if default_hub else None),
        judge=judge,
        job_id=job_id,
    )
    return _score(entry, request, as_json)


def _score(entry: RunEntry, request: "Request", as_json: bool) -> int:
    from runner.scoring.score import score
    from store.overlay import Review

    told = _Told()
    scored = score(entry, request, told)
    told.finish()
    for line in scored.notes:
        note(line)
    if Review(entry.folder, entry.run_id).is_in_state_folder(_place(entry)):
        note(f"{entry.folder} is read-only: the score is kept in {_place(entry)}")
    _print(entry, scored, as_json)
    return _code(scored.job)


def _print(entry: RunEntry, scored: "Scored", as_json: bool) -> None:
    job = scored.job
    if as_json:
        print_json(
            {
                "run_id": entry.run_id,
                "job_id": job.job_id,
                "status": job.outcome,
                "value": job.value,
                "counts": any(_counts(entry, attempt) for attempt in scored.attempts),
                "reason": job.reason,
                "attempts": scored.attempts,
                "notes": scored.notes,
            }
        )
        return
    print_lines(_line(entry, attempt) for attempt in scored.attempts)


def _line(entry: RunEntry, attempt: "ScoreAttempt") -> str:
    if attempt.value is None:
        limit = f" with {attempt.token_limit} tokens" if attempt.token_limit else ""
        return f"{attempt.benchmark}{limit}: {attempt.status}: {attempt.reason}"
    error = f" ± {attempt.stderr:.4f}" if attempt.stderr is not None else ""
    items = counted(attempt.samples, "item") if attempt.samples else "its items"
    aside = (
        "" if _counts(entry, attempt) else "; not the run's score, as it is limited or of another benchmark"
    )
    return (
        f"{attempt.benchmark}: {attempt.metric} {attempt.value:.4f}{error} on {items}"
        f" ({attempt.engine} {attempt.engine_version or ''}, {attempt.token_limit} tokens){aside}"
    )


def _counts(entry: RunEntry, attempt: "ScoreAttempt") -> bool:
    return attempt.counts_for(entry.manifest.facts.benchmark if entry.manifest else None)


def _place(entry: RunEntry) -> Path:
    from store.overlay import SCORES, Review

    in_run, in_state = Review(entry.folder, entry.run_id).places(SCORES)
    return in_run if in_run.exists() else in_state


def _code(job: "Job") -> int:
    from store.scores import ScoreStatus

    if job.outcome == ScoreStatus.COMPLETE:
        return 0
    return CANCELLED if job.outcome == ScoreStatus.CANCELLED else BAD


def _jobs(entry: RunEntry) -> list["Job"]:
    from store.jobs import read_jobs
    from store.overlay import Review

    return read_jobs(Review(entry.folder, entry.run_id))[0]


def _running(entry: RunEntry) -> "Job":
    from store.errors import BadInput
    from store.jobs import Standing

    running = [job for job in _jobs(entry) if job.standing is Standing.RUNNING]
    if not running:
        raise BadInput(f"{entry.run_id} is not being scored now")
    return running[-1]


def _follow(entry: RunEntry, as_json: bool, job_id: str | None = None) -> int:
    from store.jobs import Standing

    told = _Told()
    known = job_id or _running(entry).job_id
    while True:
        job = next(job for job in _jobs(entry) if job.job_id == known)
        told(job)
        if job.standing is not Standing.RUNNING:
            break
        time.sleep(_FOLLOW_S)
    told.finish()
    if as_json:
        print_json({"run_id": entry.run_id, "job_id": job.job_id, "status": job.outcome, "value": job.value})
    return _code(job)


def _cancel(entry: RunEntry, as_json: bool) -> int:
    from store.errors import Unavailable
    from store.jobs import Standing, ask_to_cancel
    from store.overlay import Review

    job = _running(entry)
    ask_to_cancel(Review(entry.folder, entry.run_id), job)
    deadline = time.monotonic() + _CANCEL_S
    while (now := next(one for one in _jobs(entry) if one.job_id == job.job_id)).standing is Standing.RUNNING:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"job {job.job_id} (pid {job.owner.pid} on {job.owner.host}) was asked to stop and has not yet"
            )
        time.sleep(_FOLLOW_S)
    if as_json:
        print_json({"run_id": entry.run_id, "job_id": job.job_id, "status": now.outcome})
    else:
        print_lines([f"job {job.job_id} is {now.outcome}"])
    return 0


def _detach(entry: RunEntry, as_json: bool) -> int:
    """The same command in a session of its own; returns when its job can be found."""
    from runner.scoring.score import new_job_id
    from store.errors import Unavailable

    job_id = new_job_id()
    arguments = [word for word in sys.argv[1:] if word not in ("--detach", "--json")]
    with tempfile.TemporaryFile() as said:  # the job goes on writing to it when it has no name any more
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ptb_tui", *arguments, "--job", job_id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        deadline = time.monotonic() + _DETACH_S
        while not any(job.job_id == job_id for job in _jobs(entry)):
            if process.poll() is not None or time.monotonic() > deadline:
                said.seek(0)
                words = said.read().decode(errors="backslashreplace").strip()
                raise Unavailable(words.removeprefix("ptb: ") or f"job {job_id} did not begin")
            time.sleep(0.1)
        process.returncode = 0  # it goes on without its parent
    if as_json:
        print_json({"run_id": entry.run_id, "job_id": job_id, "status": "running"})
    else:
        print_lines([f"job {job_id}: ptb score {entry.run_id} --follow"])
    return 0


class _Told:
    """Progress on stderr: one line that renews itself on a terminal, a line a step where stderr is a file."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._shown = 0.0

    def __call__(self, job: "Job") -> None:
        """Show where the job is."""
        text = progress_text(job)
        step = text.partition(" · ")[0]
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
        elif step != self._last or time.monotonic() - self._shown > 10:
            note(text)
            self._shown = time.monotonic()
        self._last = step

    def finish(self) -> None:
        """Leave the line."""
        if self._terminal:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def progress_text(job: "Job") -> str:
    """One line: ``sampling 2/3 (8000 tokens) · 31 of 1,319 · 0.42 so far · 35 tokens/s · 12 min to go``."""
    from store.jobs import Phase

    if job.phase is Phase.ENDED:
        return f"{job.outcome}" + (f" · {job.value:.4f}" if job.value is not None else "")
    parts = [f"{job.phase} on {job.device}"]
    if job.token_limit is not None:
        parts[0] += f", attempt {job.attempt} of {job.attempts} ({job.token_limit} tokens)"
    progress = job.progress
    if progress.total is not None:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    if progress.metric is not None:
        parts.append(f"{progress.metric:.3f} so far")
    if progress.tokens_per_s is not None:
        parts.append(f"{progress.tokens_per_s:.1f} tokens/s")
    if progress.eta_s is not None:
        parts.append(
            f"{progress.eta_s / 60:.0f} min to go"
            if progress.eta_s >= 90
            else f"{progress.eta_s:.0f} s to go"
        )
    return " · ".join(parts)
