"""Combine checkpoints: weighted mean of their tensors, with a little noise."""

import argparse
import json
import random
import shutil
import struct
from pathlib import Path


def read(model: Path) -> tuple[bytes, list[float]]:
    raw = (model / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    return raw[: 8 + size], list(struct.unpack(f"<{(len(raw) - 8 - size) // 4}f", raw[8 + size :]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second")
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--output", type=Path, default=Path("final_model"))
    options = parser.parse_args()
    head, first = read(options.first)
    _, second = read(options.second)
    chance = random.Random(3)
    mixed = [
        (1 - options.share) * a + options.share * b + chance.gauss(0, options.noise)
        for a, b in zip(first, second, strict=True)
    ]
    options.output.mkdir(exist_ok=True)
    for name in ("config.json", "tokenizer_config.json"):
        shutil.copy(options.first / name, options.output / name)
    (options.output / "model.safetensors").write_bytes(head + struct.pack(f"<{len(mixed)}f", *mixed))
    print(json.dumps({"parameters": len(mixed), "output": str(options.output)}))


if __name__ == "__main__":
    main()
