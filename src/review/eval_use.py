"""Where commands and scripts say that evaluation data went: the items themselves, what they chose, or counts of them."""

import fnmatch
import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from review.addressed import addressed
from review.commands.acts import Act, Acts, Leg, Trail, told_acts
from review.commands.effects import How
from review.commands.same_file import same
from review.detector import RunView
from review.eval_files import eval_pattern
from review.file_names import is_submitted
from review.hub_names import hub_pattern
from review.listed import Listed, passed_over
from review.measured_only import measures_only
from review.taken import Pieces, Taken, taken_by
from review.uses import Use, use_of
from store.catalog.entry import Benchmark
from store.catalog.reader import load_catalog

_LOGS = re.compile(
    r"(^|/)(logs?|eval_?logs?|inspect_?logs?)/[^/]*\.(jsonl?|eval|csv|txt)$|\.eval$|(^|/)metrics_samples"
)
"""Results of single samples, as an evaluation writes them."""
_RESULTS = re.compile(r"--?\w*(log|sample|output|result|prediction|save|dump)[\w-]*$")
"""Options of an evaluation that name where its results go."""
_GROUPS = re.compile(
    r"(?i)^(high[-_ ]?level[-_ ])?(categor(y|ies)|subjects?|sub_?categor(y|ies)|(sub)?domains?|themes?|topics?|clusters?|levels?|difficult\w*|"
    r"types?|source|year|language|lang|tags|axis|example_tags)$"
)
"""Fields that say of what kind an item is."""
_SENT_HERE = re.compile(
    r"(?:=|--?[\w-]+[ =])['\"]?(?:\w+://)?(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[?::1\]?)\b"
)
"""A variable or option that names this machine as the address of a service."""
_TAKES_BODY = re.compile(
    r"rfile\.read|\brequest\.(json|get_json|data|get_data|body|form|text|read|post)\b|\.recv\(|\breader\.read|def do_POST|@\w+\.(post|route)\("
)
"""How a server takes in what it is asked."""
_EVERY_SPLIT = frozenset({"*", "all"})
_ANY_FILE = re.compile(r"/\*\*?(\.\w+)*$")
"""A pattern that takes in whatever lies there, all splits of a dataset."""
_CACHES = re.compile(r"(^|/)\.cache/|/(site|dist)-packages/|(^|/)datasets--|/huggingface/")


@dataclass(frozen=True, slots=True)
class EvalUse:
    """One way from evaluation data into training, as commands tell it."""

    use: Use
    trail: Trail
    how: How
    """The weakest transfer on the way, training itself apart."""
    from_logs: bool
    """It began at results of single samples."""


class EvalNames:
    """Which names mean a benchmark's evaluation data, or results of its samples, in one run's commands."""

    def __init__(self, benchmark: Benchmark, acts: Acts) -> None:
        self._benchmark = benchmark
        self._pattern = eval_pattern(benchmark.id) or "(?!)"
        self._allowed = {one.hub_id for one in benchmark.allowed}
        self._packages = [package.package.replace("-", "_") for package in benchmark.packages]
        self._results = frozenset(name for act in acts.acts for name in _results(act))
        self._overheard = _overheard(acts)
        self._written = {name for act in acts.acts for name in act.effects.writes} - self._results
        self._listed = Listed(acts, self._pattern, [one.hub_id for one in benchmark.data])

    def is_items(self, name: str) -> bool:
        """Whether the benchmark's items lie there."""
        plain, _, split = name.partition("#")
        if any(same(plain, one) for one in self._overheard):
            return True
        if "*" in plain and self._listed.may_hold(plain):
            return True
        for one in self._benchmark.data:
            if ("--" not in plain or _ANY_FILE.search(plain)) and re.search(
                hub_pattern([one.hub_id]) or "", plain
            ):
                every = split in _EVERY_SPLIT or ("--" in plain and _ANY_FILE.search(plain) is not None)
                return every or split in one.splits if split or every else one.hub_id not in self._allowed
        if any(self._in_package(plain, package) for package in self._packages):
            return True
        own = plain in self._written and not _CACHES.search(plain)
        return not own and re.search(self._pattern, plain) is not None

    def is_taken(self, leg: Leg) -> bool:
        """Whether a program that goes over files by a pattern took in evaluation data, where the pattern names none."""
        source = leg.transfer.source
        plain, _, split = source.partition("#")
        named = "*" not in source or re.search(self._pattern, plain) is not None
        if split in _EVERY_SPLIT or _ANY_FILE.search(plain):
            effects = leg.act.effects
            named |= any(
                re.search(hub_pattern([one.hub_id]) or "(?!)", plain)
                and not passed_over(f"{name}-00000-of-00001", effects.spared, effects.chosen)
                for one in self._benchmark.data
                for name in one.splits
            )
        packed = any(self._in_package(source, package) for package in self._packages)
        return named or packed or self._listed.took(leg)

    def is_log(self, name: str) -> bool:
        """Whether results of single samples lie there, which the run did not write otherwise."""
        if any(same(name, result) for result in self._results):
            return True
        return _LOGS.search(name) is not None and not any(same(name, own) for own in self._written)

    def _in_package(self, name: str, package: str) -> bool:
        inside = re.search(r"(?:site|dist)-packages/([^/]+)/.+\.(jsonl?|csv|parquet)(\.gz)?$", name)
        return inside is not None and fnmatch.fnmatch(package, inside[1])


