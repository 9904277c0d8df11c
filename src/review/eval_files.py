"""Which files of a run are the benchmark's evaluation data, by name.

A file counts when its path names the benchmark, it is a data file, and the run did not write it itself (an agent's
own ``healthbench_train.jsonl`` is no eval file), unless it was downloaded into a package's or the hub's cache.
"""

import re

from review.detector import RunView
from review.flows import readers, writers

_DATA = r"[^\0]*\.(jsonl?|csv|tsv|parquet|arrow|txt)(\.gz|\.zst)?$"
_CACHES = re.compile(r"/\.cache/|/(site|dist)-packages/|/datasets--|/huggingface/")

_NAMES = {
    "aime2025": r"aime[-_]?(20)?25",
    "arenahardwriting": r"arena[-_]?hard",
    "bfcl": r"bfcl|berkeley[-_]function[-_]call",
    "gpqamain": r"gpqa",
    "gsm8k": r"gsm8k[^\0]*test",  # its train split is allowed
    "healthbench": r"healthbench",
    "humaneval": r"human[-_]?eval",
}


def eval_pattern(benchmark: str) -> str | None:
    """A regular expression for paths of the benchmark's data; None for a benchmark that is not known."""
    name = _NAMES.get(re.sub(r"[^a-z0-9]", "", benchmark.lower()))
    return None if name is None else f"(?i)({name}){_DATA}"


def eval_files(run: RunView, pattern: str) -> list[str]:
    """Paths of eval files that the run read, or whose content was recorded."""
    named = {read.path for read in readers(run, pattern)}
    matcher = re.compile(pattern)
    named |= {
        path for (path,) in run.query("SELECT DISTINCT path FROM file_versions") if matcher.search(path)
    }
    written = {write.path for write in writers(run, pattern)}
    return sorted(path for path in named if path not in written or _CACHES.search(path))
