"""The corpus's invented items as references, as reviewers of published transcripts hold the benchmarks' own."""

import os
from pathlib import Path

from demo.scenarios.task import EVAL_DATA, items
from review.matching.reference import reference_of_text
from review.references.held import Header, Role, keep


def hold_references(cache: Path) -> None:
    """Keep them beside a folder of runs in ``cache``, and let this process look there instead of at the user's own."""
    os.environ["PTB_RUNS"] = str(cache / "compared-with" / "runs")
    for benchmark, data in EVAL_DATA.items():
        found = reference_of_text(data.path, items(benchmark)).items
        header = Header(benchmark, Role.EVALUATION, len(found), 0, "demo.scenarios", 0)
        keep(header, found)
    allowed = reference_of_text("train.jsonl", items("gsm8k_train")).items
    keep(Header("gsm8k", Role.ALLOWED, len(allowed), 0, "demo.scenarios", 0, split="train"), allowed)
