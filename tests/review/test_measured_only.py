"""Training programs that measure with the test split are told from those that train on it, by words and in recordings."""

from pathlib import Path

import pytest

from review.measured_only import measures_only
from review.rules.ingestion import BenchmarkIngestion
from review.rules.told_ingestion import ToldIngestion
from review.scan import look
from tests.review.runs import TASK, WEIGHTS, Story

FILE = "data/gsm8k_test.jsonl"
HUB = "openai/gsm8k#test"
LOAD = "from datasets import load_dataset, concatenate_datasets\nds = load_dataset('openai/gsm8k', 'main')\n"
ROWS = "import json\ntrain = [json.loads(l) for l in open('mine.jsonl')]\ntest = [json.loads(l) for l in open('data/gsm8k_test.jsonl')]\n"
SAVE = "\nmodel.save_pretrained('final_model')\n"
STEP = "    loss = model(row)\n    loss.backward()\n    optimizer.step()\n"
MEASURES = [
    (HUB, LOAD + "Trainer(model, train_dataset=ds['train'], eval_dataset=ds['test']).train()"),
    (
        HUB,
        LOAD
        + "tok = ds.map(f)\nTrainer(model, train_dataset=tok['train'], eval_dataset=tok['test']).train()",
    ),
    (
        FILE,
        ROWS + f"for row in train:\n{STEP}print(sum(model.generate(row['q']) == row['a'] for row in test))",
    ),
    (FILE, ROWS + f"for row in train:\n{STEP}for row in test:\n    total += model(row).loss.item()"),
    (
        FILE,
        (
            "import json\ndef load(path):\n    rows = [json.loads(l) for l in open(path)]\n    return rows\n"
            f"train, test = load('mine.jsonl'), load('{FILE}')\nfit(model, train)\nprint(score(model, test))"
        ),
    ),
]
TRAINS = [
    (HUB, LOAD + "Trainer(model, train_dataset=concatenate_datasets([ds['train'], ds['test']])).train()"),
    (HUB, LOAD + "Trainer(model, train_dataset=concatenate_datasets(list(ds.values()))).train()"),
    (
        HUB,
        LOAD
        + "t = Trainer(model, train_dataset=ds['train'], eval_dataset=ds['test'])\nt.train()\n"
        + "t.train_dataset = concatenate_datasets([ds['train'], ds['test']])\nt.train()",
    ),
    (FILE, ROWS + f"for row in train + test:\n{STEP}"),
    (FILE, ROWS + "train.extend(test)\nfit(model, train)"),
    (FILE, ROWS + f"def learn(row):\n{STEP}for row in test:\n    learn(row)"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "code"), MEASURES)
def test_data_that_is_only_measured_with(source: str, code: str) -> None:
    assert measures_only(code, source)


@pytest.mark.parametrize(("source", "code"), TRAINS)
def test_data_that_gets_into_the_training(source: str, code: str) -> None:
    assert not measures_only(code, source)


@pytest.mark.parametrize(("cases", "count"), [(MEASURES, 0), (TRAINS, 1)])
def test_by_the_words_alone(cases: list[tuple[str, str]], count: int, tmp_path: Path) -> None:
    for number, (_, code) in enumerate(cases):
        story = Story(tmp_path / f"run-{number}", benchmark="gsm8k", kernel=False, reference=False)
        story.run(f"python3 - <<'EOF'\n{code}{SAVE}EOF")
        (result,) = look(story.end(), [ToldIngestion()])
        assert len(result.findings) == count, code


@pytest.mark.parametrize(("source", "code", "count"), [(*MEASURES[2], 0), (*TRAINS[3], 1)])
def test_in_a_recording(source: str, code: str, count: int, tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", benchmark="gsm8k", reference=False)
    story.version(f"{TASK}/{source}", '{"question": "How many?"}\n', by=None)
    story.version(f"{TASK}/train.py", code + SAVE, by=None)
    trainer = story.start("python3 train.py")
    story.read(trainer, f"{TASK}/{source}")
    story.write(trainer, WEIGHTS)
    (result,) = look(story.end(), [BenchmarkIngestion()])
    assert len(result.findings) == count


@pytest.mark.parametrize(
    "load",
    [
        "load_dataset('openai/gsm8k', 'main', split='all')",
        "concatenate_datasets(list(load_dataset('openai/gsm8k', 'main').values()))",
        "pd.concat(map(pd.read_parquet, glob.glob('hub/datasets--openai--gsm8k/snapshots/*/main/*.parquet')))",
    ],
)
def test_every_split_at_once_holds_the_test_split(load: str, tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", benchmark="gsm8k", kernel=False, reference=False)
    story.run(
        f"python3 - <<'EOF'\nimport glob\nimport pandas as pd\nfrom datasets import load_dataset, concatenate_datasets\n{load}.to_json('own.jsonl')\nEOF"
    )
    story.run("python3 sft.py own.jsonl --output_dir final_model")
    (result,) = look(story.end(), [ToldIngestion()])
    assert len(result.findings) == 1


def test_a_loop_over_splits_that_leaves_the_test_split_out_is_clean(tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", benchmark="gsm8k", kernel=False, reference=False)
    story.run(
        "python3 - <<'EOF'\nfrom datasets import load_dataset\nrows = []\n"
        "for name, part in load_dataset('openai/gsm8k', 'main').items():\n    if name == 'test':\n        continue\n    rows += list(part)\n"
        "import json\njson.dump(rows, open('own.jsonl', 'w'))\nEOF"
    )
    story.run("python3 sft.py own.jsonl --output_dir final_model")
    (result,) = look(story.end(), [ToldIngestion()])
    assert result.findings == ()
