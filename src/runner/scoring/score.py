"""``ptb score`` from the request to the kept attempts.

Look at the model and the harness; wait for the device; copy both; then evaluate with one token limit after the other until
an attempt completes. Every attempt is kept, and so is the refusal to make one.
"""

import os
import secrets as random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from runner.scoring.attempt import Attempting, Outcome
from runner.scoring.box import Box
from runner.scoring.container_box import JUDGE_FOLDER, ContainerBox, connect, empty_image, remove_orphans
from runner.scoring.devices import CPU, chosen, lock_devices
from runner.scoring.drawn import NOT_DRAWN
from runner.scoring.environment import Environment, find_environment
from runner.scoring.final_model import FINAL_MODEL, Vetted, vet
from runner.scoring.harness import Harness, Source, copy_harness, find_harness
from runner.scoring.judge import KEY, SOCKET, Endpoint, Relay, judge_key, parse_endpoint
from runner.scoring.ladder import ladder, next_step
from runner.scoring.layout import Layout
from runner.scoring.ledger import Ledger, Stopped, settle_lost
from runner.scoring.pristine import Copied, check_room, copy_files
from runner.scoring.process_box import ProcessBox
from runner.scoring.reaper import Charge, Reaper
from runner.scoring.refused import Refused
from runner.scoring.request import Request
from runner.scoring.spec import Engine, Judge, protocol_of
from store.catalog.entry import BaseModel, Benchmark
from store.catalog.reader import load_catalog
from store.errors import BadInput
from store.jobs import Job, Phase, Standing, read_jobs
from store.jsonio import dumps
from store.library import RunEntry
from store.locks import is_live
from store.manifest import Facts
from store.overlay import Review
from store.owner import current_owner
from store.scores import Isolation, ScoreAttempt, ScoreStatus, add_score

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of it."""

    job: Job
    attempts: tuple[ScoreAttempt, ...]
    notes: tuple[str, ...]
    """What somebody who relies on the score should know."""


def new_job_id() -> str:
    """An id that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{random.token_hex(4)}"


def find_model(entry: RunEntry, request: Request) -> Path:
    """Where the model of a run is: as asked, in the run folder, in the agent's folder, or where it was imported from."""
    if request.model is not None:
        return request.model.expanduser().absolute()
    facts = entry.manifest.facts if entry.manifest else Facts()
    # The agent's folder inside a container is none of this machine's, whatever stands here under that name.
    root = None if facts.image else facts.root
    places = [entry.folder.absolute() / FINAL_MODEL]
    places += [Path(base) / FINAL_MODEL for base in (root, facts.source_path) if base]
    return next((place for place in places if place.exists() or place.is_symlink()), places[0])


def score(entry: RunEntry, request: Request, listener: Callable[[Job], None] = lambda _job: None) -> Scored:
    """Score the model of a run; ``listener`` is told of every change.

    Raises :class:`BadInput` for a request that cannot be meant, :class:`Unavailable` where this machine cannot. A model
    or a harness that is not fit, an evaluation that fails, and a stop are outcomes.
    """
    if is_live(entry.folder):
        raise BadInput(f"{entry.run_id} is still being recorded: its model is not handed in yet")
    benchmark, base_model = _task(entry, request)
    review = Review(entry.folder.absolute(), entry.run_id)
    settle_lost(review)
    _check_alone(review)
    devices = chosen(request.device)
    engine = request.engine or (Engine.TRANSFORMERS if CPU in devices else Engine.VLLM)
    job = Job(
        run_id=entry.run_id,
        job_id=request.job_id or new_job_id(),
        owner=current_owner(),
        started_at=time.time_ns(),
        updated_at=time.time_ns(),
        benchmark=benchmark.id,
        engine=engine.value,
        isolation=request.isolation,
        device=",".join(devices),
        phase=Phase.CHECKING,
        limit_n=request.limit,
    )
    stop = threading.Event()
    with _signals(stop):
        ledger = Ledger(review, job, listener, stop.is_set)
        ledger.update()
        try:
            return _Scoring(entry, request, benchmark, base_model, engine, ledger).run()
        except BaseException as error:
            if ledger.job.phase is not Phase.ENDED:
                ledger.end(ScoreStatus.FAILED, None, str(error) or type(error).__name__)
            raise


