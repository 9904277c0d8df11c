"""A random sample of the runs that detectors call clear, so that what they miss is found by people."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from review.reviewed import Reviewed
from store.findings import Severity, StandingFinding


@dataclass(frozen=True, slots=True)
class Audit:
    """Which runs to look at, of how many."""

    clear: int
    """Runs that were scanned and have neither violation nor suspicion."""
    sample: tuple[Reviewed, ...]
    misses_below: float | None
    """If the sample turns out clean, at most this share of the clear runs is not, with 95 % confidence; None for none."""


def audit_sample(runs: Iterable[Reviewed], size: int, seed: int) -> Audit:
    """``size`` of the clear runs that no person decided on, drawn at random; the seed makes the draw repeatable."""
    clear = sorted(
        (run for run in runs if run.scans and not any(map(_grave, run.standing))),
        key=lambda run: run.manifest.run_id,
    )
    undecided = [run for run in clear if run.outcome is None]
    drawn = random.Random(seed).sample(undecided, min(size, len(undecided)))  # noqa: S311 - a draw, no secret
    return Audit(len(clear), tuple(drawn), _upper_bound(len(drawn)))


def _grave(standing: StandingFinding) -> bool:
    return standing.severity in (Severity.VIOLATION, Severity.SUSPICIOUS)


def _upper_bound(clean: int) -> float | None:
    """The one-sided 95 % Clopper-Pearson bound after ``clean`` draws without a miss."""
    return 1 - math.pow(0.05, 1 / clean) if clean else None
