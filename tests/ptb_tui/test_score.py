"""Scoring from the app: a real job begins, is followed, stopped and found again; every state of a job is told."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.score import ScoreScreen
from ptb_tui.state.scoring import read_tail
from store.jobs import Job, Phase, Progress, Standing, read_jobs, write_job
from store.library import entry_of
from store.manifest import Facts
from store.overlay import Review
from store.owner import Owner, current_owner
from store.scores import Isolation, ScoreAttempt, ScoreStatus, add_score
from store.writer import RunWriter
from tests.ptb_tui.screen import opened, settle, text
from tests.ptb_tui.story import START
from tests.ptb_tui.terminal import Terminal, ptb_env
from tests.ptb_tui.test_hostile import EVIL, assert_harmless, make_hostile
from tests.runner.scoring import World

_PATIENCE_S = 60.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A benchmark and a run to score, with this process's environment as its own."""
    world = World(tmp_path / "world", {"PTB_HARNESS": str(tmp_path / "world" / "harness")})
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    yield world
    for job in jobs(world):
        if job.standing is Standing.RUNNING:
            with suppress(ProcessLookupError):
                os.kill(job.owner.pid, signal.SIGTERM)


def jobs(world: World) -> list[Job]:
    return read_jobs(world.review())[0]


async def until(pilot: Pilot[None], seen: Callable[[str], bool], patience_s: float = _PATIENCE_S) -> str:
    """Wait for what another process brings about."""
    deadline = time.monotonic() + patience_s
    while not seen(text(pilot)):
        assert time.monotonic() < deadline, f"never seen:\n{text(pilot)}"
        await pilot.pause(0.1)
    return text(pilot)


async def start_on_this_machine(pilot: Pilot[None]) -> None:
    """From the queue of runs: the form, a process on the processor, two items."""
    await settle(pilot)
    await pilot.press("s")
    await settle(pilot)
    await pilot.press("s")
    await settle(pilot)
    await pilot.press("j", "e", "2", "enter")
    await pilot.press("j", "j", "e", *"cpu", "enter")
    await pilot.press("j", "j", "j", "space")


