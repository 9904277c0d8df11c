"""``ptb score`` from the command line, with a harness that needs no model: bookkeeping, refusals, stops."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from store.jobs import Job, Phase, Standing, read_jobs
from store.manifest import Facts
from store.scores import ScoreStatus
from store.sql.query import open_query
from store.writer import RunWriter
from tests.runner.scoring import READS_THE_HUB, START, World, write_final_model
from tests.waiting import until


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def measured(world: World) -> float | None:
    with open_query([world.runs / "one"]) as query:
        ((row,),) = (query.run("SELECT score FROM runs").table().to_pylist(),)
    value: float | None = row["score"]
    return value


def job_of(world: World) -> Job | None:
    jobs, problems = read_jobs(world.review())
    assert problems == []
    return jobs[-1] if jobs else None


def sampling(world: World) -> bool:
    job = job_of(world)
    return job is not None and job.phase is Phase.SAMPLING


def nothing_is_left(world: World) -> bool:
    """No process of a job, no scratch folder, no lock."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            own = f"TMPDIR={world.scratch}".encode() in (folder / "environ").read_bytes()
            mark = (
                b"PTB_SCORE_JOB=" in (folder / "environ").read_bytes()
                and str(world.root).encode() in (folder / "environ").read_bytes()
            )
        except OSError:
            continue
        if own or mark:
            return False
    return not any(world.scratch.iterdir()) and world.device_is_free()


def test_a_score_is_kept_with_what_it_was_measured_with(world: World) -> None:
    code, said, _ = world.score("--seed", "7")
    assert (code, said["status"], said["value"], said["counts"]) == (0, "complete", 0.5, True)
    [attempt] = world.attempts()
    assert (attempt.value, attempt.stderr, attempt.token_limit, attempt.limit_n) == (0.5, 0.1, 4000, None)
    assert len(attempt.model_hash or "") == len(attempt.harness_hash or "") == 64
    assert attempt.seed is None
    assert "not settable" in attempt.sampling
    assert "seed 7" in attempt.sampling
    assert measured(world) == 0.5
    logs = world.runs / "one" / "scores" / (attempt.log or "none")
    assert json.loads((logs / "metrics.json").read_text())["accuracy"] == 0.5
    assert nothing_is_left(world)


def test_another_model_has_another_hash_and_the_same_one_the_same(world: World) -> None:
    for _ in range(2):
        world.score()
    (world.runs / "one" / "final_model" / "generation_config.json").write_text('{"temperature": 2}')
    world.score()
    first, second, third = world.attempts()
    assert first.model_hash == second.model_hash != third.model_hash
    assert first.harness_hash == third.harness_hash


def test_a_crash_is_tried_again_then_with_fewer_tokens_and_every_attempt_is_kept(world: World) -> None:
    world.evaluate("""
        if args.max_tokens > 3000:
            sys.exit("CUDA out of memory")
        score(0.25)
    """)
    code, said, _ = world.score()
    assert (code, said["value"]) == (0, 0.25)
    assert [(one.status, one.token_limit) for one in world.attempts()] == [
        (ScoreStatus.FAILED, 4000),
        (ScoreStatus.FAILED, 4000),
        (ScoreStatus.COMPLETE, 3000),
    ]
    assert (
        len({one.attempt_id for one in world.attempts()}) == len({one.log for one in world.attempts()}) == 3
    )
    assert measured(world) == 0.25


def test_a_try_that_ends_well_is_the_last(world: World) -> None:
    world.evaluate(f"""
        mark = {str(world.root / "tried")!r}
        if not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), 9)
        score(0.25)
    """)
    code, said, _ = world.score("--token-limit", "100", "--tries", "5")
    assert (code, said["value"]) == (0, 0.25)
    assert [(one.status, one.token_limit) for one in world.attempts()] == [
        (ScoreStatus.FAILED, 100),
        (ScoreStatus.COMPLETE, 100),
    ]
    first, second = world.attempts()
    assert "killed" in first.reason or "code" in first.reason
    assert "seed 0" in second.sampling


def test_what_a_harness_says_to_its_end_is_not_asked_for_again_with_the_same_limit(world: World) -> None:
    world.evaluate("score(7)")
    assert world.score()[0] == 1
    assert [one.token_limit for one in world.attempts()] == [4000, 3000, 2000]


