"""Models that are not fit to be evaluated: each is refused with its reason, and the refusal is kept."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.scoring.final_model import vet
from runner.scoring.refused import Refused
from store.scores import ScoreStatus
from tests.runner.scoring import World, write_final_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_final_model(tmp_path / "run" / "final_model")


class Code:
    """What a pickle may do when it is read."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch /tmp/ptb-pickle-ran",)


def set_config(model: Path, name: str = "config.json", **values: object) -> None:
    path = model / name
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(config | values))


def pickled(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(pickle.dumps(Code()))


def disguised(model: Path) -> None:
    (model / "model.safetensors").write_bytes(pickle.dumps(Code()))


def beside(model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(pickle.dumps(Code()))


def led_out(model: Path) -> None:
    (model / "model.safetensors").rename(model.parent / "elsewhere.safetensors")
    (model / "model.safetensors").symlink_to(model.parent / "elsewhere.safetensors")


def is_link(model: Path) -> None:
    elsewhere = model.parents[1] / "instruct"
    model.rename(elsewhere)
    model.symlink_to(elsewhere)


def dangles(model: Path) -> None:
    model.rename(model.with_name("gone"))
    model.symlink_to("/nowhere/at/all")


def has_pipe(model: Path) -> None:
    os.mkfifo(model / "generation_config.json")


def is_missing(model: Path) -> None:
    model.rename(model.with_name("final_models"))


def has_adapter_only(model: Path) -> None:
    (model / "model.safetensors").rename(model / "adapter_model.safetensors")


def is_cut(model: Path) -> None:
    os.truncate(model / "model.safetensors", 500)


UNFIT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (is_missing, "there is no"),
    "a link to elsewhere": (is_link, "symbolic link to elsewhere"),
    "a link to nowhere": (dangles, "leads nowhere"),
    "pickled": (pickled, "pickled"),
    "a pickle called safetensors": (disguised, "no safetensors file"),
    "a pickle beside the weights": (beside, "pickled"),
    "weights led out of the folder": (led_out, "link out of the folder"),
    "a pipe": (has_pipe, "no regular file"),
    "an adapter alone": (has_adapter_only, "adapter without its base"),
    "cut weights": (is_cut, "no safetensors file"),
    "auto_map": (lambda m: set_config(m, auto_map={"AutoModel": "modeling.X"}), "code of its own"),
    "auto_map of the tokenizer": (
        lambda m: set_config(m, "tokenizer_config.json", auto_map={"AutoTokenizer": ["tok.T", None]}),
        "code of its own",
    ),
    "auto_map deep inside": (
        lambda m: set_config(m, text_config={"auto_map": {"A": "b.C"}}),
        "code of its own",
    ),
    "no architecture": (lambda m: set_config(m, architectures=[]), "names no architecture"),
    "no config": (lambda m: (m / "config.json").unlink(), "no config.json"),
    "a config that is no JSON": (lambda m: (m / "config.json").write_text("{"), "no JSON"),
    "no tokenizer": (lambda m: (m / "tokenizer.json").unlink(), "no tokenizer"),
    "a file": (lambda m: (m.rename(m.with_name("x")), m.write_text("")), "no folder"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_not_fit_is_refused_with_its_reason(model: Path, kind: str) -> None:
    make, reason = UNFIT[kind]
    make(model)
    with pytest.raises(Refused, match=reason):
        vet(model)


def test_what_a_trainer_leaves_beside_the_weights_is_left_out(model: Path) -> None:
    (model / "training_args.bin").write_bytes(pickle.dumps(Code()))
    (model / "optimizer.pt").write_bytes(b"")
    (model / "README.md").write_text("hello")
    (model / "modeling_x.py").write_text("import os")
    (model / "checkpoint-10").mkdir()
    vetted = vet(model)
    assert vetted.names == ("config.json", "model.safetensors", "tokenizer.json")
    assert set(vetted.left_out) == {
        "training_args.bin", "optimizer.pt", "README.md", "modeling_x.py", "checkpoint-10",
    }  # fmt: skip


def test_a_link_within_what_the_run_left_is_followed(model: Path) -> None:
    model.rename(model.with_name("checkpoint-best"))
    model.symlink_to("checkpoint-best")
    assert "model.safetensors" in vet(model).names


def test_a_refusal_is_kept_as_an_attempt(tmp_path: Path) -> None:
    world = World(tmp_path)
    pickled(world.runs / "one" / "final_model")
    code, said, _ = world.score()
    assert (code, said["status"], said["value"]) == (1, "refused", None)
    [attempt] = world.attempts()
    assert attempt.status is ScoreStatus.REFUSED
    assert "pickled" in attempt.reason
    assert not Path("/tmp/ptb-pickle-ran").exists()
