"""What is said of one run in a comparison, and how two of them are laid side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | None
"""None: not observed."""


class Unit(StrEnum):
    """What a figure counts."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    """A fraction; scores too."""
    PERCENT = "percent"
    SECONDS = "seconds"
    HOURS = "hours"
    BYTES = "bytes"
    MEGABYTES = "megabytes"
    WATTS = "watts"
    DOLLARS = "dollars"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is known of a run."""

    name: str
    value: Value
    unit: Unit = Unit.TEXT
    seq: int | None = None
    """The event that tells it best."""
    absent: str = "not observed"
    """What it is where there is no value."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that a run did."""

    kind: str
    """command, package, data, hub, host, finding."""
    what: str
    """In a form in which the same deed of another run has the same words. Run text: hostile."""
    seq: int | None
    """The first event that shows it."""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a part of a comparison."""

    figures: tuple[Figure, ...] = ()
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of both runs; None where a run has no such figure."""

    name: str
    unit: Unit
    first: Figure | None
    second: Figure | None

    @property
    def differs(self) -> bool:
        """Whether the values are not the same."""
        return _value(self.first) != _value(self.second)


@dataclass(frozen=True, slots=True)
class Compared:
    """One part of a comparison."""

    title: str
    pairs: tuple[Pair, ...]
    only_first: tuple[Deed, ...]
    only_second: tuple[Deed, ...]
    both: int
    """Deeds that both did."""


def compare(title: str, first: Part, second: Part) -> Compared:
    """Both sides of a part; figures in the order of the first, then what only the second has."""
    names = list(dict.fromkeys(figure.name for figure in (*first.figures, *second.figures)))
    here, there = _by_name(first.figures), _by_name(second.figures)
    pairs = []
    for name in names:
        known = here.get(name) or there[name]
        pairs.append(Pair(name, known.unit, here.get(name), there.get(name)))
    done_here = {(deed.kind, deed.what) for deed in first.deeds}
    done_there = {(deed.kind, deed.what) for deed in second.deeds}
    return Compared(
        title,
        tuple(pairs),
        _without(first.deeds, done_there),
        _without(second.deeds, done_here),
        len(done_here & done_there),
    )


def gather(deeds: Iterable[Deed]) -> tuple[Deed, ...]:
    """Each deed once, at its first event, with how often it was done; in the order of the events."""
    found: dict[tuple[str, str], Deed] = {}
    for deed in deeds:
        key = deed.kind, deed.what
        known = found.get(key)
        seq = min((seq for seq in (deed.seq, known.seq if known else None) if seq is not None), default=None)
        found[key] = Deed(deed.kind, deed.what, seq, deed.times + (known.times if known else 0))
    return tuple(sorted(found.values(), key=lambda deed: (deed.seq is None, deed.seq or 0)))


def _by_name(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def _value(figure: Figure | None) -> Value:
    return None if figure is None else figure.value


def _without(deeds: Sequence[Deed], others: set[tuple[str, str]]) -> tuple[Deed, ...]:
    return tuple(deed for deed in deeds if (deed.kind, deed.what) not in others)