def _overheard(acts: Acts) -> frozenset[str]:
    """What own servers write of what they are asked, where an evaluation was sent to this machine: items are in there."""
    found: dict[str, None] = {}
    asked = False
    for act in reversed(acts.acts):
        evaluates = any(
            posixpath.basename(word) == "evaluate.py" for words in act.effects.simple for word in words
        )
        asked |= evaluates and _SENT_HERE.search(act.text) is not None
        if asked and any(_TAKES_BODY.search(code) and addressed(code).listens for code in act.effects.code):
            found |= {name: None for program in act.effects.programs for name in program.writes}
    return frozenset(found)


def _results(act: Act) -> Iterator[str]:
    """Names that an evaluation is told to leave its results under, or that its output goes to."""
    evaluations = [
        words for words in act.effects.simple if any(posixpath.basename(w) == "evaluate.py" for w in words)
    ]
    for words in evaluations:
        for option, value in itertools.pairwise(words):
            name, equals, given = option.partition("=")
            if _RESULTS.match(name) and (equals or not value.startswith("-")):
                yield given if equals else value
    if evaluations:
        fed = {transfer.target for transfer in act.effects.transfers}
        yield from (name for name in act.effects.writes if name not in fed and not is_submitted(name))


def eval_uses(run: RunView) -> tuple[EvalUse, ...]:
    """All ways from evaluation data into training that commands tell. For :meth:`RunView.once`."""
    benchmark = load_catalog().benchmarks.get((run.manifest.facts.benchmark or "").lower())
    if benchmark is None:
        return ()
    acts = run.once(told_acts)
    names = EvalNames(benchmark, acts)
    found: list[EvalUse] = []
    for how in How:
        found += _uses(acts, names, how)
    return tuple(found)


def _uses(acts: Acts, names: EvalNames, how: How) -> Iterator[EvalUse]:
    for is_source, from_logs in ((names.is_items, False), (names.is_log, True)):
        for trail in acts.trails(is_source, how, _carries, names.is_taken).values():
            weakest = max((leg.transfer.how for leg in trail if not leg.trains), default=How.VALUE)
            if _is_into_model(trail[-1]) and weakest is how:
                use = EvalUse(use_of(acts, trail), trail, how, from_logs)
                yield replace(use, how=How.COUNTS) if not from_logs and _is_of_the_whole(trail) else use


def _is_into_model(leg: Leg) -> bool:
    return leg.trains or (leg.transfer.how is How.VALUE and leg.transfer.target in leg.act.effects.models)


def _is_only_measured(leg: Leg) -> bool:
    """Whether the program that trains by this leg does nothing but measure with what it takes in."""
    if not _is_into_model(leg):
        return False
    name = posixpath.basename(leg.transfer.source.partition("#")[0])
    codes = [code for code in leg.act.effects.code if name in code]
    return bool(codes) and all(measures_only(code, leg.transfer.source) for code in codes)


def _is_of_the_whole(trail: Trail) -> bool:
    """Whether a program on the way lets nothing go on but of which kinds the items are, or their words thrown together."""
    for leg in trail:
        taken = frozenset[Taken]() if leg.trains else taken_by(leg.act.effects.code)
        if taken and all(one.pieces is Pieces.POOLED or _GROUPS.match(one.field) for one in taken):
            return True
    return False


def _carries(leg: Leg) -> bool:
    return _is_data(leg) and not _is_only_measured(leg)


def _is_data(leg: Leg) -> bool:
    """Whether rows can go that way: a program that scores a model does not train it, and a log is no data."""
    return (
        not leg.transfer.target.endswith((".log", ".png", ".md"))
        and posixpath.basename(leg.transfer.target) != "metrics.json"
    )
