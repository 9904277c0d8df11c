"""Comparing a model with its base and its instruct sibling, beside loading the three whole and subtracting.

Both in processes of their own, on bfloat16 of layers as a small model has them, and on a real small model where
``scripts/scoring-env.sh`` and its tests have left them (``$PTB_SCORING_ENV``, else ``.scoring-env``). The peer does less: whole
tensors of numpy, alpha alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.figures import Figures, Setting

_REPOSITORY = Path(__file__).parents[1]
_WEIGHTS = "model.safetensors"
_LAYERS = 12
_WIDTH = 2048
_INNER = 6144
_OURS = "from runner.weights import check_weights; print(check_weights(*models).report.alpha)"
_PEER = """
import json, numpy as np
def load(folder):
    raw = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    def whole(entry):
        first, last = entry["data_offsets"]
        return (np.frombuffer(raw[8 + size + first : 8 + size + last], "<u2").astype(np.uint32) << 16).view(np.float32)
    entries = json.loads(raw[8 : 8 + size])
    return {name: whole(entry) for name, entry in entries.items() if name != "__metadata__"}
x, b, i = map(load, models)
along = sum(float(np.dot(x[name] - b[name], i[name] - b[name])) for name in b)
print(along / sum(float(np.dot(i[name] - b[name], i[name] - b[name])) for name in b))
"""
_REPEATS = 3


def run(setting: Setting) -> Figures:
    """Seconds, GB/s over all three models, and the peak of resident memory."""
    folders = [setting.scratch / name for name in ("model", "base", "instruct")]
    figures = _compared("", folders, _write(folders))
    kinds = Path(os.environ.get("PTB_SCORING_ENV") or _REPOSITORY / ".scoring-env") / "models" / "kinds"
    real = [kinds / name for name in ("tuned", "base", "instruct")]
    if not all((folder / _WEIGHTS).exists() for folder in real):
        return figures | {"real_ptb_gb_s": None}
    return figures | _compared("real_", real, sum((folder / _WEIGHTS).stat().st_size for folder in real))


def _compared(prefix: str, folders: list[Path], size: int) -> Figures:
    figures: Figures = {f"{prefix}bytes": size}
    for program_name, program in (("ptb", _OURS), ("numpy_whole", _PEER)):
        name = prefix + program_name
        runs = sorted(_timed(program, folders) for _ in range(_REPEATS))
        seconds, peak, alpha = runs[len(runs) // 2]
        figures |= {
            f"{name}_s": round(seconds, 2),
            f"{name}_min_s": round(runs[0][0], 2),
            f"{name}_max_s": round(runs[-1][0], 2),
            f"{name}_gb_s": round(size / seconds / 1e9, 3),
            f"{name}_rss_mb": round(peak / 1e6, 1),
            f"{name}_alpha": round(alpha, 4),
        }
    return figures


def _timed(program: str, folders: list[Path]) -> tuple[float, int, float]:
    head = (
        "import resource, sys, time; from pathlib import Path; models = [Path(one) for one in sys.argv[1:]];"
        " start = time.perf_counter()\n"
    )
    tail = "\nprint(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"
    command = [sys.executable, "-c", head + program + tail, *map(str, folders)]
    alpha, figures = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[
        :2
    ]
    seconds, peak = figures.split()
    return float(seconds), int(peak), float(alpha)


def _write(folders: list[Path]) -> int:
    """Half a merge, its base and its sibling; returns the bytes of all three."""
    shapes = {f"layers.{n}.{k}.weight": (_WIDTH, _WIDTH) for n in range(_LAYERS) for k in "qkvo"}
    shapes |= {f"layers.{n}.{k}.weight": (_INNER, _WIDTH) for n in range(_LAYERS) for k in ("up", "gate")}
    header: dict[str, object] = {}
    end = 0
    for name, (rows, columns) in shapes.items():
        header[name] = {
            "dtype": "BF16",
            "shape": [rows, columns],
            "data_offsets": [end, end + rows * columns * 2],
        }
        end += rows * columns * 2
    text = json.dumps(header).encode()
    rng = np.random.default_rng(7)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    files = [(folder / _WEIGHTS).open("wb") for folder in folders]
    for file in files:
        file.write(len(text).to_bytes(8, "little") + text)
    for rows, columns in shapes.values():
        base = rng.standard_normal(rows * columns, np.float32) * np.float32(0.05)
        step = rng.standard_normal(rows * columns, np.float32) * np.float32(0.01)
        for file, share in zip(files, (0.5, 0, 1), strict=True):
            bits = (base + np.float32(share) * step).view(np.uint32)
            file.write(((bits + 0x8000) >> 16).astype("<u2").tobytes())
    for file in files:
        file.close()
    return 3 * end
