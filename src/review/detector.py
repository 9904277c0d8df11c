"""The seam that every rule fits in: look at one run, give findings, and say what was looked at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from store.findings import RuleResult
from store.manifest import Manifest

T = TypeVar("T")


class Queries(Protocol):
    """SQL over the views of one run (docs/sql.md)."""

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of one SELECT; run text in it goes through :mod:`review.sql_literals`."""
        ...


class Texts(Protocol):
    """The run's interned text: paths, argv and other words that repeat."""

    def __call__(self, pattern: str) -> list[str]:
        """Each text in which the regular expression (RE2) matches."""
        ...


class RowCount(Protocol):
    """How much was recorded, known without a query."""

    def __call__(self, view: str) -> int:
        """The rows of a view that has one for each row recorded: ``files``, ``processes``, ``transcript`` …

        Raises :class:`BadInput` for any other.
        """
        ...


class Records(Protocol):
    """The recorded file accesses as they are stored: a table ``files`` with ids for strings and times in ns.

    Looking up the accesses of a few files or processes takes a tenth of what the view of that name takes.
    """

    def ids(self, texts: Iterable[str]) -> list[int]:
        """The ids of those of the texts that the run knows."""
        ...

    def text(self, number: int) -> str:
        """The string of that id."""
        ...

    def keep(self, name: str, sql: str) -> None:
        """Make a table of what a SELECT gives, for later ones."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of one SELECT over ``files``, ``strings`` (id, value) and what was kept."""
        ...


@dataclass(frozen=True, slots=True)
class RunView:
    """What a detector sees of a run."""

    folder: Path
    manifest: Manifest
    query: Queries
    count: RowCount
    texts: Texts
    """Far cheaper than matching a column of ten million rows; most of them are paths of files."""
    records: Records
    _made: dict[Callable[["RunView"], object], object] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[["RunView"], T]) -> T:
        """What ``make`` makes of this run: made for the first rule that asks, and given to all that ask later."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("T", self._made[make])


class Detector(Protocol):
    """One rule."""

    @property
    def rule(self) -> str:
        """The rule's id, a public name."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same run may give other findings."""
        ...

    def look(self, run: RunView) -> RuleResult:
        """The findings in ``run``, without severity, and the coverage; writes nothing."""
        ...