class _Scoring:
    """One job."""

    def __init__(
        self,
        entry: RunEntry,
        request: Request,
        benchmark: Benchmark,
        base_model: BaseModel | None,
        engine: Engine,
        ledger: Ledger,
    ) -> None:
        self._entry = entry
        self._request = request
        self._benchmark = benchmark
        self._base_model = base_model
        self._engine = engine
        self._ledger = ledger
        self._judge = _judge(request, benchmark)
        self._notes: list[str] = []
        self._attempts: list[ScoreAttempt] = []

    def run(self) -> Scored:
        """Everything."""
        began = time.time_ns()
        try:
            vetted = vet(find_model(self._entry, self._request))
            source = self._find_harness()
            environment, client = self._ready()
            self._ledger.tick()
            self._evaluate(vetted, source, environment, client)
        except Refused as refusal:
            self._keep(self._blank(began, ScoreStatus.REFUSED, str(refusal)))
        except Stopped:
            self._keep(self._blank(began, ScoreStatus.CANCELLED, "stopped before it was evaluated"))
        last = self._attempts[-1]
        self._ledger.end(last.status, last.value, last.reason)
        return Scored(self._ledger.job, tuple(self._attempts), tuple(self._notes))

    def _find_harness(self) -> Source:
        if self._request.harness is None:
            raise BadInput(
                f"what evaluates {self._benchmark.title} is not part of ptb: give its folder with --harness, such as a"
                " checkout of github.com/aisa-group/PostTrainBench"
            )
        return find_harness(self._request.harness.expanduser().absolute(), self._benchmark, self._base_model)

    def _ready(self) -> tuple[Environment | None, Any]:
        """The interpreter to lend and the daemon, as far as they are used."""
        environment = None
        lent = self._request.image is None or self._request.python is not None
        if lent or self._request.isolation is Isolation.PROCESS:
            environment = find_environment(self._request.python)
            environment.check(self._engine, protocol_of(self._benchmark.evaluation))
        if self._request.isolation is Isolation.PROCESS:
            self._notes.append(
                "evaluated by a process of this machine: nothing isolated it (--sandbox process)"
            )
            return environment, None
        client = connect()
        remove_orphans(client)
        return environment, client

    def _evaluate(self, vetted: Vetted, source: Source, environment: Environment | None, client: Any) -> None:
        request, ledger = self._request, self._ledger
        ledger.update(phase=Phase.WAITING)
        ids = chosen(request.device)
        locks, device = lock_devices(ids, any_of=request.device is None, waiting=lambda _ids: ledger.tick())
        layout = Layout.named()
        review = ledger.review
        charge = Charge(
            str(review.run_folder),
            review.run_id,
            ledger.job.job_id,
            str(layout.root),
            containers=client is not None,
        )
        try:
            with Reaper(charge, locks.descriptors):
                try:
                    layout.create()  # its reaper is there first, or nobody knows of it when this process dies
                    ledger.update(phase=Phase.COPYING, device=device)
                    model, harness = self._copy(vetted, source, layout)
                    with self._way_to_judge(layout, client):
                        self._descend(model, harness, layout, device, environment, client)
                finally:
                    layout.remove()
        finally:
            locks.release()

    def _way_to_judge(self, layout: Layout, client: Any) -> AbstractContextManager[object]:
        """Open as long as there is an attempt; a process of this machine needs none."""
        return Relay(layout.judge, self._judge[0]) if self._judge and client is not None else nullcontext()

    def _copy(self, vetted: Vetted, source: Source, layout: Layout) -> tuple[Copied, Harness]:
        check_room(layout.root, vetted.size)
        model = copy_files(vetted.names, vetted.folder.open, layout.model, lambda _bytes: self._ledger.tick())
        harness = copy_harness(source, self._benchmark, self._base_model, layout.harness_root)
        layout.templates.mkdir(exist_ok=True)
        if vetted.left_out:
            self._notes.append(f"left out of the model, as no loader reads it: {', '.join(vetted.left_out)}")
        if not harness.pinned:
            self._notes.append(f"the catalog does not say what the harness of {self._benchmark.id} must be")
        return model, harness

    def _descend(
        self,
        model: Copied,
        harness: Harness,
        layout: Layout,
        device: str,
        environment: Environment | None,
        client: Any,
    ) -> None:
        """Down the ladder until an attempt completes, or failed in a way that no other mends."""
        steps = ladder(self._benchmark.evaluation, self._request)
        pinned = replace(
            self._blank(0, ScoreStatus.FAILED, ""),
            model_hash=model.hash,
            harness_hash=harness.hash,
            device=device,
        )
        step: int | None = 0
        number = 0
        while step is not None:
            number += 1
            token_limit = steps[step]
            layout = layout.next_attempt()
            attempt_id = f"{self._ledger.job.job_id}-{number}"
            box = self._box(layout, device, environment, client)
            self._ledger.update(
                phase=Phase.LOADING, attempt_id=attempt_id, attempt=number, attempts=len(steps), token_limit=token_limit,
                container=box.container, log=str(layout.out / "output.txt"), device=device,
            )  # fmt: skip
            attempting = Attempting(
                self._ledger,
                self._request,
                self._benchmark,
                self._engine,
                layout,
                token_limit,
                {KEY: self._judge[1]} if self._judge else {},
                Judge(self._judge[0].port, f"{JUDGE_FOLDER}/{SOCKET}")
                if self._judge and client is not None
                else None,
            )
            began = time.time_ns()
            outcome = attempting.run(box)
            kept = attempting.keep_logs(attempt_id)
            self._keep(
                replace(
                    _filled(pinned, outcome), ts=began, ended_at=time.time_ns(), attempt_id=attempt_id,
                    token_limit=token_limit, log=kept, image=box.image if isinstance(box, ContainerBox) else None,
                )
            )  # fmt: skip
            step = next_step(steps, step, outcome)

    def _box(self, layout: Layout, device: str, environment: Environment | None, client: Any) -> Box:
        job, hub = self._ledger.job, self._hub()
        if client is None:
            assert environment
            return ProcessBox(environment, layout, job.job_id, device, hub)
        image = self._request.image or empty_image(client)
        owner = dumps(asdict(job.owner)).decode()
        threads = os.environ.get("OMP_NUM_THREADS")
        judge = self._judge[0] if self._judge else None
        return ContainerBox(
            client, environment, image, layout, job.job_id, device, owner, judge, hub, threads
        )

    def _hub(self) -> Path | None:
        chosen = self._request.hub_cache
        if chosen is None:
            return None
        hub = chosen.expanduser().resolve()
        if not any((hub / name).is_dir() for name in ("hub", "datasets")):
            raise BadInput(f"{hub} holds neither hub/ nor datasets/: give a Hugging Face home with --hf-home")
        return hub

    def _keep(self, attempt: ScoreAttempt) -> None:
        add_score(self._ledger.review, attempt)
        self._attempts.append(attempt)

    def _blank(self, began: int, status: ScoreStatus, reason: str) -> ScoreAttempt:
        request, job = self._request, self._ledger.job
        return ScoreAttempt(
            run_id=self._entry.run_id,
            attempt_id=job.attempt_id or f"{job.job_id}-0",
            ts=began,
            ended_at=time.time_ns(),
            benchmark=self._benchmark.id,
            metric=self._benchmark.metric,
            status=status,
            engine=self._engine.value,
            isolation=request.isolation,
            limit_n=request.limit,
            sampling=NOT_DRAWN.note,
            device=job.device,
            reason=reason,
        )


