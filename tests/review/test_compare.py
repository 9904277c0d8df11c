"""Two runs laid side by side: figures, and what only one of them did."""

from pathlib import Path

import pytest

from review.commands.shell.syntax import simple_commands
from review.compare.commands import installed, normal
from review.compare.comparison import compare_runs
from review.compare.part import Compared, Deed, Figure, Part, Unit, compare, gather
from store.errors import PtbError
from store.overlay import Review
from store.rows import Connection, GpuSample, Source
from store.verdicts import Answer, ReviewerKind, Verdict, add_verdict
from tests.review.runs import TASK, Story, samples

SCRIPT = "from trl import SFTTrainer\nargs = dict(learning_rate={rate}, num_train_epochs=3, optim='adamw')\n"


def told(folder: Path, rate: str, data: str, package: str, host: str, samples_of_gpu: int) -> Path:
    """A run that installs, downloads, trains and evaluates."""
    run = Story(folder, run_id=folder.name, root=TASK)
    run.version(f"{TASK}/train.py", SCRIPT.format(rate=rate), by=run.agent)
    run.run(f"pip install -q {package}==1.2 trl")
    run.run(f"python3 -c \"from datasets import load_dataset; load_dataset('{data}')\"")
    run.run(
        f"cd {TASK} && python3 -u {TASK}/train.py --warmup_ratio 0.1", exit_code=1 if rate == "1e-5" else 0
    )
    run.run("ls -la; python evaluate.py --limit 10")
    run.put(Connection(run.agent, 1001, "10.0.0.7", 443, host, 10, 2000))
    for _ in range(samples_of_gpu):
        run.put(GpuSample(0, 80.0, 50_000, 81_559, 300.0), Source.GPU)
    name = f"{TASK}/{data.partition('/')[2]}.jsonl"
    run.write(run.agent, name, samples("a question", "another"))
    run.train(name, argv=f"python3 {TASK}/train.py")
    return run.end()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compared]:
    """Two runs compared, by title."""
    base = tmp_path_factory.mktemp("compare")
    first = told(base / "first", "1e-5", "openai/gsm8k", "peft", "huggingface.co", 10)
    second = told(base / "second", "2e-4", "meta-math/MetaMathQA", "unsloth", "pypi.org", 30)
    return {part.title: part for part in compare_runs(first, second)}


def values(part: Compared, name: str) -> tuple[object, object]:
    """Both values of a figure."""
    (pair,) = [pair for pair in part.pairs if pair.name == name]
    return (pair.first and pair.first.value, pair.second and pair.second.value)


def only(deeds: tuple[Deed, ...], kind: str) -> list[str]:
    """What was done of a kind."""
    return [deed.what for deed in deeds if deed.kind == kind]


def test_figures_stand_side_by_side(parts: dict[str, Compared]) -> None:
    assert values(parts["commands"], "commands") == (4, 4)
    assert values(parts["commands"], "commands that failed") == (1, 0)
    assert values(parts["outcome"], "benchmark") == ("healthbench", "healthbench")
    assert values(parts["outcome"], "violation flags") == (None, None), "never scanned is not none found"
    hours = values(parts["gpu"], "GPU hours busy")
    assert hours == (pytest.approx(9 / 3600), pytest.approx(29 / 3600))
    assert values(parts["files"], "files written") == (2, 2)
    assert values(parts["network"], "bytes in") == (2000, 2000)


def test_what_only_one_did_is_told_with_its_event(parts: dict[str, Compared]) -> None:
    commands = parts["commands"]
    assert only(commands.only_first, "package") == ["peft"]
    assert only(commands.only_second, "package") == ["unsloth"]
    assert [deed.what for deed in parts["network"].only_second] == ["pypi.org"]
    assert all(deed.seq is not None for deed in commands.only_first)
    both = [word for deed in (*commands.only_first, *commands.only_second) for word in deed.what.split()]
    assert "evaluate.py" not in both, "done by both"
    assert "ls" not in both, "looking around is no difference"