async def test_a_job_starts_is_followed_survives_the_app_is_found_again_and_cancelled(world: World) -> None:
    world.evaluate("print('the harness speaks', flush=True); time.sleep(120)")
    async with PtbApp(folder=world.runs).run_test(size=(120, 36)) as pilot:
        await start_on_this_machine(pilot)
        form = text(pilot)
        assert "ptb score one --limit=2 --device=cpu --sandbox=process --detach" in " ".join(form.split())
        assert "$PTB_HARNESS" in form
        await pilot.press("enter")
        seen = await until(pilot, lambda seen: "▸ sampling" in seen and "the harness speaks" in seen)
        assert "● sampling on cpu" in seen
        assert "attempt 1 of at most 5, 4,000 tokens an answer, limited to 2 items" in seen
        assert "● running" in seen
    (job,) = jobs(world)
    assert job.standing is Standing.RUNNING
    assert os.getsid(job.owner.pid) != os.getsid(0)
    async with PtbApp(case=entry_of(world.runs / "one")).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        seen = await until(pilot, lambda seen: "● sampling on cpu" in seen)
        assert f"pid {job.owner.pid}" in seen
        await pilot.press("s")
        assert "it is being scored now" in text(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert "Stopped, it cannot go on" in text(pilot)
        await pilot.press("n")
        await pilot.pause(0.6)
        assert "asked" not in text(pilot)
        await pilot.press("x")
        await settle(pilot)
        await pilot.press("y")
        seen = await until(pilot, lambda seen: "■ cancelled" in seen and "not being scored now" in seen)
        assert "the last job is cancelled" in seen
        assert f"job {job.job_id} is cancelled" in seen.splitlines()[-1]
    assert jobs(world)[-1].outcome == ScoreStatus.CANCELLED


async def test_a_score_arrives_and_is_told_apart_from_a_limited_one(world: World) -> None:
    world.evaluate("score(0.5)")
    async with PtbApp(folder=world.runs).run_test(size=(120, 36)) as pilot:
        await start_on_this_machine(pilot)
        await pilot.press("enter")
        seen = await until(pilot, lambda seen: "✓ complete" in seen)
        assert "0.5000 ± 0.1000" in seen
        assert "not the run's score" in seen
        assert "measured" not in seen.splitlines()[1]
        await until(pilot, lambda seen: "not being scored now" in seen)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("j", "e", "ctrl+a", "ctrl+k", "enter", "enter")
        await settle(pilot)
        question = text(pilot)
        assert "4 items of Quick, 5 attempts at most, each up to 8 hours on cpu." in " ".join(
            question.replace("│", " ").split()
        )
        await pilot.press("n")
        await settle(pilot)
        assert "score · one" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("y")
        seen = await until(pilot, lambda seen: "← the run's score" in seen)
        assert "measured 50.0%" in seen.splitlines()[1]


async def test_an_evaluation_that_is_killed_says_so_and_the_next_limit_is_tried(world: World) -> None:
    world.evaluate("""
        if args.max_tokens == 4000:
            os.kill(os.getpid(), 9)
        score(0.25)
    """)
    assert world.score()[0] == 0
    async with PtbApp(case=entry_of(world.runs / "one")).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        seen = await until(pilot, lambda seen: "✓ complete" in seen)
        assert "killed from outside (SIGKILL: out of memory, or somebody ended it)" in " ".join(seen.split())
        assert "4,000 tokens" in seen
        assert "3,000 tokens" in seen


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("how", "told"),
    [("kill", "was killed from outside"), ("rm -f", "killed from outside|somebody removed it")],
)
async def test_a_container_that_is_killed_is_told(tmp_path: Path, daemon: str, how: str, told: str) -> None:
    world = World(tmp_path / "world", {"DOCKER_HOST": daemon})
    world.evaluate("time.sleep(100)")
    with world.start("--token-limit", "100", sandbox="container") as process:
        async with PtbApp(case=entry_of(world.runs / "one")).run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            await pilot.press("s")
            await until(pilot, lambda seen: "▸ sampling" in seen)
            container = jobs(world)[-1].container
            assert container is not None
            subprocess.run(["docker", "-H", daemon, *how.split(), container], check=True, capture_output=True)
            seen = await until(pilot, lambda seen: "✗ failed" in seen and "not being scored now" in seen)
            assert re.search(told, " ".join(seen.split()))
            assert "the last job ended without a score" in seen
        assert process.wait(60) == 1