def _filled(pinned: ScoreAttempt, outcome: Outcome) -> ScoreAttempt:
    return replace(
        pinned,
        status=outcome.status,
        reason=outcome.reason,
        value=outcome.measured.value if outcome.measured else None,
        stderr=outcome.measured.stderr if outcome.measured else None,
        samples=outcome.measured.samples if outcome.measured else None,
        engine_version=outcome.engine_version,
        seed=outcome.drawn.sampling.seed,
        temperature=outcome.drawn.sampling.temperature,
        top_p=outcome.drawn.sampling.top_p,
        sampling=outcome.drawn.note,
    )


def _task(entry: RunEntry, request: Request) -> tuple[Benchmark, BaseModel | None]:
    facts = entry.manifest.facts if entry.manifest else None
    name = request.benchmark or (facts.benchmark if facts else None)
    if name is None:
        raise BadInput(f"{entry.run_id} does not say which benchmark it is about; give --benchmark")
    catalog = load_catalog()
    benchmark = catalog.benchmark(name)
    if request.token_limits and any(limit < 1 for limit in request.token_limits):
        raise BadInput("a token limit is a number above 0")
    try:
        return benchmark, catalog.model(facts.base_model) if facts and facts.base_model else None
    except BadInput:
        return benchmark, None


def _judge(request: Request, benchmark: Benchmark) -> tuple[Endpoint, str] | None:
    """Where the benchmark's judge is, and the key for it; None for a benchmark that has none."""
    judge = benchmark.evaluation.judge_model
    return (parse_endpoint(request.judge), judge_key(os.environ, judge)) if judge else None


def _check_alone(review: Review) -> None:
    for job in read_jobs(review)[0]:
        if job.standing is Standing.RUNNING:
            raise BadInput(
                f"{review.run_id} is being scored by job {job.job_id} (pid {job.owner.pid} on {job.owner.host}):"
                " --follow shows it, --cancel stops it"
            )


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Turn the usual signals into a word to stop, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
