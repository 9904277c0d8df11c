"""Two runs, part by part: each part is given out as soon as both runs answered it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from review.compare.part import Compared, Part, compare
from review.compare.sides import PARTS, Side
from review.reviewed import read_reviewed
from review.run_view import open_run_view


def compare_runs(first: Path, second: Path, *, reader: str | None = None) -> Iterator[Compared]:
    """The parts of the comparison of the runs in two folders.

    ``reader``: who looks; verdicts of others are kept from one who is to decide blind. Raises :class:`PtbError` when
    a folder is no readable run.
    """
    with ExitStack() as stack:
        sides = []
        for folder in (first, second):
            run = stack.enter_context(open_run_view(folder))
            sides.append(Side(run, read_reviewed(folder, run.manifest, reader=reader)))
        for title, ask in PARTS:
            parts: list[Part] = [ask(side) for side in sides]
            yield compare(title, parts[0], parts[1])