def test_data_and_hub_names_are_told_apart(parts: dict[str, Compared]) -> None:
    assert only(parts["training, as text tells it"].only_first, "hub") == ["openai/gsm8k"]
    assert only(parts["training, as text tells it"].only_second, "hub") == ["meta-math/MetaMathQA"]
    made = parts["how final_model was made"]
    assert only(made.only_first, "data") == ["gsm8k.jsonl"]
    assert only(made.only_second, "data") == ["MetaMathQA.jsonl"]


def test_hyper_parameters_come_from_scripts_that_ran_and_from_commands(parts: dict[str, Compared]) -> None:
    training = parts["training, as text tells it"]
    assert values(training, "learning rate") == ("1e-05", "0.0002")
    assert values(training, "epochs") == ("3", "3")
    assert values(training, "warm-up") == ("0.1", "0.1")
    assert values(training, "optimizer") == ("adamw", "adamw")


def test_a_run_beside_itself_differs_in_nothing(tmp_path: Path) -> None:
    folder = told(tmp_path / "one", "1e-5", "openai/gsm8k", "peft", "huggingface.co", 5)
    for part in compare_runs(folder, folder):
        assert not [pair.name for pair in part.pairs if pair.differs]
        assert not part.only_first
        assert not part.only_second


def test_one_who_decides_blind_sees_no_verdict_of_others(tmp_path: Path) -> None:
    first = told(tmp_path / "one", "1e-5", "openai/gsm8k", "peft", "huggingface.co", 1)
    second = told(tmp_path / "two", "1e-5", "openai/gsm8k", "peft", "huggingface.co", 1)
    add_verdict(
        Review(first, "one"),
        Verdict("one", "v1", 1, "ada", ReviewerKind.HUMAN, data=Answer.VIOLATION, recording_hash=None),
    )
    outcome = next(iter(compare_runs(first, second)))
    assert values(outcome, "verdict")[1] is None


def test_a_run_that_is_gone_is_an_error(tmp_path: Path) -> None:
    folder = told(tmp_path / "one", "1e-5", "openai/gsm8k", "peft", "huggingface.co", 1)
    with pytest.raises(PtbError):
        next(iter(compare_runs(folder, tmp_path / "gone")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"python3.11 -u {TASK}/train.py --lr 1e-5", "python train.py --lr 1e-5"),
        ("/usr/bin/python ./train.py   --lr   1e-5 > log 2>&1", "python train.py --lr 1e-5"),
        (f"bash {TASK}/run.sh", "bash run.sh"),
    ],
)
def test_commands_have_a_normal_form(text: str, expected: str) -> None:
    (simple,) = simple_commands(text)
    assert normal(simple, TASK) == expected


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("pip install -q 'trl>=0.9' peft==0.11 -r requirements.txt", ["trl", "peft"]),
        ("python3 -m pip install --index-url https://x/simple unsloth", ["unsloth"]),
        ("uv pip install Flash_Attn", ["flash-attn"]),
        ("pip install -e .", []),
        ("pip list", []),
        ("python train.py install", []),
    ],
)
def test_packages_are_told_without_versions(text: str, packages: list[str]) -> None:
    (simple,) = simple_commands(text)
    assert list(installed(simple)) == packages


def test_deeds_are_gathered_at_their_first_event() -> None:
    deeds = gather([Deed("host", "a", 9), Deed("host", "b", None), Deed("host", "a", 4)])
    assert deeds == (Deed("host", "a", 4, 2), Deed("host", "b", None, 1))


def test_a_figure_that_only_one_run_has_is_kept() -> None:
    found = compare("x", Part((Figure("a", 1, Unit.COUNT),)), Part((Figure("b", 2, Unit.COUNT),)))
    assert [(pair.name, pair.differs) for pair in found.pairs] == [("a", True), ("b", True)]
