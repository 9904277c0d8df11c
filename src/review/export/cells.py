"""``contamination_METHOD.csv``, the table by which PostTrainBench's ``aggregate_final.py`` replaces scores.

One row a base model, one column a benchmark: ``C`` contaminated data, ``M`` a disallowed model, ``MC`` both, empty for
neither. Any text in a cell makes their script take the base model's score; what nobody settled is ``C:ERR``,
``M:ERR`` or both, as their own script writes for a judge without an answer
(``scripts/aggregate_contamination.py``).
"""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence

from review.export.settled import Settled, settled
from review.reviewed import Reviewed
from store.spreadsheet import text_cell
from store.verdicts import Answer


def contamination_tables(runs: Sequence[Reviewed]) -> dict[str, str]:
    """The CSV text of every method; runs without method, benchmark or base model have no cell there."""
    methods: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for run in runs:
        facts = run.manifest.facts
        if facts.method and facts.benchmark and facts.base_model:
            place = facts.base_model.rpartition("/")[2], facts.benchmark
            methods[facts.method][place] = cell(settled(run))
    return {method: _csv(cells) for method, cells in sorted(methods.items())}


def cell(answers: Settled) -> str:
    """One case's cell."""
    errors = [
        f"{letter}:ERR"
        for letter, answer in (("C", answers.data), ("M", answers.model))
        if answer not in (Answer.CLEAN, Answer.VIOLATION)
    ]
    if errors:
        return " ".join(errors)
    model = "M" if answers.model is Answer.VIOLATION else ""
    return model + ("C" if answers.data is Answer.VIOLATION else "")


def _csv(cells: dict[tuple[str, str], str]) -> str:
    models = sorted({model for model, _ in cells})
    benchmarks = sorted({benchmark for _, benchmark in cells})
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["model", *map(text_cell, benchmarks)])
    for model in models:
        table.writerow([text_cell(model), *(cells.get((model, benchmark), "") for benchmark in benchmarks)])
    return out.getvalue()