QUESTIONS = """
id = "questions"
title = "Questions"
prompt_name = "Questions"
items = 40
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['questions']

[evaluation]
inspect_task = "task.py@questions"
token_limits = [24]
"""
TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def questions():
    asked = "The capital of France is"
    samples = [Sample(id=number, input=asked, target="Paris") for number in range(1, 41)]
    return Task(dataset=samples, solver=generate(), scorer=includes())
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("real-model")
async def test_a_real_model_is_followed_sample_by_sample(
    world: World, scoring_python: Path, smollm2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_SCORE_PYTHON", str(scoring_python))
    (world.root / "catalog" / "benchmarks" / "questions.toml").write_text(QUESTIONS)
    (world.harness / "task.py").write_text(TASK)
    folder = world.runs / "real"
    with RunWriter.create(folder, "real", started_at=START, facts=Facts(benchmark="questions")) as run:
        run.close(ended_at=START + 1, exit_status="0")
    copytree(smollm2, folder / "final_model")
    async with PtbApp(case=entry_of(folder)).run_test(size=(140, 36)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press(
            "j", "e", *"12", "enter", "j", "j", "e", *"cpu", "enter", "j", "j", "j", "space", "enter"
        )
        seen = await until(pilot, lambda seen: " tokens/s" in seen or "✗ failed" in seen, 200)
        assert "▸ sampling" in seen
        assert " of 12 samples" in seen
        assert re.search(r"[01]\.\d{3} so far   \d+\.\d tokens/s", seen)
        assert " to go" in seen.splitlines()[1]
        seen = await until(pilot, lambda seen: "✓ complete" in seen or "✗ failed" in seen, 300)
        assert "12 items" in seen
        assert "transformers 5." in seen
        assert "set: seed 0" in seen


async def test_a_start_that_is_refused_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with PtbApp(case=entry_of(world.runs / "one")).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("e", *"nowhere", "enter", "enter")
        assert "! nowhere is no folder" in text(pilot)
        await pilot.press("e", "ctrl+a", "ctrl+k", "enter", "j", "e", *"two", "enter", "enter")
        assert "! limit: two is not a number above 0" in text(pilot)
        await pilot.press(
            "e", "ctrl+a", "ctrl+k", "2", "enter", "j", "right", "right", "left", "up", "down", "y"
        )
        assert pilot.app.clipboard == "ptb score one --limit=2 --engine=vllm --detach"
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        await pilot.press("left", "j", "e", *"cpu", "enter", "enter")
        seen = await until(pilot, lambda seen: "✗ failed" in seen)
        assert "no Docker daemon answers" in seen
        assert "start it, or use --sandbox process" in " ".join(seen.split())


async def test_a_harness_that_is_not_given_is_asked_for(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PTB_HARNESS", raising=False)
    async with opened(story).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "judge        api.openai.com:443" in text(pilot)
        await pilot.press("enter")
        assert "! what evaluates is not part of ptb: give the harness" in text(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ScoreScreen)


def a_job(folder: Path, **changes: object) -> Job:
    """A job as its process writes it."""
    job = Job(
        run_id=folder.name,
        job_id="20260403t150000-abcd1234",
        owner=current_owner(),
        started_at=START,
        updated_at=START,
        benchmark="healthbench",
        engine="vllm",
        isolation=Isolation.CONTAINER,
        device="0",
        phase=Phase.SAMPLING,
        attempt_id="20260403t150000-abcd1234-2",
        attempt=2,
        attempts=3,
        token_limit=12_000,
        progress=Progress(31, 245, 0.42, 35.5, 720.0),
    )
    changed = replace(job, **changes)  # type: ignore[arg-type]  # names of its fields
    write_job(Review(folder, folder.name), changed)
    return changed


def an_attempt(folder: Path, number: int, status: ScoreStatus, **changes: object) -> None:
    attempt = ScoreAttempt(
        folder.name,
        f"20260403t150000-abcd1234-{number}",
        START + number,
        START + number + 1,
        "healthbench",
        "accuracy",
        status,
        "vllm",
        Isolation.CONTAINER,
        engine_version="0.11.0",
        token_limit=16_000,
    )
    add_score(Review(folder, folder.name), replace(attempt, **changes))  # type: ignore[arg-type]  # likewise


async def test_how_far_a_job_is_and_every_attempt_before_it(story: Path) -> None:
    an_attempt(story, 1, ScoreStatus.FAILED, reason="CUDA out of memory")
    log = story / "output.txt"
    log.write_text("\n".join(f"sample {n}" for n in range(200)) + "\nloading  10%\rloading 100%\r\n")
    job = a_job(story, log=str(log))
    async with opened(story).run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        seen = await until(pilot, lambda seen: "loading 100%" in seen)
        assert "loading  10%" not in seen
        assert "31 of 245" in seen.splitlines()[1]
        assert "sampling on GPU 0" in seen.splitlines()[1]
        assert "0.420 so far   35.5 tokens/s" in seen
        assert "12m 00s to go" in seen.splitlines()[1]
        assert "━━━━━─" in seen
        assert "13%" in seen
        assert "✓ loading → ▸ sampling" in seen
        assert "attempt 2 of at most 3, 12,000 tokens an answer" in seen
        assert "CUDA out of memory" in seen
        assert "reported 41.2%" in seen
        await pilot.press("K")
        back = text(pilot)
        assert "loading 100%" not in back
        with log.open("a") as file:
            file.write("one more\n")
        await pilot.pause(1.2)
        assert "one more" not in text(pilot)
        await pilot.press("J", "ctrl+d")
        await until(pilot, lambda seen: "one more" in seen)
        await pilot.press("j")
        await until(pilot, lambda seen: "log of attempt 1" in seen)
        await pilot.press("g")
        await until(pilot, lambda seen: "log of attempt 2" in seen)
        await pilot.press("G", "k", "y")
        assert pilot.app.clipboard == "ptb score story --follow"
        write_job(
            Review(story, "story"),
            replace(job, phase=Phase.ENDED, outcome="failed", reason="the GPU fell off the bus"),
        )
        seen = await until(pilot, lambda seen: "the last job ended without a score" in seen)
        assert "the GPU fell off the bus" in seen


async def test_a_job_whose_process_is_gone_is_lost_and_says_so(story: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    a_job(story, owner=replace(current_owner(), pid=gone.pid, start_ticks=1), phase=Phase.LOADING)
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        seen = await until(pilot, lambda seen: "? lost" in seen)
        assert "its process died while it was loading the model" in seen
        await pilot.press("x")
        assert "nothing is being scored now" in text(pilot)


async def test_the_case_says_that_its_run_is_being_scored(story: Path) -> None:
    a_job(story)
    async with PtbApp(case=entry_of(story)).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        assert "● being scored now: sampling, 13%; s" in " ".join(text(pilot).split())
        assert "s score" in text(pilot).splitlines()[-1]


async def test_a_job_of_another_machine_is_followed_by_its_files(story: Path) -> None:
    a_job(story, owner=Owner(77, 1, "another", 1, "gpu-node-7"))
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await until(pilot, lambda seen: "pid 77 on gpu-node-7" in seen and "● sampling" in seen)


async def test_files_that_cannot_be_read_are_told(story: Path) -> None:
    an_attempt(story, 1, ScoreStatus.COMPLETE, value=0.4, samples=245)
    folder = story / "scores" / "jobs"
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        seen = await until(pilot, lambda seen: "broken.json" in seen)
        assert "← the run's score" in seen


async def test_a_run_that_disappears_is_told_and_what_was_read_stays(story: Path) -> None:
    an_attempt(story, 1, ScoreStatus.COMPLETE, value=0.4, samples=245)
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await until(pilot, lambda seen: "← the run's score" in seen)
        rmtree(story)
        seen = await until(pilot, lambda seen: "is gone: nothing of it can be read" in seen)
        assert "← the run's score" in seen
        await pilot.press("j", "k", "x", "y")


def test_the_end_of_a_log_is_bounded_plain_and_without_secrets(tmp_path: Path) -> None:
    log = tmp_path / "output.txt"
    log.write_bytes(
        b"x" * 500_000 + b"\nkey sk-ant-api03-" + b"A1b2" * 22 + b"AA\n\x1b]52;c;aGk=\x07\xff end\n"
    )
    lines = read_tail(log)
    assert len(lines) == 2
    assert "A1b2A1b2" not in lines[0]
    assert "\x1b" not in lines[1]
    assert lines[1].endswith(" end")
    os.mkfifo(tmp_path / "pipe")
    assert read_tail(tmp_path / "pipe") == []
    (tmp_path / "link").symlink_to(log)
    assert read_tail(tmp_path / "link") == []


async def test_score_is_one_key_from_the_case(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "none yet: s starts one" in text(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(pilot.app.screen, CaseScreen)


def test_no_control_of_a_job_reaches_a_real_terminal(tmp_path: Path) -> None:
    folder = make_hostile(tmp_path / "runs" / "hostile")
    log = folder / "output.txt"
    log.write_text(f"{EVIL}\n" * 30)
    an_attempt(folder, 1, ScoreStatus.FAILED, reason=EVIL, engine=EVIL, engine_version=EVIL, sampling=EVIL)
    a_job(folder, device=EVIL, engine=EVIL, log=str(log), owner=Owner(7, 1, EVIL, 1, f"host{EVIL}"))
    a_job(folder, job_id="ended", phase=Phase.ENDED, outcome=f"odd{EVIL}", reason=EVIL, attempt_id=None)
    with Terminal(["open"], ptb_env(tmp_path / "runs"), width=160) as terminal:
        terminal.until(lambda screen: "hostile" in screen and "undecided" in screen)
        terminal.send("s")
        terminal.until(
            lambda screen: "✗ failed" in screen and "? odd" in screen and "log of attempt" in screen
        )
        terminal.send("jjx")
        terminal.until(lambda screen: "cancel this job?" in screen)
        terminal.send("ns")
        terminal.read(1)
        assert_harmless(terminal.raw)
        terminal.send("\x11")
        assert terminal.wait() == 0


@pytest.mark.parametrize("size", [(20, 5), (50, 12), (300, 90)])
async def test_any_size_is_survived(story: Path, size: tuple[int, int]) -> None:
    a_job(story)
    async with PtbApp(case=entry_of(story)).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert ("ptb needs" in text(pilot)) == (size == (20, 5))
        await pilot.press("x")
        await settle(pilot)
        await pilot.press("n", "q")
        await settle(pilot)
