"""Keeps what a comparison of weights found in the run that it is about: the view ``weight_checks``."""

import time
from pathlib import Path

from runner.weights.check import WeightCheck
from store.overlay import Review
from store.weight_checks import WeightCheckRecord, add_weight_check


def keep_check(folder: Path, run_id: str, check: WeightCheck) -> Path | None:
    """Write it down; where it lies, if that is not in the run because its folder is read-only."""
    now, report = time.time_ns(), check.report
    review = Review(folder, run_id)
    kept = add_weight_check(
        review,
        WeightCheckRecord(
            run_id,
            f"weights-{now}",
            now,
            report.answer,
            report.reason,
            report.alpha,
            report.cosine,
            report.identical_tensors,
            report.rank_share,
        ),
    )
    return kept if review.is_in_state_folder(kept) else None
