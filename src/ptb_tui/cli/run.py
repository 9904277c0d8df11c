"""``ptb run``: an agent on a task, in a sandbox, recorded; then its model is compared, the run scanned, the model scored.

Exits with 0 when the run is complete, scanned and scored, whatever became of the agent (``exit_status`` tells); 1 when what
was handed in is not the base model's own or cannot be scored, or a violation stands; 2 for usage; 3 when something could
not be looked at; 130 when interrupted.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import json_option, note

if TYPE_CHECKING:
    from runner.sandbox.plan import Mount, RunPlan
    from runner.scoring.request import Request

BASE_IMAGE = "nvidia/cuda:12.8.1-devel-ubuntu24.04"
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    "run",
    short_help="run an agent on a task in a sandbox, recorded; check and score what it hands in",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--agent", help="An agent of the catalog, or `command` for the one after --.")
@click.option("--agent-model", metavar="MODEL", help="The agent's model.")
@click.option("--benchmark", help="A benchmark of the catalog.")
@click.option("--base-model", metavar="MODEL", help="A base model of the catalog.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="The time limit; then SIGTERM, and SIGKILL 30 s later.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which repetition this is.")
@click.option("-o", "--output", metavar="RUN", type=click.Path(path_type=Path), help="Folder of the new run.")
@click.option(
    "--sandbox",
    type=click.Choice(["docker", "process"]),
    default="docker",
    show_default=True,
    help="A container; or, for development, a process that nothing holds in.",
)
@click.option("--image", help="The container's image; by default the one that --base-image is built into.")
@click.option(
    "--base-image",
    default=BASE_IMAGE,
    show_default=True,
    help="What the shipped recipe builds on, where there is no such image yet.",
)
@click.option(
    "--network",
    type=click.Choice(["open", "allowlist", "none"]),
    default="open",
    show_default=True,
    help="What the agent may reach; open is the benchmark's rule.",
)
@click.option(
    "--allow",
    metavar="HOST",
    multiple=True,
    help="A host for the allowlist; *.HOST for all below it. Repeatable.",
)
@click.option(
    "--forward",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="Open a port of this machine's loopback on the sandbox's. Repeatable.",
)
@click.option(
    "--gpu",
    metavar="ID",
    multiple=True,
    help="A GPU, by index or UUID; `given` for those that the scheduler gave this job. Repeatable.",
)
@click.option("--mount", metavar="PATH[:TARGET]", multiple=True, help="Let the agent read PATH. Repeatable.")
@click.option("--cpus", type=click.FloatRange(min=0, min_open=True), help="CPU cores.")
@click.option("--memory", metavar="GIB", type=click.FloatRange(min=0, min_open=True), help="Memory.")
@click.option("--pids", type=click.IntRange(min=16), default=4096, show_default=True, help="Processes.")
@click.option(
    "--disk",
    metavar="GIB",
    type=click.FloatRange(min=0.05),
    default=200.0,
    show_default=True,
    help="What the agent may write to its home folder and /tmp.",
)
@click.option(
    "--model-disk",
    metavar="GIB",
    type=click.FloatRange(min=0.05),
    default=60.0,
    show_default=True,
    help="What it may write to final_model.",
)
@click.option(
    "--harness",
    metavar="DIR",
    type=_FOLDER,
    envvar="PTB_HARNESS",
    help="A checkout of PostTrainBench, or a task's files. Default: $PTB_HARNESS.",
)
@click.option(
    "--model-cache",
    metavar="DIR",
    type=_FOLDER,
    help="A Hugging Face cache; the sandbox gets a copy-on-write view.",
)
@click.option(
    "--base", metavar="DIR", type=_FOLDER, help="The base model's files, where --model-cache lacks them."
)
@click.option("--keys", metavar="FILE", type=_FILE, help="NAME=VALUE lines to take the agent's keys from.")
@click.option("--key", "more_keys", metavar="NAME", multiple=True, help="Hand on this key, too. Repeatable.")
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=_FILE,
    help="Run every agent × task × seed of this file instead; see docs/running.md.",
)
@click.option(
    "--submit",
    type=click.Choice(["slurm", "htcondor"]),
    help="With --plan: hand each run to a scheduler instead of running it here.",
)
@click.option("--job", metavar="ID", help="The scheduler's name for this run.")
@click.option("--no-score", is_flag=True, help="Do not score.")
@click.option("--no-scan", is_flag=True, help="Do not look for what the benchmark's rules forbid.")
@click.option(
    "--score-limit",
    metavar="N",
    type=click.IntRange(min=1),
    help="Score on N items; the run's score is not changed by it.",
)
@click.option(
    "--score-python",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="As for ptb score --python; with GPUs the sandbox's image has all that is needed.",
)
@json_option
@click.argument("command_line", metavar="[-- CMD…]", nargs=-1, type=click.UNPROCESSED)
def command(
    agent: str | None,
    agent_model: str | None,
    benchmark: str | None,
    base_model: str | None,
    hours: float,
    seed: int,
    output: Path | None,
    sandbox: str,
    image: str | None,
    base_image: str,
    network: str,
    allow: tuple[str, ...],
    forward: tuple[int, ...],
    gpu: tuple[str, ...],
    mount: tuple[str, ...],
    cpus: float | None,
    memory: float | None,
    pids: int,
    disk: float,
    model_disk: float,
    harness: Path | None,
    model_cache: Path | None,
    base: Path | None,
    keys: Path | None,
    more_keys: tuple[str, ...],
    plan_file: Path | None,
    submit: str | None,
    job: str | None,
    no_score: bool,
    no_scan: bool,
    score_limit: int | None,
    score_python: Path | None,
    as_json: bool,
    command_line: tuple[str, ...],
) -> int:
    """Run an agent on a task and record all it does; then compare what it left in final_model, scan the run, and score."""
    import os
    import time

    from ptb_tui.cli.after_run import conclude, tell
    from runner.agents.agent import find_agent
    from runner.agents.keys import find_keys
    from runner.harness import find_harness, make_prompt
    from runner.sandbox.plan import Limits, Network, Policy, RunPlan
    from runner.sandbox.process import run_as_process
    from runner.task import Task
    from store.catalog.reader import load_catalog
    from store.errors import BadInput
    from store.ids import new_run_id
    from store.library import runs_folder

    if plan_file:
        if agent or benchmark or base_model or command_line:
            raise BadInput(
                "--plan says agents, benchmarks and base models itself; give only it, --submit and --json"
            )
        from ptb_tui.cli.run_plan import run_plan

        return run_plan(plan_file, submit, as_json=as_json)
    if not (agent and benchmark and base_model) or submit:
        raise BadInput("give --agent, --benchmark and --base-model, or --plan FILE with or without --submit")
    if forward and network == "open":
        raise BadInput(
            "--forward is for --network allowlist and none, where there is no other way to this machine"
        )
    if allow and network != "allowlist":
        raise BadInput(f"--allow is for --network allowlist, and not for {network}")
    catalog = load_catalog()
    task = Task(catalog.benchmark(benchmark), catalog.model(base_model), hours, seed)
    scaffold = find_agent(agent)
    files = find_harness(harness, task)
    judge = ("OPENAI_API_KEY",) if task.benchmark.evaluation.judge_model else ()
    run_id = new_run_id(time.time_ns(), f"{agent}-{benchmark}")
    plan = RunPlan(
        run_id=run_id,
        folder=output or runs_folder() / run_id,
        task=task,
        agent=scaffold,
        agent_model=agent_model,
        argv=scaffold.argv(make_prompt(files, task), agent_model, command_line),
        keys=find_keys((*scaffold.keys, *judge, *more_keys), os.environ, keys),
        environment={
            **{one.name: one.value for one in scaffold.environment},
            **{name: os.environ[name] for name in scaffold.passed if name in os.environ},
        },
        harness=files,
        model_cache=model_cache,
        job=job,
        limits=Limits(cpus, memory, pids, disk, model_disk),
        network=Network(Policy(network), allow, forward),
        gpus=_gpus(gpu),
        mounts=tuple(map(_mount, mount)),
    )
    if not files.fixed:
        note("no --harness: the agent gets no evaluate.py")
    if scaffold.keys and not any(name in plan.keys.values for name in scaffold.keys):
        note(
            f"no key for {scaffold.title}: neither --keys nor the environment has {' or '.join(scaffold.keys)}"
        )
    note(f"ptb tail {output or run_id} follows the agent")
    if sandbox == "process":
        finished = run_as_process(plan, 2 if as_json else 1, note)
    else:
        from runner.image import ensure_image
        from runner.sandbox.container import run_in_container

        image = image or ensure_image(base_image, note)
        finished = run_in_container(plan, image, note)
    request = None if no_score else _request(plan, harness, sandbox, image, score_python, score_limit)
    concluded = conclude(plan, finished, base, request, scanned=not no_scan)
    tell(finished, concluded, as_json=as_json)
    return concluded.code


def _gpus(named: tuple[str, ...]) -> tuple[str, ...]:
    import os

    from store.errors import BadInput

    if "given" not in named:
        return named
    # Slurm renumbers what a job may see, and Docker wants the machine's own numbers
    given = os.environ.get("SLURM_JOB_GPUS") or os.environ.get("CUDA_VISIBLE_DEVICES") or ""
    if not given:
        raise BadInput("--gpu given: neither SLURM_JOB_GPUS nor CUDA_VISIBLE_DEVICES names a GPU")
    return tuple(given.split(","))


def _mount(text: str) -> "Mount":
    from runner.sandbox.plan import Mount
    from store.errors import BadInput

    source, _, target = text.partition(":")
    path = Path(source).absolute()
    if not path.exists():
        raise BadInput(f"--mount {text}: there is no {path}")
    return Mount(path, target or str(path))


def _request(
    plan: "RunPlan",
    harness: Path | None,
    sandbox: str,
    image: str | None,
    python: Path | None,
    limit: int | None,
) -> "Request":
    """What to ask of scoring: the same harness, pristine, as isolated as the agent was."""
    from runner.scoring.request import Request
    from runner.scoring.spec import Sampling
    from runner.task_folder import FINAL_MODEL
    from store.scores import Isolation

    return Request(
        harness=harness,
        limit=limit,
        sampling=Sampling(plan.task.seed),
        model=plan.folder / FINAL_MODEL,
        isolation=Isolation.CONTAINER if sandbox == "docker" else Isolation.PROCESS,
        image=image if plan.gpus and python is None else None,
        python=python,
        device=",".join(plan.gpus) or None,
    )
