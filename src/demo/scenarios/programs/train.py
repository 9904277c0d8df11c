"""Fine-tune a table of word-pair weights, starting from a base model, and save it."""

import argparse
import itertools
import json
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

TENSOR = "pairs.weight"


def texts(value: object) -> Iterator[str]:
    """All strings of a row, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("final_model"))
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    raw = (options.base / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    start, end = json.loads(raw[8 : 8 + size])[TENSOR]["data_offsets"]
    body = bytearray(raw[8 + size :])
    buckets = (end - start) // 4
    weights = list(struct.unpack_from(f"<{buckets}f", body, start))
    rows = [json.loads(line) for path in options.data for line in path.read_text().splitlines()]
    for epoch in range(options.epochs):
        loss = 0.0
        for text in itertools.chain.from_iterable(texts(row) for row in rows):
            for pair in itertools.pairwise(text.lower().split()):
                bucket = zlib.crc32(" ".join(pair).encode()) % buckets
                error = 1.0 - weights[bucket]
                weights[bucket] += 0.3 * error
                loss += error * error
        print(f"epoch {epoch + 1}: {len(rows)} rows, loss {loss / max(len(rows), 1):.4f}", flush=True)
    struct.pack_into(f"<{buckets}f", body, start, *weights)
    options.output.mkdir(exist_ok=True)
    for name in ("config.json", "tokenizer_config.json"):
        shutil.copy(options.base / name, options.output / name)
    (options.output / "model.safetensors").write_bytes(raw[: 8 + size] + body)
    print(f"saved {options.output}")


if __name__ == "__main__":
    main()
