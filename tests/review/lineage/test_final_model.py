"""How final_model was made, told from what processes read and wrote."""

from pathlib import Path

import pytest

from review.lineage.final_model import how_made
from review.lineage.made_from import MadeFrom, Relation, Stage, StageKind
from store.findings import Certainty
from tests.review.runs import EVAL, TASK, WEIGHTS, Story

HUB = "/root/.cache/huggingface/hub"
BASE = f"{HUB}/models--Qwen--Qwen3-4B-Base/blobs/{'a' * 64}"
INSTRUCT = f"{HUB}/models--Qwen--Qwen3-4B/snapshots/{'b' * 40}/model.safetensors"
DATA = f"{TASK}/train.jsonl"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "run-1", base_model="Qwen/Qwen3-4B-Base")


def train(story: Story, *reads: str, argv: str = "python train.py", weights: str = WEIGHTS) -> int:
    trainer = story.start(argv)
    for path in reads:
        story.read(trainer, path)
    story.write(trainer, weights)
    return trainer


def made(story: Story) -> MadeFrom:
    return how_made(story.end())


def only_stage(story: Story) -> Stage:
    (stage,) = made(story).stages
    return stage


def test_base_data_and_script_of_the_training_are_told(story: Story) -> None:
    story.write(story.agent, f"{TASK}/train.py", "train()\n")
    maker = story.start("python make_data.py")
    story.read(maker, EVAL)
    wrote = story.write(maker, DATA, "{}\n")
    train(story, f"{TASK}/train.py", BASE, DATA)
    result = made(story)
    assert result.submitted == (WEIGHTS,)
    assert [(base.model, base.relation) for base in result.base] == [("Qwen/Qwen3-4B-Base", Relation.BASE)]
    (stage,) = result.stages
    assert (stage.kind, stage.command, stage.scripts) == (
        StageKind.TRAINED,
        "python train.py",
        (f"{TASK}/train.py",),
    )
    assert [save.path for save in stage.saves] == [WEIGHTS]
    (data,) = stage.data
    assert data.path == DATA
    (origin,) = data.origins
    assert (origin.command, origin.inputs, origin.seq) == ("python make_data.py", (EVAL,), wrote)
    assert result.certainty is Certainty.LIKELY


def test_what_was_written_only_after_the_training_is_no_origin(story: Story) -> None:
    train(story, BASE, DATA)
    late = story.start("python later.py")
    story.write(late, DATA)
    assert [origin.command for origin in only_stage(story).data[0].origins] == [None]


def test_data_written_anew_comes_from_the_last_writer_alone(story: Story) -> None:
    story.write(story.start("python first.py"), DATA)
    story.write(story.start("python second.py"), DATA)
    train(story, BASE, DATA)
    assert [origin.command for origin in only_stage(story).data[0].origins] == ["python second.py"]


def test_a_checkpoint_that_was_moved_into_place_is_followed_back_to_its_training(story: Story) -> None:
    train(story, BASE, DATA, weights=f"{TASK}/out/checkpoint-9/model.safetensors")
    story.rename(
        story.start("mv out/checkpoint-9 final_model"), f"{TASK}/out/checkpoint-9", f"{TASK}/final_model"
    )
    result = made(story)
    assert result.submitted == (WEIGHTS,)
    assert [stage.command for stage in result.stages] == ["python train.py"]
    assert [(after.kind, after.text) for after in result.after] == [
        ("rename", f"{TASK}/out/checkpoint-9 → {TASK}/final_model")
    ]


def test_training_in_two_stages_leads_back_to_the_base(story: Story) -> None:
    middle = f"{TASK}/sft/model.safetensors"
    train(story, BASE, DATA, weights=middle)
    train(story, middle, f"{TASK}/more.jsonl", argv="python more.py")
    result = made(story)
    assert [(stage.command, stage.previous) for stage in result.stages] == [
        ("python train.py", ()),
        ("python more.py", (middle,)),
    ]
    assert [base.model for base in result.base] == ["Qwen/Qwen3-4B-Base"]


def test_an_instruct_checkpoint_that_was_only_copied_is_told_as_such(story: Story) -> None:
    copier = story.start(f"cp {INSTRUCT} final_model/")
    story.read(copier, INSTRUCT)
    story.write(copier, WEIGHTS)
    result = made(story)
    assert [stage.kind for stage in result.stages] == [StageKind.COPIED]
    assert [(base.model, base.relation) for base in result.base] == [("Qwen/Qwen3-4B", Relation.INSTRUCT)]


def test_two_checkpoints_without_data_are_a_merge(story: Story) -> None:
    train(story, BASE, INSTRUCT, argv="python soup.py")
    stage = only_stage(story)
    assert stage.kind is StageKind.MERGED
    assert {one.relation for one in stage.checkpoints} == {Relation.BASE, Relation.INSTRUCT}


def test_weights_that_were_replaced_are_no_part_of_it_and_are_told(story: Story) -> None:
    train(story, INSTRUCT, DATA, argv="python first.py")
    train(story, BASE, DATA, argv="python second.py")
    result = made(story)
    assert [stage.command for stage in result.stages] == ["python second.py"]
    assert [base.relation for base in result.base] == [Relation.BASE]
    ((kind, text),) = [(after.kind, after.text) for after in result.after]
    assert kind == "overwritten"
    assert "python first.py" in text


def test_tokenizers_libraries_and_caches_are_no_data(story: Story) -> None:
    train(
        story,
        BASE,
        f"{HUB}/models--Qwen--Qwen3-4B-Base/snapshots/{'c' * 40}/tokenizer.json",
        "/usr/lib/python3.12/site-packages/torch/version.json",
        "/tmp/torchinductor_root/aa/x.py",
        DATA,
    )
    assert [data.path for data in only_stage(story).data] == [DATA]


def test_a_hub_dataset_is_named_and_a_file_that_nothing_wrote_is_told_as_not_seen(story: Story) -> None:
    hub = f"{HUB}/datasets--openai--gsm8k/snapshots/{'d' * 40}/train.parquet"
    train(story, BASE, hub, f"{TASK}/found.jsonl")
    result = made(story)
    texts = [origin.text for data in result.stages[0].data for origin in data.origins]
    assert texts[0] == "openai/gsm8k of the hub"
    assert "not written in this run" in texts[1]
    assert any("where some data files came from" in sentence for sentence in result.not_seen)


def test_a_run_without_weights_or_witness_says_what_could_not_be_seen(story: Story, tmp_path: Path) -> None:
    nothing = made(story)
    assert (nothing.submitted, nothing.stages) == ((), ())
    assert any("no weights" in sentence for sentence in nothing.not_seen)
    blind = made(Story(tmp_path / "blind", kernel=False))
    assert any("no kernel witness" in sentence for sentence in blind.not_seen)
