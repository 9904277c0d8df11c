"""Small models as safetensors, of every kind that an agent may hand in."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
State = dict[str, Floats]

HIDDEN, INNER, LAYERS, WORDS = 128, 256, 3, 600


def write_safetensors(path: Path, state: Mapping[str, Floats], kind: str = "BF16") -> None:
    """One file, numbers rounded to ``kind``."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    blocks: list[bytes] = []
    end = 0
    for name, values in state.items():
        blocks.append(encode(values, kind))
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [end, end + len(blocks[-1])]}
        end += len(blocks[-1])
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blocks))


def encode(values: Floats, kind: str) -> bytes:
    match kind:
        case "BF16":
            bits = values.astype(np.float32).view(np.uint32)
            return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
        case "F16":
            return values.astype("<f2").tobytes()
        case "F64":
            return values.astype("<f8").tobytes()
        case _:
            return values.astype("<f4").tobytes()


def initial(seed: int) -> State:
    """Weights as drawn before any training."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> Floats:
        return rng.normal(0, 0.05, shape).astype(np.float32)

    state = {"model.embed_tokens.weight": drawn(WORDS, HIDDEN)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        for name in ("q", "k", "v", "o"):
            state[f"{at}.self_attn.{name}_proj.weight"] = drawn(HIDDEN, HIDDEN)
        state[f"{at}.mlp.up_proj.weight"] = drawn(INNER, HIDDEN)
        state[f"{at}.mlp.down_proj.weight"] = drawn(HIDDEN, INNER)
        state[f"{at}.input_layernorm.weight"] = 1 + drawn(HIDDEN)
    return state


def tuned(state: State, seed: int, size: float = 0.004) -> State:
    """Every matrix moved the way gradients move it: many directions, of falling strength."""
    rng = np.random.default_rng(seed)

    def change(values: Floats) -> Floats:
        if values.ndim == 1:
            return rng.normal(0, size, values.shape).astype(np.float32)
        left, _ = np.linalg.qr(rng.normal(size=(values.shape[0], values.shape[0])))
        right, _ = np.linalg.qr(rng.normal(size=(values.shape[1], values.shape[1])))
        strength = np.arange(1, min(values.shape) + 1) ** -0.5
        moved = left[:, : strength.size] * strength @ right[: strength.size]
        scaled: Floats = (moved * (size / moved.std())).astype(np.float32)
        return scaled

    return {name: values + change(values) for name, values in state.items()}


def with_lora(state: State, seed: int, rank: int = 8, size: float = 0.004) -> State:
    """Adapters of attention and MLP merged; embeddings and norms as they were."""
    rng = np.random.default_rng(seed)
    merged = dict(state)
    for name, values in state.items():
        if "_proj" in name:
            change = rng.normal(size=(values.shape[0], rank)) @ rng.normal(size=(rank, values.shape[1]))
            merged[name] = values + (change * (size / change.std())).astype(np.float32)
    return merged


def mixed(base: State, other: State, share: float) -> State:
    return {name: values + share * (other[name] - values) for name, values in base.items()}


def noisy(state: State, seed: int, size: float = 0.002) -> State:
    rng = np.random.default_rng(seed)
    return {k: v + rng.normal(0, size, v.shape).astype(np.float32) for k, v in state.items()}


BASE = tuned(initial(1), 2, 0.03)
INSTRUCT = tuned(BASE, 3, 0.01)
KINDS: Mapping[str, Callable[[], State]] = {
    "base": lambda: BASE,
    "instruct": lambda: INSTRUCT,
    "tuned": lambda: tuned(BASE, 4),
    "lora": lambda: with_lora(BASE, 5),
    "merge": lambda: mixed(BASE, INSTRUCT, 0.5),
    "noise": lambda: noisy(INSTRUCT, 6),
    "instruct-tuned": lambda: tuned(INSTRUCT, 7),
    "other": lambda: initial(8),
}


def write_model(
    folder: Path, state: State, kind: str = "BF16", architecture: str = "LlamaForCausalLM"
) -> Path:
    """A model's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", state, kind)
    config = {"architectures": [architecture], "model_type": "llama", "hidden_size": HIDDEN}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0}}}))
    return folder
