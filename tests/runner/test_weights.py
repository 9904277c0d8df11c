"""``ptb weights`` on small models of every kind, and on folders that an agent made to be misread."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from runner.weights import Answer, check_weights
from store.errors import BadInput
from store.sql.query import open_query
from store.writer import RunWriter
from tests.runner.models import BASE, HIDDEN, KINDS, WORDS, State, tuned, write_model, write_safetensors

ANSWERS = {
    "base": Answer.BASE,
    "instruct": Answer.INSTRUCT,
    "tuned": Answer.TUNED,
    "lora": Answer.LORA,
    "merge": Answer.MERGE,
    "noise": Answer.INSTRUCT_NOISE,
    "instruct-tuned": Answer.INSTRUCT_TUNED,
    "other": Answer.OTHER,
}
WITHOUT_SIBLING = {
    "base": Answer.BASE,
    "lora": Answer.LORA,
    "other": Answer.OTHER,
}


@pytest.fixture(scope="module", params=["BF16", "F16", "F32", "F64"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a kind."""
    root: Path = tmp_path_factory.mktemp("models")
    for kind, state in KINDS.items():
        write_model(root / kind, state(), request.param)
    return root


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_model(tmp_path / "base", BASE)


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_is_told_from_the_others(models: Path, kind: str) -> None:
    report = check_weights(models / kind, models / "base", models / "instruct").report
    assert report.answer is ANSWERS[kind]
    expected = {"base": 0, "tuned": 0, "lora": 0, "other": 0, "merge": 0.5}.get(kind, 1)
    assert report.alpha == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("kind", ANSWERS)
def test_without_a_sibling_no_more_is_said_than_can_be_known(models: Path, kind: str) -> None:
    report = check_weights(models / kind, models / "base").report
    assert report.answer is WITHOUT_SIBLING.get(kind, Answer.RELATED)
    assert report.alpha is None
    assert report.cosine is None


def test_a_merged_adapter_leaves_the_rest_as_it_was(models: Path) -> None:
    report = check_weights(models / "lora", models / "base").report
    assert report.identical_tensors == 4
    assert report.rank_share == 1


def test_the_base_saved_again_in_another_type_has_not_become_something_else(
    tmp_path: Path, base: Path
) -> None:
    other = write_model(tmp_path / "other", BASE, "F32")
    report = check_weights(other, base, write_model(tmp_path / "i", KINDS["instruct"]())).report
    assert report.answer is Answer.TUNED
    assert report.change is not None
    assert report.change < 2**-8


@pytest.mark.parametrize("size", [3e-5, 1e-4, 3e-4, 1e-3])
def test_tuning_that_rounding_swallows_is_not_taken_for_an_adapter(
    tmp_path: Path, base: Path, size: float
) -> None:
    model = write_model(tmp_path / "m", tuned(BASE, 9, size))
    report = check_weights(model, base, write_model(tmp_path / "i", KINDS["instruct"]())).report
    assert report.answer is Answer.TUNED


def test_a_grown_vocabulary_is_compared_by_its_first_rows(tmp_path: Path, base: Path) -> None:
    state = tuned(BASE, 9)
    name = "model.embed_tokens.weight"
    state[name] = state[name].repeat(2, axis=0)[: WORDS + 8]
    state[name][:WORDS] = BASE[name]
    report = check_weights(write_model(tmp_path / "m", state), base).report
    assert report.answer is Answer.RELATED


def test_layers_taken_from_the_instruct_model_are_a_merge(models: Path, tmp_path: Path) -> None:
    instruct = KINDS["instruct"]()
    layers: State = {name: (instruct if ".1." in name or ".2." in name else BASE)[name] for name in BASE}
    model = write_model(tmp_path / "m", layers)
    report = check_weights(model, models / "base", models / "instruct").report
    assert report.answer is Answer.MERGE
    assert "tensor by tensor" in report.reason


