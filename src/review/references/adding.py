"""Takes evaluation data in: finds the rows, makes items of them, tells what is closed from what is allowed."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from review.references.held import Header, Role, keep
from review.references.item import Item, Row, row_of
from review.references.places import DataFile, find
from review.references.tables import rows_of
from store.catalog.entry import Benchmark
from store.catalog.reader import load_catalog
from store.errors import BadInput


def add(benchmark: str, name: str, *, split: str | None = None, revision: str | None = None) -> list[Header]:
    """Keep the data at ``name`` (a path or an installed package) as references of ``benchmark``, one a split.

    ``split`` and ``revision`` say what the data does not say itself. Raises :class:`BadInput` for an unknown
    benchmark, data that cannot be read, and a split that is neither evaluated nor allowed.
    """
    entry = load_catalog().benchmark(benchmark)
    place = find(entry, name)
    by_split: dict[str | None, list[Row]] = defaultdict(list)
    for file in place.files:
        for row in _rows(file):
            by_split[split or row.split or file.split].append(row)
    references = []
    for own_split, rows in by_split.items():
        items, skipped = distinct_items(rows)
        if items:
            header = Header(
                benchmark=entry.id,
                role=role_of(entry, own_split),
                items=len(items),
                skipped=skipped,
                source=place.source,
                added_at=time.time_ns(),
                split=own_split,
                revision=revision or place.revision,
            )
            references.append((header, items))
    if not references:
        raise BadInput(
            f"{name} has no column with questions: one of question, prompt, problem, instruction, text"
        )
    for header, items in references:
        keep(header, items)
    return [header for header, _ in references]


def role_of(benchmark: Benchmark, split: str | None) -> Role:
    """What the catalog says of a split of the benchmark's data; one that is not named is evaluated."""
    evaluated = {name for data in benchmark.data for name in data.splits}
    if split is None or split in evaluated:
        return Role.EVALUATION
    ids = {data.hub_id for data in benchmark.data}
    if any(split in named.splits for named in benchmark.allowed if named.hub_id in ids):
        return Role.ALLOWED
    raise BadInput(
        f"split {split!r} is no evaluation data of {benchmark.id}: "
        f"give --split {' or '.join(sorted(evaluated))} if it is"
    )


def distinct_items(rows: Sequence[Row]) -> tuple[list[Item], int]:
    """The items of these rows and the number of rows that add nothing.

    Ids are made unique, a repeated question counts once, and a row without a question gives its answer to the
    question of the same id, as packages keep the two in files of their own.
    """
    items: dict[str, Item] = {}
    questions: set[str] = set()
    answers: list[Row] = []
    skipped = 0
    for number, row in enumerate(rows):
        if not row.question:
            answers.append(row)
        elif row.question in questions:
            skipped += 1
        else:
            questions.add(row.question)
            name = row.id or f"#{number}"
            while name in items:
                name += "'"
            items[name] = Item(name, row.question, row.answer, row.passages)
    for row in answers:
        known = items.get(row.id or "")
        if known and row.answer and not known.answer:
            items[known.id] = replace(known, answer=row.answer)
        else:
            skipped += 1
    return list(items.values()), skipped


def _rows(file: DataFile) -> Iterable[Row]:
    return (row_of(raw) for raw in rows_of(file.name, file.data))
