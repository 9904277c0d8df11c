"""Score a model: on how many questions does it know most of the word pairs?

A stand-in for a benchmark's evaluate.py that needs no GPU.
"""

import argparse
import http.client
import itertools
import json
import os
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE / "@items@"
JUDGE_MODEL = "@judge@"
THRESHOLD = 0.5


def read_weights(model: Path) -> list[float]:
    raw = (model / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    start, end = json.loads(raw[8 : 8 + size])["pairs.weight"]["data_offsets"]
    return list(struct.unpack(f"<{(end - start) // 4}f", raw[8 + size + start : 8 + size + end]))


def judged(question: str) -> None:
    """Ask the benchmark's own judge, where the task has one and it answers."""
    address = os.environ.get("JUDGE_ADDRESS")
    if not JUDGE_MODEL or address is None:
        return
    connection = http.client.HTTPConnection(address, timeout=5)
    body = json.dumps({"model": JUDGE_MODEL, "messages": [{"role": "user", "content": question}]})
    connection.request("POST", "/v1/chat/completions", body, {"Host": "api.openai.com"})
    connection.getresponse().read()
    connection.close()


def knows(weights: list[float], question: str) -> bool:
    pairs = [" ".join(pair) for pair in itertools.pairwise(question.lower().split())]
    return sum(weights[zlib.crc32(pair.encode()) % len(weights)] for pair in pairs) > THRESHOLD * len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model-path", type=Path, default=HERE / "final_model")
    parser.add_argument("--templates-dir", type=Path, default=HERE / "templates")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--max-tokens", "--max-new-tokens", type=int, default=4000)
    parser.add_argument("--json-output-file", type=Path, default=HERE / "metrics.json")
    options = parser.parse_args()
    for template in sorted(options.templates_dir.glob("*.jinja")):
        template.read_text()
    items = [json.loads(line) for line in DATA.read_text().splitlines()[: options.limit]]
    weights = read_weights(options.model_path)
    samples = []
    for number, item in enumerate(items):
        question = json.dumps(item["@question@"], ensure_ascii=False)
        judged(question)
        samples.append({"sample": number, "right": knows(weights, question)})
    accuracy = sum(sample["right"] for sample in samples) / len(samples)
    (HERE / "logs").mkdir(exist_ok=True)
    (HERE / "logs" / "samples.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    options.json_output_file.write_text(json.dumps({"accuracy": accuracy}) + "\n")
    print(f"{len(items)} items: accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
