"""The items to look for, from a reference that is held or from an eval file that a run recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from review.references.adding import distinct_items
from review.references.item import Item, row_of
from review.references.tables import is_table, rows_of
from store.errors import BadInput

_FEWEST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Reference:
    """Items of one benchmark."""

    items: tuple[Item, ...]
    allowed: tuple[Item, ...] = ()
    """What the rules open to training, and may resemble some of the items."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.items


def reference_of_text(name: str, text: str) -> Reference:
    """The items of an eval file; empty where nothing in it is one."""
    table = name if is_table(name) else f"{name}.jsonl"
    try:
        rows = [row_of(raw) for raw in rows_of(table, text.encode("utf-8", "replace"))]
    except BadInput:
        rows = []
    items, _ = distinct_items(rows)
    return Reference(tuple(items or _lines(text)))


def _lines(text: str) -> Sequence[Item]:
    """Each line of a file without columns, where it is long enough to tell."""
    return [
        Item(f"#{number}", line)
        for number, line in enumerate(text.splitlines())
        if len(line.split()) >= _FEWEST_WORDS
    ]
