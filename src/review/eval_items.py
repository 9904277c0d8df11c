"""The benchmark's items to compare a run with: from its own recorded eval files, from references, from what it looked at."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from review.commands.acts import Act, Acts, told_acts
from review.detector import RunView
from review.hub_names import hub_pattern
from review.matching.match import Match, Place, Tally, tally
from review.matching.matcher import Matcher
from review.matching.reference import Reference, reference_of_text
from review.packed import packed_in
from review.read_by_tools import ToolRead, read_by_tools
from review.references.adding import distinct_items
from review.references.held import load
from review.references.item import Item, Row, row_of
from review.versions import Version
from store.catalog.entry import Benchmark
from store.catalog.reader import load_catalog
from store.jsonio import loads

_FEWEST_WORDS = 12
"""In a line of output that is taken for an item."""
LOOKED_AT = "what the agent looked at"
"""Name of the items that stand in the output of commands."""


class EvalItems:
    """Items of one source, looked for in texts; each text once."""

    def __init__(self, reference: Reference) -> None:
        self._matcher = Matcher(reference)
        self._found: dict[str, tuple[Match, ...]] = {}
        self.items = len(reference.items)
        """Items there are."""
        self.comparable = self._matcher.comparable
        """Those long and particular enough to be told."""
        self.shared = self._matcher.shared
        """Those that data open to training nearly repeats."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Each item in one text: its id, question, answer and passages."""
        return tuple("\n".join((i.id, i.question, i.answer, *i.passages)) for i in self._matcher.items)

    def matches(self, text: str) -> tuple[Match, ...]:
        """The items in ``text``, and in what is packed in it."""
        found = self._found.get(text)
        if found is None:
            found = self._found[text] = (*self._matcher.find(text), *self._packed(text))
        return found

    def find_in(self, text: str) -> Tally:
        """How many items stand in ``text``, and how often."""
        return tally(self.matches(text))

    def _packed(self, text: str) -> list[Match]:
        found = []
        for one in packed_in(text):
            place = Place(one.start, one.end, text.count("\n", 0, one.start) + 1)
            found += [replace(match, place=place) for match in self._matcher.find(one.text)]
        return found


def eval_items(run: RunView, paths: Sequence[str], versions: Sequence[Version]) -> Mapping[str, EvalItems]:
    """Items by the name of where they are from: the recorded eval files; where these are not whole, more.

    ``paths`` are those of the run's eval files. Raises :class:`BadInput` for a damaged reference.
    """
    benchmark = load_catalog().benchmark(run.manifest.facts.benchmark or "")
    held = load(benchmark.id)
    allowed = (*held.allowed, *_recorded_allowed(benchmark, versions))
    sources = {
        version.path: reference_of_text(version.path, version.text).items
        for version in versions
        if version.path in paths and version.text
    }
    recorded = max(map(len, sources.values()), default=0)
    if recorded < benchmark.items:
        if len(held.evaluation) > recorded:
            sources[f"the {benchmark.id} reference"] = held.evaluation
        elif not recorded:
            sources[LOOKED_AT] = _looked_at(benchmark, run.once(told_acts), run.once(read_by_tools))
    return {name: EvalItems(Reference(items, allowed)) for name, items in sources.items() if items}


def _recorded_allowed(benchmark: Benchmark, versions: Sequence[Version]) -> list[Item]:
    """Items of recorded files that the rules open to training by name."""
    found: list[Item] = []
    for named in benchmark.allowed:
        pattern = hub_pattern([named.hub_id])
        assert pattern is not None
        splits = "|".join(map(re.escape, named.splits))
        for version in versions:
            rest = re.search(pattern, version.path)
            if version.text and rest and re.search(rf"[-_/.]({splits})", version.path[rest.start() :]):
                found += reference_of_text(version.path, version.text).items
    return found


def _looked_at(benchmark: Benchmark, acts: Acts, looks: Sequence[ToolRead]) -> tuple[Item, ...]:
    """Rows of eval files in the output of commands and tools that read them."""
    pattern = re.compile(f"(?i)({'|'.join(benchmark.file_patterns)})")
    rows: list[Row] = []
    lines: dict[str, Item] = {}
    for act in acts.acts:
        read = [bool(pattern.search(name)) for name in act.effects.reads]
        if not any(read):
            continue
        told = [row_of(value) for line in act.output.splitlines() if (value := _row(line)) is not None]
        rows += told
        if not told and all(read):
            for line in _texts(act):
                lines.setdefault(line, Item(f"#{len(lines)}", line))
    for look in looks:
        if pattern.search(look.path):
            rows += [row_of(value) for line in look.output.splitlines() if (value := _row(line)) is not None]
    return (*distinct_items(rows)[0], *lines.values())


def _row(line: str) -> dict[object, object] | None:
    """The row that a line of output is, as JSON or as Python shows a dictionary."""
    for read in (loads, ast.literal_eval):
        try:
            value = read(line.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _texts(act: Act) -> Iterator[str]:
    """Lines of what a command printed that are long enough to be an item, and none of its own words."""
    for line in act.output.splitlines():
        if len(line.split()) >= _FEWEST_WORDS and line.strip() not in act.text:
            yield line.strip()
