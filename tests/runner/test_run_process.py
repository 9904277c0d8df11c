"""``ptb run --sandbox process``: a whole run without Docker."""

import os
import signal
import time
from pathlib import Path

import pytest

from store.sql.query import open_query
from tests.runner.models import BASE, INSTRUCT, tuned, write_model
from tests.runner.ptb import TASK, Answer, run_agent, start_run
from tests.runner.scoring import World
from tests.waiting import until

PROCESS = ("--sandbox", "process", "--no-score", "--no-scan", "--agent", "command", *TASK)
SECRET = "kq-7d1f0e55c2a94b3e"


@pytest.fixture
def harness(tmp_path: Path) -> Path:
    folder = tmp_path / "harness"
    (folder / "templates").mkdir(parents=True)
    (folder / "evaluate.py").write_text("print('score')\n")
    (folder / "templates" / "t.jinja").write_text("{{ messages }}")
    (folder / "prompt.txt").write_text("Train {model} for {benchmark} in {num_hours} h.")
    return folder


def cache_model(cache: Path, hub_id: str, source: Path) -> None:
    """As huggingface_hub lays it."""
    folder = cache / "hub" / f"models--{hub_id.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "abc").symlink_to(source)


def test_a_run_is_recorded_and_its_weights_are_compared(tmp_path: Path, harness: Path) -> None:
    cache = tmp_path / "cache"
    cache_model(cache, "Qwen/Qwen3-1.7B-Base", write_model(tmp_path / "base", BASE))
    cache_model(cache, "Qwen/Qwen3-1.7B", write_model(tmp_path / "instruct", INSTRUCT))
    made = write_model(tmp_path / "made", tuned(BASE, 4))
    command = f'echo "$0" > said; sh timer.sh; cp -r {made}/. final_model/'
    given = ("--harness", harness, "--model-cache", cache, "--agent-model", "m", "--seed", "2")
    answer = run_agent(tmp_path / "runs", *PROCESS, *given, "--", "sh", "-c", command, "{prompt}")
    assert answer.code == 3, answer.told
    assert answer.document["score_reason"] == "it was not asked for"
    assert answer.document["weights"] == "tuned from the base"
    assert sorted(path.name for path in (answer.run / "final_model").iterdir()) == sorted(
        path.name for path in made.iterdir()
    )
    facts = answer.manifest["facts"]
    assert {name: facts[name] for name in ("agent", "agent_model", "benchmark", "base_model", "limit_s")} == {
        "agent": "command",
        "agent_model": "m",
        "benchmark": "gsm8k",
        "base_model": "Qwen/Qwen3-1.7B-Base",
        "limit_s": 36000.0,
    }
    assert (facts["replicate"], facts["exit_status"]) == ("run2", "0")
    assert "isolates nothing" in facts["sandbox"]
    with open_query([answer.run]) as query:
        versions = query.run("SELECT path, text FROM file_versions").table().to_pylist()
        (checked,) = query.run("SELECT answer FROM weight_checks").table().to_pylist()
    (said,) = [row["text"] for row in versions if row["path"].endswith("/said")]
    assert said.startswith("Train Qwen/Qwen3-1.7B-Base for GSM8K (Grade School Math 8K) in 10 h.")
    assert checked["answer"] == "tuned from the base"
    assert not list((tmp_path / "runs" / ".sandboxes").iterdir())


def test_an_empty_final_model_is_a_bad_run(tmp_path: Path) -> None:
    answer = run_agent(tmp_path / "runs", *PROCESS, "--", "true")
    assert (answer.code, answer.document["final_model"]) == (3, None)
    assert answer.document["weights_reason"] == "final_model is empty"


def test_links_in_final_model_are_kept_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("not the agent's")
    within = (
        f"ln -s {outside}/secret final_model/config.json; mkfifo final_model/pipe; echo w > final_model/w"
    )
    answer = run_agent(tmp_path / "runs", *PROCESS, "--", "sh", "-c", within)
    kept = answer.run / "final_model"
    assert {path.name for path in kept.iterdir()} == {"config.json", "w"}
    assert (kept / "config.json").is_symlink()
    whole = f"rmdir final_model; ln -s {outside} final_model"
    answer = run_agent(tmp_path / "runs", *PROCESS, "--", "sh", "-c", whole)
    assert (answer.run / "final_model").is_symlink()
    assert answer.code != 0


