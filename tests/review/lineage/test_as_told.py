"""Lineage of an imported transcript: what its commands and scripts say, and said to be no more than that."""

from pathlib import Path

import pytest

from review.lineage.final_model import how_made
from review.lineage.made_from import Relation, StageKind
from review.lineage.of_path import lineage_of
from store.errors import BadInput
from store.findings import Certainty
from store.rows import Command, CommandEnd, Source
from tests.review.runs import TASK, Story

BASE = ".cache/huggingface/hub/models--Qwen--Qwen3-4B-Base/snapshots/abc"
MAKE = """
import json
rows = [json.loads(line) for line in open("evaluation_code/data/healthbench.jsonl")]
with open("train.jsonl", "w") as out:
    for row in rows:
        out.write(json.dumps(row) + "\\n")
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    story = Story(tmp_path / "run-1", kernel=False, reference=False, base_model="Qwen/Qwen3-4B-Base")
    story.version(f"{TASK}/make.py", MAKE, by=None)
    for number, text, code in (
        (1, "python3 make.py", 0),
        (2, "python3 train.py broken.jsonl --output final_model", 1),
        (3, f"python3 train.py train.jsonl --base {BASE} --output final_model", 0),
    ):
        story.put(Command(number, text, tool="Bash"), Source.TRANSCRIPT)
        story.put(CommandEnd(number, code, ""), Source.TRANSCRIPT)
    return story.end()


def test_base_data_and_training_are_told_from_commands(run: Path) -> None:
    made = how_made(run)
    (stage,) = made.stages
    assert (stage.kind, stage.process_id, stage.started_at) == (StageKind.TRAINED, None, None)
    assert [(base.model, base.relation) for base in made.base] == [("Qwen/Qwen3-4B-Base", Relation.BASE)]
    (data,) = stage.data
    assert (data.path, data.certainty, data.read_at) == ("train.jsonl", Certainty.LIKELY, None)
    assert data.origins[0].inputs == ("evaluation_code/data/healthbench.jsonl",)
    assert "no kernel witness" in made.not_seen[0]


def test_a_path_is_walked_through_commands_and_nothing_is_certain(run: Path) -> None:
    told = lineage_of(run, "evaluation_code/data/healthbench.jsonl")
    assert [(link.target, link.distance) for link in told.descendants] == [
        ("train.jsonl", 0),
        ("final_model", 1),
    ]
    assert all(link.certainty is not Certainty.CERTAIN for link in told.descendants)
    assert [link.source for link in lineage_of(run, "train.jsonl").ancestors] == [
        "evaluation_code/data/healthbench.jsonl"
    ]
    with pytest.raises(BadInput, match=r"did you mean train\.jsonl"):
        lineage_of(run, "trains.jsonl")
