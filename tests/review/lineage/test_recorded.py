"""Lineage of files in real recordings: what is followed, how sure it is, and what is not."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from review.lineage.final_model import how_made
from review.lineage.of_path import lineage_of
from review.lineage.walk import Link
from store.errors import BadInput
from store.findings import Certainty
from tests.review.lineage.recording import KERNELS, PTB, names, record

HIDDEN = """
cp eval.jsonl copy.bak
base64 copy.bak > packed.txt
python3 -c 'open("gen.py", "w").write("DATA = " + repr(open("packed.txt").read()))'
cat > make.py <<'END'
import base64
from gen import DATA
open("train.jsonl", "wb").write(base64.b64decode(DATA))
END
python3 make.py
python3 -c '
import os
os.makedirs("out")
base = open("base/model.safetensors", "rb").read()
rows = open("train.jsonl").read()
open("out/model.safetensors", "wb").write(base + rows.encode()[:9])
'
mv out final_model
"""


@pytest.mark.parametrize("kernel", KERNELS)
def test_eval_data_behind_a_copy_and_base64_is_one_walkable_path_to_the_weights(
    tmp_path: Path, kernel: str
) -> None:
    run = record(tmp_path, HIDDEN, kernel)
    told = lineage_of(run, "eval.jsonl")
    weights = str(tmp_path / "task" / "final_model" / "model.safetensors")
    way = walk(told.descendants, str(tmp_path / "task" / "eval.jsonl"), weights)
    assert way[0].certainty is Certainty.CERTAIN, "cp is told by the bytes"
    assert all(link.certainty is not Certainty.POSSIBLE for link in way)
    assert [Path(link.target or "").name for link in way][1:] == [
        "packed.txt",
        "gen.py",
        "train.jsonl",
        "model.safetensors",
        "model.safetensors",
    ]
    assert all(step.seq is not None for link in way for step in link.steps)
    back = lineage_of(run, "final_model/model.safetensors")
    assert str(tmp_path / "task" / "eval.jsonl") in {link.source for link in back.ancestors}
    made = how_made(run)
    assert [[Path(data.path).name for data in stage.data] for stage in made.stages] == [["train.jsonl"]]
    assert [Path(base.path).name for base in made.base] == ["base"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_goes_through_a_pipe_is_followed(tmp_path: Path, kernel: str) -> None:
    program = "python3 -c 'import sys; print(sys.stdin.read().upper())'"
    run = record(tmp_path, f"cat eval.jsonl | {program} > out.jsonl\n", kernel)
    told = names(lineage_of(run, "eval.jsonl").descendants)
    assert {("eval.jsonl", "pipe", "likely"), ("pipe", "out.jsonl", "likely")} <= told


def test_a_pipe_that_the_witness_cannot_see_is_possible_and_said(tmp_path: Path) -> None:
    program = "python3 -c 'import sys; print(sys.stdin.read().upper())'"
    run = record(tmp_path, f"cat eval.jsonl | {program} > out.jsonl\n", "strace", count_bytes=False)
    told = lineage_of(run, "eval.jsonl")
    assert ("eval.jsonl", "out.jsonl", "possible") in names(told.descendants)
    assert any("pipes" in sentence for sentence in told.not_seen)


@pytest.mark.parametrize("kernel", KERNELS)
def test_evaluations_lead_nowhere(tmp_path: Path, kernel: str) -> None:
    run = record(
        tmp_path,
        """
cat > evaluate.py <<'END'
import subprocess, sys
rows = open("eval.jsonl").read()
open("metrics.json", "w").write(str(len(rows)))
subprocess.run([sys.executable, "-c", "open('cache.jsonl', 'w').write(open('eval.jsonl').read())"], check=True)
END
python3 evaluate.py
mkdir final_model; python3 -c 'open("final_model/model.safetensors", "w").write(open("cache.jsonl").read())'
""",
        kernel,
    )
    told = lineage_of(run, "eval.jsonl").descendants
    assert {link.target for link in told if link.certainty is not Certainty.POSSIBLE} == {None}
    assert all("evaluation" in link.reason for link in told if link.target is None)


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_was_only_looked_at_gives_possible_links_alone(tmp_path: Path, kernel: str) -> None:
    run = record(
        tmp_path,
        """
