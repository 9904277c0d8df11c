"""Score ``final_model``: on how many questions does it find the rubric's answer likelier than a scrambled one?

A stand-in for a benchmark's evaluate.py that needs no GPU: the model is a table of hashed word-pair weights.
"""

import argparse
import itertools
import json
import math
import random
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
BUCKETS = 4096


def read_weights(model: Path) -> list[float]:
    """The one tensor of ``model.safetensors``."""
    raw = (model / "model.safetensors").read_bytes()
    (header_size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + header_size])
    start, end = header["pairs.weight"]["data_offsets"]
    body = raw[8 + header_size :]
    return list(struct.unpack(f"<{BUCKETS}f", body[start:end]))


def likelihood(weights: list[float], words: list[str]) -> float:
    """Mean weight of the word pairs of a text."""
    pairs = list(itertools.pairwise(words))
    return sum(weights[zlib.crc32(" ".join(pair).encode()) % BUCKETS] for pair in pairs) / max(len(pairs), 1)


def main() -> None:
    """Print and store the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model-path", type=Path, default=HERE / "final_model")
    parser.add_argument("--json-output-file", type=Path, default=HERE / "metrics.json")
    parser.add_argument("--limit", type=int, default=None)
    options = parser.parse_args()
    lines = (
        (HERE / "evaluation_code" / "data" / "healthbench.jsonl").read_text().splitlines()[: options.limit]
    )
    items = [json.loads(line) for line in lines]
    if not options.model_path.exists():
        print(f"{len(items)} items; no {options.model_path.name} yet: accuracy 0.000")
        return
    weights = read_weights(options.model_path)
    chance = random.Random(0)
    right = 0
    for item in items:
        words = item["prompt"][0]["content"].lower().split()
        scrambled = chance.sample(words, len(words))
        right += likelihood(weights, words) > likelihood(weights, scrambled) + 1e-6
    accuracy = right / len(items)
    stderr = math.sqrt(accuracy * (1 - accuracy) / len(items))
    options.json_output_file.write_text(json.dumps({"accuracy": accuracy, "stderr": stderr}) + "\n")
    print(f"{len(items)} items: accuracy {accuracy:.3f} ± {stderr:.3f}")


if __name__ == "__main__":
    main()