def test_a_limited_score_is_kept_and_is_not_the_runs(world: World) -> None:
    world.evaluate("score(args.limit / 4)")
    code, said, _ = world.score("--limit", "3")
    assert (code, said["value"], said["counts"]) == (0, 0.75, False)
    assert [one.limit_n for one in world.attempts()] == [3]
    assert measured(world) is None


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("score(7)", "score from 0 to 1"),
        ("score(float('nan'))", "no JSON"),
        ("score(True)", "score from 0 to 1"),
        ("score('1.0')", "score from 0 to 1"),
        ("score(1.0, n_examples=2)", "2 of the benchmark's 4 items"),
        ("pass", "metrics.json cannot be read"),
        ("os.symlink('/etc/hostname', args.json_output_file)", "metrics.json cannot be read"),
        ("os.mkfifo(args.json_output_file)", "no regular file"),
        ("open(args.json_output_file, 'w').write('[' * 3_000_000)", "larger than"),
        ("score(0.5); sys.exit(3)", "ended with code 3"),
        ("score(0.5); os._exit(0)", "no result"),
        ("score(0.5); os.kill(os.getpid(), 9)", "no result"),
    ],
)
def test_what_is_no_result_is_no_score(world: World, program: str, reason: str) -> None:
    world.evaluate(program)
    code, said, _ = world.score("--token-limit", "100")
    assert (code, said["status"], said["value"]) == (1, "failed", None)
    assert reason in said["reason"]
    assert measured(world) is None
    assert nothing_is_left(world)


def test_a_harness_that_is_not_the_published_one_is_refused(world: World) -> None:
    catalog = world.root / "catalog" / "benchmarks" / "quick.toml"
    catalog.write_text(f'{catalog.read_text()}\n[[harness]]\nfile = "evaluate.py"\nsha256 = "{"0" * 64}"\n')
    code, said, _ = world.score()
    assert (code, said["status"]) == (1, "refused")
    assert "is not the published one" in said["reason"]
    [attempt] = world.attempts()
    assert attempt.status is ScoreStatus.REFUSED


def test_a_module_beside_a_pinned_harness_is_not_taken_along(world: World) -> None:
    import hashlib

    world.evaluate("""
        import random
        score(0.9 if hasattr(random, "planted") else 0.1)
    """)
    (world.harness / "random.py").write_text("planted = True")
    catalog = world.root / "catalog" / "benchmarks" / "quick.toml"
    digest = hashlib.sha256((world.harness / "evaluate.py").read_bytes()).hexdigest()
    catalog.write_text(f'{catalog.read_text()}\n[[harness]]\nfile = "evaluate.py"\nsha256 = "{digest}"\n')
    assert world.score()[1]["value"] == 0.1


def test_the_harness_finds_the_copy_and_not_the_agents_folder(world: World) -> None:
    world.evaluate(f"score(float(not args.model_path.startswith({str(world.runs)!r})))")
    assert world.score()[1]["value"] == 1.0


def test_a_run_is_scored_once_at_a_time_and_can_be_stopped_from_elsewhere(world: World) -> None:
    world.evaluate("time.sleep(60)")
    with world.start() as process:
        until(lambda: sampling(world), "sampling")
        code, _, said = world.score()
        assert code == 2
        assert "is being scored by job" in said
        cancel = subprocess.run(
            world.command("--cancel"), env=world.environment, capture_output=True, text=True, check=False
        )
        assert (cancel.returncode, "cancelled" in cancel.stdout) == (0, True)
        assert process.wait(60) == 130
    assert [one.status for one in world.attempts()] == [ScoreStatus.CANCELLED]
    assert nothing_is_left(world)


def test_an_interrupt_stops_it(world: World) -> None:
    world.evaluate("time.sleep(60)")
    with world.start() as process:
        until(lambda: sampling(world), "sampling")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert [one.status for one in world.attempts()] == [ScoreStatus.CANCELLED]
    assert nothing_is_left(world)


