"""Rows that are each meant for one item that the agent was shown, in words of its own: told by what both hold.

A row names its item (the id stands in it, and something of what the item is about), or shares with one item, and with no
other that was shown, several words that are rare among them. To write about the same field makes no such pairs.
"""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from store.jsonio import loads

_WORD = re.compile(r"[^\W\d_]{5,}")
_STEM = 6
"""Letters by which two forms of a word are the same."""
_ID = re.compile(r"(?<![\w/.-])(?=[\w/.-]*\d)(?=[\w/.-]*[A-Za-z])[A-Za-z0-9][\w/.-]{3,}")
_MEASURE = re.compile(r"\d+([.,/]\d+)*(-?[a-z]+)*|[A-Z]?[a-z]+-\d+|[A-Z]{1,3}[-.]?\d{1,2}")
"""``8-year-old``, ``10am``, ``Covid-19``, ``CO2``: no ids."""
_NAME = re.compile(r"(?<![\w/.-])[A-Za-z]+(?:_[A-Za-z]+)+(?![\w/-])")
"""``has_close_elements``, ``get_wind_chill``: what code calls its functions."""
_PARTICULAR = 12
"""Characters of an id that no two data sets share by chance."""
_SHARED = 4
"""Rare words that make a pair without an id."""
_RARE = 20
"""Items that a rare word stands in, at most, however many there are."""
_BOILERPLATE = 0.3
"""Share of the rows from which on a word is how they are all worded."""
_LEAST_ITEMS = 3
_LEAST_SHARE = 0.6
"""Of the rows, that have a pair by words where no ids tell."""
_LEAST_NAMED = 0.05
"""Of the rows, that name an item."""
_LONG_LINE = 8
"""Words of a line that is an item of its own."""
_MOST = 2000
"""Rows, and items shown, that are compared."""
_COMMON = frozenset(
    """about above after again against almost along already although always among another answer answers around asked
    because become before being below between cannot change changes choose comes consistent correct could describe
    different directly during either enough every example explain explains field first following follows found given gives
    great group having hence however incorrect instead itself known large later least leave level likely little makes
    means might model money never number often option order other others people person place please point points
    possible problem question questions rather reason record records result right score second several shall should shows
    single small something statement still suggest their there therefore these thing things think third those though three
    through times together total training under until usually value values water where whether which while whose
    without within words would write wrong years""".split()  # noqa: SIM905  # prose is easier to keep so
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row and the item that it is meant for."""

    row: str
    item: str
    named: bool
    """By its id."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a text of many rows aims at."""

    pairs: tuple[Pair, ...]
    rows: int
    """All there are."""

    @property
    def items(self) -> int:
        """Different items that are aimed at."""
        return len({pair.item for pair in self.pairs})

    @property
    def named(self) -> bool:
        """Whether rows name enough items by their ids."""
        named = [pair.item for pair in self.pairs if pair.named]
        return len(set(named)) >= _LEAST_ITEMS and len(named) >= _LEAST_NAMED * self.rows

    @property
    def holds(self) -> bool:
        """Whether this is more than one field in common."""
        return self.named or (self.items > _LEAST_ITEMS and len(self.pairs) >= _LEAST_SHARE * self.rows)


def shown_items(output: str) -> list[str]:
    """The items in what a command printed: rows of JSON, paragraphs, or long lines with what belongs to them."""
    found: list[str] = []
    joins = False
    for line in output.splitlines():
        value = _json(line)
        if value is not None:
            found.append(" ".join(_texts(value)))
            joins = False
        elif not line.strip():
            joins = False
        elif joins and (line[0].isspace() or len(line.split()) < _LONG_LINE):
            found[-1] += "\n" + line
        else:
            found.append(line)
            joins = True
    return [one for one in found if len(one.split()) >= _LONG_LINE][:_MOST]


def written_rows(text: str, *, is_script: bool) -> list[str]:
    """The samples in a text that was written by hand: lines of data, or what a script holds together."""
    rows = list(_in_script(text)) if is_script else [_of_line(line) for line in text.splitlines()]
    return [row for row in rows if len(row.split()) >= _LONG_LINE // 2][:_MOST]


def aim(rows: Sequence[str], items: Sequence[str], ids_in: Callable[[str], Iterator[str]]) -> Aim:
    """Which rows are meant for which of the items; ``ids_in`` gives what in a text may name an item."""
    words = [_stems(item) for item in items]
    counts = Counter(stem for stems in words for stem in stems)
    common = Counter(stem for row in rows for stem in _stems(row))
    most = max(1, min(len(items) // 20, _RARE))
    places: dict[str, list[int]] = {}
    for place, stems in enumerate(words):
        for stem in stems:
            if counts[stem] <= most and common[stem] <= max(2, len(rows) * _BOILERPLATE):
                places.setdefault(stem, []).append(place)
    ids = _ids(items, ids_in)
    pairs = (_pair(row, items, places, {ids[one]: one for one in ids_in(row) if one in ids}) for row in rows)
    return Aim(tuple(pair for pair in pairs if pair is not None), len(rows))


def record_ids(text: str) -> Iterator[str]:
    """Words with digits and letters that measure nothing."""
    told = (one.rstrip("./-") for one in _ID.findall(text))
    return (one for one in told if not _MEASURE.fullmatch(one))


def record_ids_and_names(text: str) -> Iterator[str]:
    """Those, and long names of functions.

    For rows that were written by hand after a few items were shown: whole data sets of functions have names in common.
    """
    yield from record_ids(text)
    yield from (name for name in _NAME.findall(text) if len(name) >= _PARTICULAR)


def _pair(
    row: str, items: Sequence[str], places: Mapping[str, Sequence[int]], named: Mapping[int, str]
) -> Pair | None:
    shared = Counter(place for stem in _stems(row) for place in places.get(stem, ()))
    for place, name in named.items():
        if len(name) >= _PARTICULAR or shared[place]:
            return Pair(row, items[place], named=True)
    best = shared.most_common(2)
    if not best or best[0][1] < _SHARED or (len(best) > 1 and best[1][1] * 2 > best[0][1]):
        return None
    return Pair(row, items[best[0][0]], named=False)


def _stems(text: str) -> frozenset[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(word[:_STEM] for word in words if word not in _COMMON)


def _ids(items: Sequence[str], ids_in: Callable[[str], Iterator[str]]) -> dict[str, int]:
    """Ids that stand in one item alone, with its place."""
    found: dict[str, set[int]] = {}
    for place, item in enumerate(items):
        for one in ids_in(item):
            found.setdefault(one, set()).add(place)
    return {one: min(places) for one, places in found.items() if len(places) == 1}


def _of_line(line: str) -> str:
    value = _json(line)
    return line if value is None else " ".join(_texts(value))


def _json(line: str) -> object:
    if not line.lstrip().startswith(("{", "[")):
        return None
    try:
        return loads(line.strip().rstrip(","))
    except ValueError:
        return None


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case _:
            return


def _in_script(text: str) -> Iterable[str]:
    """What stands together in a dict, tuple or call of a Python program, or alone in a list."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [line for line in text.splitlines() if not line.lstrip().startswith(("#", "//"))]
    rows, taken = [], set[int]()
    for node in ast.walk(tree):
        parts: list[ast.expr | None] = []
        match node:
            case ast.Dict(keys=keys, values=values):
                parts = [*keys, *values]
                if len(values) > 4 and all(isinstance(one, ast.Constant) for one in values):
                    rows += [
                        " ".join(_constants([key, value])) for key, value in zip(keys, values, strict=True)
                    ]
                    taken |= {id(part) for part in parts}
                    continue
            case ast.Tuple(elts=elements) | ast.Call(args=elements):
                parts = list(elements)
            case _:
                continue
        told = _constants(parts)
        if len(told) > 1:
            rows.append(" ".join(told))
            taken |= {id(part) for part in parts}
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Set):
            rows += [text for one in node.elts if id(one) not in taken for text in _constants([one])]
    return rows


def _constants(parts: Iterable[ast.expr | None]) -> list[str]:
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
