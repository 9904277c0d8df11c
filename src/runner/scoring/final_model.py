"""The model that an agent left: found, and refused where loading it could run code or read what is not the model's.

An agent made this folder, perhaps for its grader. Nothing in it is loaded here; names, links, JSON and the headers of
safetensors are looked at.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.scoring.refused import Refused
from runner.weights.model_folder import Links, ModelFolder
from runner.weights.safetensors import Weights
from store.errors import BadInput

FINAL_MODEL = "final_model"

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz")
_LEFTOVERS = ("training_args", "optimizer", "scheduler", "rng_state", "scaler", "trainer_state")
"""Beginnings of what a trainer leaves beside the weights; no loader of models reads it, and it is not copied."""
_LOADED = (".safetensors", ".json", ".txt", ".model", ".jinja")
"""What a loader of models and tokenizers reads, none of which can hold code."""
_TOKENIZERS = (("tokenizer.json",), ("tokenizer.model",), ("vocab.json", "merges.txt"))
_MOST_ENTRIES = 10_000
_DEEPEST_JSON = 64


@dataclass(frozen=True, slots=True)
class Vetted:
    """A model that may be evaluated."""

    folder: ModelFolder
    names: tuple[str, ...]
    """The files to evaluate, sorted; the rest of the folder is left out."""
    size: int
    """Bytes of these."""
    left_out: tuple[str, ...]
    """Files that no loader reads."""


def vet(path: Path) -> Vetted:
    """Look at the model in ``path``; raises :class:`Refused` with the reason."""
    _check_place(path)
    folder = ModelFolder(path, Links.INSIDE)
    try:
        names, left_out = _sorted_out(path)
        with Weights(folder):
            pass
        for name in names:
            if name.endswith(".json"):
                _check_json(path / name, folder.json(name))
        _check_config(folder)
        if not any(all(part in names for part in parts) for parts in _TOKENIZERS):
            raise Refused(f"{path} cannot be loaded: it has no tokenizer")
        return Vetted(folder, names, sum(_size(folder, name) for name in names), left_out)
    except BadInput as error:
        raise Refused(str(error)) from error


def _check_place(path: Path) -> None:
    if not os.path.lexists(path):
        raise Refused(f"there is no {path}: the run left no model, or elsewhere: see --model")
    if path.is_symlink():
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise Refused(f"{path} is a symbolic link that leads nowhere") from error
        if not real.is_relative_to(path.parent.resolve()):
            raise Refused(f"{path} is a symbolic link to elsewhere: {real} is not what the run left")
    if not path.is_dir():
        raise Refused(f"{path} is no folder")


def _sorted_out(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files to evaluate, and those that are left out."""
    names, left_out = [], []
    for entry in _entries(path):
        mode = entry.stat(follow_symlinks=True).st_mode if not _dangles(entry) else 0
        if entry.name.startswith(".") or stat.S_ISDIR(mode):
            left_out.append(entry.name)
        elif not stat.S_ISREG(mode):
            raise Refused(f"{entry.path} is no regular file")
        elif entry.name.lower().endswith(_PICKLES) and not entry.name.startswith(_LEFTOVERS):
            raise Refused(
                f"{entry.path} is pickled: reading it can run code, and a loader could take it for the weights;"
                " only safetensors are evaluated"
            )
        elif entry.name.endswith(_LOADED):
            names.append(entry.name)
        else:
            left_out.append(entry.name)
    return tuple(sorted(names)), tuple(sorted(left_out))


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            if number == _MOST_ENTRIES:
                raise Refused(f"{path} has more than {_MOST_ENTRIES} entries, which no model has")
            yield entry


def _dangles(entry: os.DirEntry[str]) -> bool:
    try:
        entry.stat(follow_symlinks=True)
    except OSError:
        return True
    return False


def _check_json(path: Path, value: object) -> None:
    """Refuse what would make a loader import code of the model's own."""
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > _DEEPEST_JSON:
            raise Refused(f"{path} is nested deeper than {_DEEPEST_JSON} levels")
        if isinstance(part, dict):
            for key in ("auto_map", "custom_pipelines", "custom_generate"):
                if part.get(key):
                    raise Refused(f"{path} has {key}: loading the model would run code of its own")
            waiting += [(inner, depth + 1) for inner in part.values() if isinstance(inner, (dict, list))]
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part if isinstance(inner, (dict, list))]


def _check_config(folder: ModelFolder) -> None:
    config = folder.json("config.json")
    if not isinstance(config, dict):
        raise Refused(f"{folder.path} cannot be loaded: it has no config.json that is a JSON object")
    named = config.get("architectures")
    if not (isinstance(named, list) and named and all(isinstance(name, str) for name in named)):
        raise Refused(f"{folder.path / 'config.json'} names no architecture")
    if not isinstance(config.get("model_type"), str):
        raise Refused(f"{folder.path / 'config.json'} has no model_type")


def _size(folder: ModelFolder, name: str) -> int:
    descriptor = folder.open(name)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