bash -c 'head -n 2 eval.jsonl'
echo '{"messages": "of my own"}' > own.jsonl
python3 -c 'import os; os.mkdir("final_model"); open("final_model/model.safetensors", "w").write(open("own.jsonl").read())'
""",
        kernel,
    )
    links = lineage_of(run, "eval.jsonl").descendants
    onward = [link for link in links if link.target is not None and not link.target.startswith("pipe:")]
    assert onward, "what the agent wrote later may hold it"
    assert {link.certainty for link in onward} == {Certainty.POSSIBLE}
    assert all("agent's context" in link.reason for link in onward)


def test_overwritten_contents_hard_links_and_folders_that_move(tmp_path: Path) -> None:
    run = record(
        tmp_path,
        """
cp eval.jsonl a.jsonl
printf 'of my own, long enough to be told from others by its bytes, and more of it\\n' > b.jsonl
cp b.jsonl a.jsonl
cp a.jsonl after.jsonl
mkdir old; cp eval.jsonl old/x.jsonl; mv old new; ln new/x.jsonl linked.jsonl; ln -s linked.jsonl soft.jsonl
cp soft.jsonl copy.jsonl
""",
        "strace",
    )
    told = names(lineage_of(run, "eval.jsonl").descendants)
    assert ("eval.jsonl", "a.jsonl") in {pair[:2] for pair in told}
    assert not {pair for pair in told if pair[1] == "after.jsonl"}, "it was overwritten before"
    assert ("x.jsonl", "linked.jsonl", "certain") in told
    assert ("linked.jsonl", "copy.jsonl", "certain") in told
    assert ("b.jsonl", "a.jsonl", "certain") in names(lineage_of(run, "after.jsonl").ancestors)


def test_the_command_tells_both_directions_and_near_names(tmp_path: Path) -> None:
    run = record(tmp_path, "cp eval.jsonl seeds.jsonl\n", "strace")
    told = call("lineage", str(run), "seeds.jsonl", "--json")
    data: dict[str, Any] = json.loads(told.stdout)
    assert set(data) == {"run_id", "path", "ancestors", "descendants", "same_bytes", "not_seen"}
    (link,) = [link for link in data["ancestors"] if link["from"] and link["from"].endswith("eval.jsonl")]
    assert (link["certainty"], link["distance"]) == ("certain", 0)
    assert [step["kind"] for step in link["steps"]] == ["read", "exec", "write"]
    text = call("lineage", str(run), "eval.jsonl")
    assert "→ seeds.jsonl   certain" in text.stdout.decode()
    wrong = call("lineage", str(run), "seds.jsonl")
    assert wrong.returncode == 2
    assert wrong.stderr.count(b"\n") == 1
    assert b"did you mean" in wrong.stderr
    assert b"seeds.jsonl" in wrong.stderr
    assert call("lineage", str(run)).returncode == 2
    assert json.loads(call("lineage", str(run), "--final-model", "--json").stdout)["stages"] == []


def call(*words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*PTB, *words], capture_output=True, timeout=60, check=False)


def walk(links: Sequence[Link], start: str, goal: str) -> list[Link]:
    """The links from one file to another, step by step."""
    ways: dict[str, list[Link]] = {start: []}
    waiting = [start]
    for path in waiting:
        for link in links:
            if link.source == path and link.target is not None and link.target not in ways:
                ways[link.target] = [*ways[path], link]
                waiting.append(link.target)
    assert goal in ways, sorted(ways)
    return ways[goal]


def test_an_unknown_path_without_a_run_of_files_is_one_line(tmp_path: Path) -> None:
    run = record(tmp_path, "true\n", "strace")
    with pytest.raises(BadInput, match=r"nothing\.like\.it"):
        lineage_of(run, "nothing.like.it")