def test_it_goes_on_in_the_background_and_can_be_followed(world: World) -> None:
    go = world.root / "go"
    world.evaluate(f"""
        for _ in range(600):
            if os.path.exists({str(go)!r}):
                score(0.5)
                break
            time.sleep(0.1)
    """)
    code, said, _ = world.score("--detach")
    assert (code, said["status"]) == (0, "running")
    with subprocess.Popen(
        world.command("--follow", "--json"),
        env=world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stderr
        assert following.stderr.readline()
        go.touch()
        followed = json.loads(following.communicate(timeout=60)[0])
    assert (followed["job_id"], followed["value"]) == (said["job_id"], 0.5)
    until(lambda: nothing_is_left(world), "over")


def test_two_runs_wait_for_one_device(world: World) -> None:
    world.add_run("two")
    world.evaluate("""
        time.sleep(1.5)
        score(0.5)
    """)
    with world.start() as first, world.start(run="two") as second:
        assert (first.wait(60), second.wait(60)) == (0, 0)
    [one], [two] = world.attempts("one"), world.attempts("two")
    assert one.ended_at < two.ts or two.ended_at < one.ts


def test_what_takes_too_long_is_ended(world: World) -> None:
    world.evaluate("import subprocess; subprocess.Popen(['sleep', '50'], start_new_session=True).wait()")
    code, said, _ = world.score("--attempt-hours", "0.0003", "--token-limit", "5", "--tries", "2")
    assert code == 1
    assert len(world.attempts()) == 2
    assert "longer than" in said["reason"]
    assert nothing_is_left(world)


def test_a_harness_reads_the_hubs_cache_and_never_writes_there(world: World) -> None:
    hub = world.add_hub()
    world.evaluate(READS_THE_HUB)
    before = sorted(hub.rglob("*"))
    code, said, _ = world.score("--hf-home", hub)
    assert (code, said["value"]) == (0, 0.75)
    assert sorted(hub.rglob("*")) == before
    code, _, told = world.score("--hf-home", world.harness)
    assert code == 2
    assert "holds neither hub/ nor datasets/" in told


def test_the_folder_of_an_agent_in_a_container_is_not_looked_for_here(world: World) -> None:
    elsewhere = world.root / "elsewhere"
    write_final_model(elsewhere / "final_model")
    for name, image in (("contained", "agents:1"), ("plain", None)):
        facts = Facts(benchmark="quick", base_model="Qwen/Qwen3-1.7B-Base", root=str(elsewhere), image=image)
        with RunWriter.create(world.runs / name, name, started_at=START, facts=facts) as writer:
            writer.close(ended_at=START + 1, exit_status="0")
    assert world.score(run="plain")[0] == 0
    code, said, _ = world.score(run="contained")
    assert code == 1
    assert str(world.runs / "contained") in said["reason"]


def test_secrets_in_the_harness_log_are_not_kept(world: World) -> None:
    world.evaluate("print('key sk-ant-api03-' + 'A1b2' * 22 + 'AA', flush=True); score(0.5)")
    world.score()
    [attempt] = world.attempts()
    text = (world.runs / "one" / "scores" / (attempt.log or "") / "output.txt").read_text()
    assert "A1b2A1b2" not in text
    assert "[redacted:" in text


DIES_WITH_A_NEW_SCRATCH_FOLDER = """
import os, signal, sys

made = False

def die(event, arguments):
    global made
    before, made = made, event == "os.mkdir" and "ptb-score-" in str(arguments[0])
    if before:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
"""


def test_killed_as_soon_as_its_scratch_folder_is_made_it_leaves_nothing(world: World) -> None:
    (world.root / "sitecustomize.py").write_text(DIES_WITH_A_NEW_SCRATCH_FOLDER)
    world.environment["PYTHONPATH"] += f":{world.root}"
    with world.start() as process:
        assert process.wait(60) == -signal.SIGKILL
    until(lambda: nothing_is_left(world), "clean")
    job = job_of(world)
    assert job is not None
    assert (job.standing, job.outcome) == (Standing.ENDED, "lost")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_nothing_of_it_stays_and_it_is_found_again(world: World, seed: int) -> None:
    world.evaluate(
        "import subprocess; subprocess.Popen(['sleep', '70'], start_new_session=True); time.sleep(70)"
    )
    moment = random.Random(seed).uniform(0.2, 6)
    with world.start() as process:
        time.sleep(moment)
        process.kill()
    until(lambda: nothing_is_left(world), f"clean after a kill at {moment:.1f} s")
    job = job_of(world)
    if job is not None and job.phase not in (Phase.CHECKING, Phase.WAITING):  # before, nobody watches over it
        until(lambda: (job_of(world) or job).standing is Standing.ENDED, "settled")
    assert job is None or job.standing is not Standing.RUNNING
    world.evaluate("score(0.5)")
    assert world.score()[1]["value"] == 0.5
    if job is not None:
        (then,) = [one for one in read_jobs(world.review())[0] if one.job_id == job.job_id]
        assert (then.standing, then.outcome) == (Standing.ENDED, "lost")
    assert {one.status for one in world.attempts()} <= {ScoreStatus.LOST, ScoreStatus.COMPLETE}


def test_without_a_harness_it_says_where_one_is(world: World) -> None:
    done = subprocess.run(
        world.command("--sandbox", "process"),
        env=world.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--harness" in done.stderr.splitlines()[-1]


def test_without_docker_it_says_what_else_there_is(world: World) -> None:
    world.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    code, _, said = world.score(sandbox="container")
    assert code == 2
    assert "--sandbox process" in said
    assert os.path.lexists(world.runs / "one" / "run.json")
