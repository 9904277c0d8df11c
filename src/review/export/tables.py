"""Every case before and after review: what the benchmark's judges said, what people decided, and what the score becomes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from review.export.cells import cell
from review.export.settled import before, settled
from review.reviewed import Reviewed
from store.catalog.reader import Catalog
from store.spreadsheet import text_cell


@dataclass(frozen=True, slots=True)
class Change:
    """One case; scores are fractions."""

    run_id: str
    method: str
    benchmark: str
    base_model: str
    reported: float | None
    judged: str
    """The cell by the benchmark's own judges: ``C``, ``M``, ``MC``, empty for clean, ``…:ERR`` for no answer."""
    decided: str
    """Likewise, by people where they decided."""
    by: str
    score_before: float | None
    """What counts with the judges' cell; None where the base model's score is not in the catalog."""
    score_after: float | None
    """What counts with the decision; None while it is open or unknown."""

    @property
    def changed(self) -> bool:
        """Whether the review made a difference."""
        return self.judged != self.decided or self.score_before != self.score_after


_COLUMNS = (
    "run_id",
    "method",
    "benchmark",
    "base_model",
    "reported",
    "judged",
    "decided",
    "by",
    "score_before",
    "score_after",
)


def changes(runs: Sequence[Reviewed], catalog: Catalog) -> list[Change]:
    """One a run, by method, benchmark and base model."""
    return sorted(
        (_change(run, catalog) for run in runs),
        key=lambda one: (one.method, one.benchmark, one.base_model, one.run_id),
    )


def _change(run: Reviewed, catalog: Catalog) -> Change:
    facts, judged, decided = run.manifest.facts, before(run), settled(run)
    base = catalog.base_score(facts.benchmark or "", facts.base_model or "")
    falls = decided.falls
    return Change(
        run_id=run.manifest.run_id,
        method=facts.method or "",
        benchmark=facts.benchmark or "",
        base_model=facts.base_model or "",
        reported=facts.reported_score,
        judged=cell(judged),
        decided=cell(decided),
        by=f"{decided.by}: {', '.join(decided.names)}" if decided.names else decided.by.value,
        score_before=base if cell(judged) or facts.reported_score is None else facts.reported_score,
        score_after=None if falls is None else base if falls or run.score is None else run.score,
    )


def as_csv(rows: Sequence[Change]) -> str:
    """All cases as CSV."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for row in rows:
        values = (getattr(row, name) for name in _COLUMNS)
        table.writerow([text_cell(value) if isinstance(value, str) else value for value in values])
    return out.getvalue()
