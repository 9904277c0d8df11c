"""What comes back of a query, as the screen has it; imports nothing heavy, so that the screen opens at once."""

from dataclasses import dataclass

LONGEST_CELL = 2000
"""Characters of a value that are kept to be shown; a file has it whole."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The event or time that a row of an answer is about."""

    run_id: str | None
    """None where the answer does not name the run."""
    seq: int | None
    ts: int | None
    """Nanoseconds, rounded down to a microsecond."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an answer."""

    cells: tuple[str | None, ...]
    """For people, at most :data:`LONGEST_CELL` characters; None is NULL. Run text: hostile."""
    moment: Moment | None
    """None for a row that is about no moment."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of an answer before its rows."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """DuckDB's names."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of an answer."""

    rows: tuple[Row, ...]
    more: bool
    """There are rows behind it."""
