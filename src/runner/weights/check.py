"""A model's folder against its base and the base's instruct sibling."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from runner.weights.answer import Coverage, Report, conclude
from runner.weights.compare import Compared, Side, comparable, compare
from runner.weights.model_folder import Links, ModelFolder
from runner.weights.safetensors import Tensor, Weights
from store.jsonio import dumps

_SHAPE = (
    *("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("intermediate_size", "vocab_size", "head_dim"),
)
"""Keys of config.json that say what the tensors mean."""


@dataclass(frozen=True, slots=True)
class WeightCheck:
    """Everything that one check found."""

    report: Report
    architecture: str
    """config.json against the base's, for people."""
    tokenizer: str
    """Whose vocabulary it has, for people."""
    bytes_read: int


def check_weights(
    model: Path,
    base: Path,
    instruct: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> WeightCheck:
    """Compare ``model`` with ``base``, and with ``instruct`` where it is at hand.

    Only safetensors are read, in pieces; links of ``model`` must stay inside it. ``progress`` is told numbers of
    tensors. Raises :class:`BadInput` for a folder that holds no weights that can be read.
    """
    folders = [ModelFolder(model, Links.INSIDE), ModelFolder(base, Links.ANYWHERE)]
    folders += [ModelFolder(instruct, Links.ANYWHERE)] if instruct else []
    with ExitStack() as stack, np.errstate(over="ignore", invalid="ignore"):
        # for matrices of a sample's size more threads only wait for each other, on a busy machine most of the time
        stack.enter_context(threadpool_limits(1, "blas"))
        weights = [stack.enter_context(Weights(folder)) for folder in folders]
        pairs = _pairs(*weights)
        every: list[Compared] = []
        for sides in pairs:
            every.append(compare(*sides))
            progress(len(every), len(pairs))
        counted = sum(_items(one) for one in weights[1].tensors.values())
        coverage = Coverage(
            len(every),
            sum(one.items for one in every) / max(counted, 1),
            len(weights[0].tensors.keys() - weights[1].tensors.keys()),
        )
        report = conclude(every, coverage, has_instruct=instruct is not None)
        return WeightCheck(
            report, _architecture(folders), _tokenizer(folders), sum(one.size for one in weights)
        )


def _pairs(
    model: Weights, base: Weights, instruct: Weights | None = None
) -> list[tuple[Side, Side, Side | None]]:
    pairs = []
    for name, tensor in sorted(model.tensors.items()):
        other = base.tensors.get(name)
        if other is None or not comparable(tensor, other):
            continue
        sibling = instruct.tensors.get(name) if instruct else None
        third = Side(instruct, sibling) if instruct and sibling and comparable(tensor, sibling) else None
        pairs.append((Side(model, tensor), Side(base, other), third))
    return pairs


def _items(tensor: Tensor) -> int:
    return tensor.rows * tensor.row_items


def _architecture(folders: list[ModelFolder]) -> str:
    configs = [folder.json("config.json") for folder in folders[:2]]
    model, base = (config if isinstance(config, dict) else None for config in configs)
    if model is None:
        return "no config.json: what would load these weights is not known"
    if "auto_map" in model:
        return "config.json has auto_map: it wants code of its own to be run"
    if base is None:
        return "the base has no config.json to compare with"
    named, expected = (_architectures(config) for config in (model, base))
    if named != expected:
        return f"config.json names {named}, the base's {expected}"
    differing = [key for key in _SHAPE if model.get(key) != base.get(key)]
    if differing:
        return f"config.json differs from the base's in {', '.join(differing)}"
    return f"{named}, as the base"


def _architectures(config: dict[str, object]) -> str:
    names = config.get("architectures")
    return ", ".join(map(str, names)) if isinstance(names, list) and names else "no architecture"


def _tokenizer(folders: list[ModelFolder]) -> str:
    hashes = [_vocabulary(folder) for folder in folders]
    if hashes[0] is None:
        return "no tokenizer.json"
    if hashes[1] is None:
        return "the base has no tokenizer.json to compare with"
    whose = [
        name for name, one in zip(("base", "instruct model"), hashes[1:], strict=False) if one == hashes[0]
    ]
    return f"the vocabulary of the {' and the '.join(whose)}" if whose else "a vocabulary of its own"


def _vocabulary(folder: ModelFolder) -> str | None:
    """A hash of the tokenizer's model: formatting and added tokens change when it is saved again."""
    tokenizer = folder.json("tokenizer.json")
    if not isinstance(tokenizer, dict):
        return None
    return hashlib.sha256(dumps(tokenizer.get("model"))).hexdigest()
