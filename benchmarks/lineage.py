"""Lineage over a large run: how final_model was made, and one file's way in both directions.

Each question opens the run anew in a process of its own, as ``ptb lineage`` does, so that its memory is its own.
"""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figures, Setting, spread
from benchmarks.planted import TASK

_TIMES = 3
_QUESTIONS = {
    "final_model": "from review.lineage.final_model import how_made as ask; args = (folder,)",
    "path": (
        "from review.lineage.of_path import lineage_of as ask;"
        f" args = (folder, {TASK + '/evaluation_code/data/healthbench.jsonl'!r})"
    ),
}
_PROGRAM = """
import json, resource, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
{setup}
began, worked = time.perf_counter(), time.process_time()
told = ask(*args)
seconds, cpu = time.perf_counter() - began, time.process_time() - worked
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
found = len(getattr(told, "stages", ())) or len(told.descendants)
print(json.dumps([seconds, cpu, peak, found]))
"""


def run(setting: Setting) -> Figures:
    """Seconds, CPU seconds of the best and peak memory of each question, imports apart."""
    folder = setting.big_run()
    figures: Figures = {"events": setting.events}
    for name, setup in _QUESTIONS.items():
        asked = [_ask(folder, setup) for _ in range(_TIMES)]
        figures |= spread(name, [seconds for seconds, _, _, _ in asked], "s")
        figures[f"{name}_cpu_s"] = round(min(cpu for _, cpu, _, _ in asked), 2)
        figures[f"{name}_rss_mb"] = max(peak for _, _, peak, _ in asked)
        figures[f"{name}_found"] = asked[0][3]
    return figures


def _ask(folder: Path, setup: str) -> tuple[float, float, int, int]:
    argv = [sys.executable, "-P", "-c", _PROGRAM.format(setup=setup), str(folder)]
    done = subprocess.run(argv, check=True, capture_output=True)
    seconds, cpu, peak, found = json.loads(done.stdout)
    return seconds, cpu, peak, found