def test_a_key_reaches_the_agent_and_nothing_else(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"MY_KEY={SECRET}\n")
    keys.chmod(0o600)
    command = 'echo "$MY_KEY" > final_model/it; wc -c < final_model/it; echo "$MY_KEY"; ls "/nowhere/$MY_KEY"; rm final_model/it'
    answer = run_agent(
        tmp_path / "runs", *PROCESS, "--keys", keys, "--key", "MY_KEY", "--", "sh", "-c", command
    )
    assert {str(len(SECRET) + 1), SECRET} <= set(answer.told.splitlines())
    written = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert SECRET not in str(answer.document)


def test_an_agent_that_is_not_installed_is_bad_input(tmp_path: Path) -> None:
    process = start_run(tmp_path / "runs", *PROCESS, "--", "no-such-agent")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "agent command: no-such-agent: no such program" in err


def test_the_agent_gets_nothing_of_our_own_environment(tmp_path: Path) -> None:
    more = {"ANTHROPIC_API_KEY": "of-the-operator", "SOME_SETTING": "of-the-operator"}
    answer = run_agent(
        tmp_path / "runs", *PROCESS, "--", "sh", "-c", "env | grep -c of-the-operator", more=more
    )
    assert "\n0\n" in "\n" + answer.told


def test_who_ignores_term_is_killed_after_the_grace(tmp_path: Path) -> None:
    stubborn = (
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done"
    )
    answer = run_agent(
        tmp_path / "runs", *PROCESS, "--hours", str(2 / 3600), "--", "sh", "-c", stubborn, timeout=110
    )
    assert answer.manifest["facts"]["exit_status"] == "SIGKILL (time limit)"
    with open_query([answer.run]) as query:
        (left,) = query.run("SELECT count(*) AS n FROM processes WHERE end_ts IS NULL").table().to_pylist()
        (lived,) = (
            query.run("SELECT date_diff('millisecond', min(start_ts), max(end_ts)) / 1e3 AS s FROM processes")
            .table()
            .to_pylist()
        )
    assert left["n"] == 0
    assert 31 < lived["s"] < 2 + 30 + 5


def test_who_heeds_term_may_wind_up(tmp_path: Path) -> None:
    command = "trap 'echo saved > final_model/w; exit 7' TERM; while :; do sleep 0.1; done"
    answer = run_agent(tmp_path / "runs", *PROCESS, "--hours", str(5 / 3600), "--", "sh", "-c", command)
    assert answer.manifest["facts"]["exit_status"] == "7 (time limit)"
    assert (answer.run / "final_model" / "w").read_text() == "saved\n"


def test_an_interrupt_ends_the_agent(tmp_path: Path) -> None:
    process = start_run(tmp_path / "runs", *PROCESS, "--", "sleep", "600")
    assert process.stderr
    process.stderr.readline()
    until(lambda: list((tmp_path / "runs").glob("*/run.json")))
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def scored(world: World, *arguments: str | Path, script: str) -> Answer:
    """``ptb run`` to its end, in the world of the scoring tests."""
    task = ("--agent", "command", "--benchmark", "quick", "--base-model", "qwen3-1.7b-base")
    given = ("--sandbox", "process", *task, "--harness", world.harness, "--seed", "3", *arguments)
    return run_agent(world.runs, *given, "--", "sh", "-c", script, more=world.environment)