def test_several_files_are_one_model(tmp_path: Path, base: Path) -> None:
    folder = write_model(tmp_path / "m", {})
    (folder / "model.safetensors").unlink()
    names = sorted(BASE)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in parts.items():
        write_safetensors(folder / file, {name: BASE[name] for name in part})
    index = {"weight_map": {name: file for file, part in parts.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    write_safetensors(folder / "unused.safetensors", {"x": BASE[names[0]]})
    assert check_weights(folder, base).report.answer is Answer.BASE


def test_other_names_or_shapes_are_not_guessed_at(tmp_path: Path, base: Path) -> None:
    model = write_model(tmp_path / "m", {f"renamed.{name}": values for name, values in BASE.items()})
    report = check_weights(model, base).report
    assert report.answer is Answer.CANNOT_TELL
    assert report.reason.startswith("because only 0%")


def test_weights_that_are_no_numbers_are_said_to_be_none(tmp_path: Path, base: Path) -> None:
    state = tuned(BASE, 9)
    state["model.embed_tokens.weight"][3, 3] = float("nan")
    report = check_weights(write_model(tmp_path / "m", state), base).report
    assert report.answer is Answer.CANNOT_TELL
    assert "no finite numbers" in report.reason


def test_config_and_tokenizer_are_compared_too(tmp_path: Path, base: Path) -> None:
    model = write_model(tmp_path / "m", tuned(BASE, 9), architecture="Qwen2ForCausalLM")
    (model / "tokenizer.json").write_text('{"model": {"vocab": {"b": 0}}}')
    check = check_weights(model, base)
    assert "Qwen2ForCausalLM" in check.architecture
    assert check.tokenizer == "a vocabulary of its own"
    same = check_weights(base, base)
    assert "as the base" in same.architecture
    assert same.tokenizer == "the vocabulary of the base"


def header(text: bytes, length: int | None = None, data: bytes = b"") -> bytes:
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def one(**entry: object) -> bytes:
    return json.dumps({"x": entry}).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no safetensors"),
        (b"\x80\x04\x95PK", "no safetensors"),
        (header(b"{}", 1 << 62), "no safetensors"),
        (header(b"{" + b" " * (17 << 20) + b"}"), "a header of 17 MiB"),
        (header(b"[]"), "no JSON object"),
        (header(b"{nope"), "no JSON"),
        (header(b'{"x": 3}'), "lacks dtype"),
        (header(one(dtype="F4", shape=[1], data_offsets=[0, 1]), data=b"0"), "the type 'F4'"),
        (header(one(dtype="F32", shape=[-1], data_offsets=[0, 4]), data=b"0" * 4), "impossible shape"),
        (header(one(dtype="F32", shape=[True], data_offsets=[0, 4]), data=b"0" * 4), "impossible shape"),
        (header(one(dtype="F32", shape=[1 << 40, 1 << 40], data_offsets=[0, 4]), data=b"0" * 4), "otherwise"),
        (header(one(dtype="F32", shape=[1], data_offsets=[4, 8]), data=b"0" * 8), "a hole"),
        (header(one(dtype="F32", shape=[1], data_offsets=[0, 4]), data=b"0" * 8), "end at byte"),
        (header(one(dtype="F32", shape=[2], data_offsets=[0, 8]), data=b"0" * 4), "end at byte"),
    ],
)
def test_a_file_that_is_no_safetensors_is_refused(
    tmp_path: Path, base: Path, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m"
    model.mkdir()
    (model / "model.safetensors").write_bytes(content)
    assert call(ptb(), ["weights", str(model), "--base", str(base)]) == 2
    line = capsys.readouterr().err
    assert reason in line
    assert line.count("\n") == 1


def test_a_pickle_is_refused_by_name(tmp_path: Path, base: Path) -> None:
    model = tmp_path / "m"
    model.mkdir()
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(BadInput, match=r"pytorch_model\.bin, a pickle"):
        check_weights(model, base)


@pytest.mark.parametrize("way", ["link", "index", "fifo", "circle"])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, base: Path, way: str) -> None:
    model = tmp_path / "m"
    model.mkdir()
    file = model / "model.safetensors"
    match way:
        case "link":
            file.symlink_to(base / "model.safetensors")
        case "circle":
            file.symlink_to(file)
        case "fifo":
            os.mkfifo(file)
        case _:
            index = {"weight_map": {"x": "../base/model.safetensors"}}
            (model / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(
        BadInput, match=r"link out of|circle|no regular file|not a plain file name|cannot be read"
    ):
        check_weights(model, base)


def test_links_inside_the_folder_and_links_of_the_users_own_base_are_followed(
    tmp_path: Path, base: Path
) -> None:
    model = write_model(tmp_path / "m", BASE)
    (model / "model.safetensors").rename(model / "blob")
    (model / "model.safetensors").symlink_to("blob")
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "model.safetensors").symlink_to(base / "model.safetensors")
    assert check_weights(model, snapshot).report.answer is Answer.BASE


def test_the_answer_is_kept_with_the_run(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    RunWriter.create(tmp_path / "runs" / "one", "one", started_at=1).close(ended_at=2, exit_status="0")
    instruct = write_model(tmp_path / "instruct", KINDS["instruct"]())
    noise = write_model(tmp_path / "noise", KINDS["noise"]())
    command = [
        "weights",
        str(noise),
        "--base",
        str(base),
        "--instruct",
        str(instruct),
        "--run",
        "one",
        "--json",
    ]
    assert call(ptb(), command) == 1
    said = json.loads(capsys.readouterr().out)
    with open_query([tmp_path / "runs" / "one"]) as query:
        (row,) = query.run("SELECT * FROM weight_checks").table().to_pylist()
    assert row["run_id"] == "one"
    assert row["answer"] == said["answer"] == "is the instruct model plus noise"
    assert row["alpha"] == pytest.approx(1, abs=0.05)
    for column in ("alpha", "cosine", "identical_tensors", "rank_share", "reason"):
        assert row[column] == said[column]


@pytest.mark.parametrize(("kind", "code"), [("tuned", 0), ("merge", 1), ("other", 1)])
def test_the_exit_code_is_the_answer(models: Path, kind: str, code: int) -> None:
    command = ["weights", models / kind, "--base", models / "base", "--instruct", models / "instruct"]
    assert call(ptb(), list(map(str, command))) == code


def test_memory_is_bounded_by_the_piece_and_not_by_the_model(tmp_path: Path) -> None:
    """Three models of 192 MiB are compared within 256 MiB above what the libraries take."""
    rows = (192 << 20) // HIDDEN // 2
    text = one(dtype="BF16", shape=[rows, HIDDEN], data_offsets=[0, 192 << 20])
    for name in ("m", "b", "i"):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "model.safetensors"
        file.write_bytes(header(text))
        os.truncate(file, 8 + len(text) + (192 << 20))
    program = (
        "import resource, sys; from pathlib import Path; from runner.weights import check_weights;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak();"
        "check_weights(*map(Path, sys.argv[1:])); print(peak() - before)"
    )
    folders = [str(tmp_path / name) for name in ("m", "b", "i")]
    done = subprocess.run(
        [sys.executable, "-c", program, *folders], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 256 << 10
