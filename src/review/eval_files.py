"""Which files of a run are the benchmark's evaluation data, by name.

A file counts when its path matches the catalog's patterns, it is a data file, and the run did not write it itself
(an agent's own ``healthbench_train.jsonl`` is no eval file), unless it was downloaded into a package's or the hub's
cache.
"""

import re

from review.detector import RunView
from review.flows import writers
from store.catalog.reader import load_catalog
from store.errors import BadInput

_DATA = r"\.(jsonl?|csv|tsv|parquet|arrow|txt)(\.gz|\.zst)?$"
_CACHES = re.compile(r"/\.cache/|/(site|dist)-packages/|/datasets--|/huggingface/")


def eval_pattern(benchmark: str) -> str | None:
    """A regular expression for paths of the benchmark's data; None for a benchmark that is not known."""
    catalog = load_catalog()
    try:
        patterns = catalog.benchmark(benchmark).file_patterns
    except BadInput:
        return None
    return f"(?i)({'|'.join(patterns)}).*{_DATA}"


def eval_files(run: RunView, pattern: str) -> list[str]:
    """Paths of eval files that the run knows of; the name of the run's own folder names no benchmark."""
    root = (run.manifest.facts.root or "").rstrip("/") + "/"
    named = [text for text in run.texts(pattern) if re.search(pattern, text.removeprefix(root))]
    written = {write.path for write in writers(run, named)}
    return sorted(path for path in named if path not in written or _CACHES.search(path))