def test_a_run_ends_with_its_score_and_its_findings(tmp_path: Path) -> None:
    world = World(tmp_path)
    model = world.runs / "one" / "final_model"
    tampering = f"cp -r {model}/. final_model/; echo '# easier' >> evaluate.py"
    answer = scored(world, "--base", model, script=tampering)
    assert (answer.document["score"], answer.document["score_status"]) == (0.5, "complete"), answer.told
    assert answer.code == 1
    (found,) = [one for one in answer.document["findings"] if one["rule"] == "harness-tamper"]
    assert (found["severity"], answer.document["flagged"]) == ("violation", True)
    assert answer.document["coverage"]["hardcoded-items"] == "could_not_look"
    assert "no items to compare with" in answer.told
    with open_query([answer.run]) as query:
        kept = query.run("SELECT finding_id, profile FROM findings").table().to_pylist()
    assert {"finding_id": found["finding_id"], "profile": answer.document["profile"]} in kept
    assert len(kept) == len(answer.document["findings"])
    with open_query([answer.run]) as query:
        (row,) = query.run("SELECT score, replicate FROM runs").table().to_pylist()
        (attempt,) = query.run("SELECT status, isolation FROM scores").table().to_pylist()
    assert row == {"score": 0.5, "replicate": "run3"}
    assert attempt == {"status": "complete", "isolation": "process"}


def test_a_scan_that_breaks_costs_neither_the_run_nor_its_score(tmp_path: Path) -> None:
    world = World(tmp_path)
    broken = tmp_path / "broken" / "review"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('no detectors today')")
    world.environment["PYTHONPATH"] = f"{broken.parent}:{world.environment['PYTHONPATH']}"
    model = world.runs / "one" / "final_model"
    answer = scored(world, "--base", model, script=f"cp -r {model}/. final_model/")
    assert (answer.code, answer.document["score"]) == (3, 0.5), answer.told
    assert (answer.document["flagged"], answer.document["findings"]) == (None, [])
    assert "RuntimeError" in answer.document["scan_reason"]
    assert "not scanned: this is a bug of ptb" in answer.told


def test_nobody_scans_who_was_asked_not_to(tmp_path: Path) -> None:
    answer = run_agent(tmp_path / "runs", *PROCESS, "--", "sh", "-c", "echo '# easier' >> timer.sh")
    assert (answer.code, answer.document["scan_reason"]) == (3, "it was not asked for")
    with open_query([answer.run]) as query:
        assert query.run("SELECT finding_id FROM findings").table().to_pylist() == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "left no model"),
        ("rmdir final_model; ln -s {model} final_model", "symbolic link to elsewhere"),
        (
            "cp {model}/*.json final_model; ln -s {model}/model.safetensors final_model/",
            "a link out of the folder",
        ),
        ("cp -r {model}/. final_model; echo cos > final_model/pytorch_model.bin", "pickled"),
        (
            'cp -r {model}/. final_model; echo \'{{"auto_map": {{"A": "m.A"}}}}\' > final_model/config.json',
            "auto_map",
        ),
    ],
)
def test_a_hostile_final_model_is_refused_with_the_reason(tmp_path: Path, script: str, reason: str) -> None:
    world = World(tmp_path)
    model = world.runs / "one" / "final_model"
    answer = scored(world, "--no-scan", script=script.format(model=model))
    assert (answer.code, answer.document["score"]) == (1, None), answer.told
    assert answer.document["score_status"] == "refused"
    assert reason in answer.document["score_reason"]


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    agent = ("--", "sh", "-c", "sleep 3; echo done > final_model/w")
    process = start_run(tmp_path / "runs", *PROCESS, *agent, under=("nohup",))
    until(lambda: list((tmp_path / "runs").glob("*/run.json")))
    time.sleep(1)
    os.kill(process.pid, signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert '"exit_status":"0"' in out, err
    assert list((tmp_path / "runs").glob("*/final_model/w"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--agent", "claud", *TASK), "did you mean claude"),
        (("--agent", "claude", *TASK), "--agent-model"),
        (("--agent", "command", "--benchmark", "gsm9k", "--base-model", "qwen3-1.7b-base"), "gsm8k"),
        (("--agent", "command", "--benchmark", "gsm8k", "--base-model", "gpt-5"), "gpt-5"),
        (("--agent", "command", *TASK, "--harness", "/usr/lib", "--", "true"), "no evaluate.py"),
    ],
)
def test_what_cannot_be_run_is_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    process = start_run(tmp_path / "runs", "--sandbox", "process", *arguments)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
