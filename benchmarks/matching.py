"""HumanEval's items in six disguises among 5,000 unrelated functions: what is found, what is accused wrongly, how fast."""

import re
import time
from collections.abc import Callable, Collection, Iterable

from benchmarks.disguises import DISGUISES, human_eval, unrelated_functions
from benchmarks.figures import Figures, Setting
from review.matching.matcher import Matcher
from review.matching.reference import Reference
from review.matching.trees import trees_of
from review.references.adding import distinct_items
from review.references.item import Item, row_of
from review.references.tables import rows_of

_FUNCTIONS = 5_000
_PEER_GRAM, _PEER_NODES = 13, 18
Find = Callable[[str], Collection[str]]
"""Ids of the items in a text."""


def run(setting: Setting) -> Figures:
    """Recall by disguise and false positives of ptb and two peers; MB/s, syntax trees apart."""
    del setting  # the size is given by the table that this is compared with
    path = human_eval()
    if path is None:
        return {"skipped": "the package human-eval is not installed"}
    rows = [row_of(raw) for raw in rows_of(path.name, path.read_bytes())]
    items, _ = distinct_items(rows)
    unrelated = list(unrelated_functions(_FUNCTIONS))
    matcher = Matcher(Reference(tuple(items)))
    figures: Figures = {"items": len(items), "functions": len(unrelated)}
    figures |= _quality("ptb", lambda text: {match.item for match in matcher.find(text)}, items, unrelated)
    figures |= _quality("peer_13_gram", _grams_of_items(items), items, unrelated)
    figures |= _quality("peer_tree", _trees_of_items(items), items, unrelated)
    return figures | _speed(matcher, unrelated)


def _quality(name: str, find: Find, items: Iterable[Item], unrelated: Iterable[str]) -> Figures:
    items = list(items)
    figures: Figures = {}
    for disguise, wrap in DISGUISES.items():
        found = sum(item.id in find(wrap(item)) for item in items)
        figures[f"{name}_{disguise}_recall"] = round(found / len(items), 3)
    return figures | {f"{name}_false_positives": sum(bool(find(function)) for function in unrelated)}


def _speed(matcher: Matcher, unrelated: list[str]) -> Figures:
    code = "\n\n".join(unrelated).encode()
    prose = re.sub(rb"\bdef |return ", b" ", code)
    prefilter, whole, words = (
        _cpu_seconds(work)
        for work in (lambda: matcher.prefilter(code), lambda: matcher.find(code), lambda: matcher.find(prose))
    )
    sizes = len(code) / 1e6
    return {
        "text_mb": round(sizes, 2),
        "prose_mb_per_s": round(sizes / words, 1),
        "prefilter_mb_per_s": round(sizes / prefilter, 1),
        "candidates": matcher.prefilter(code),
        "trees_s": round(max(whole - prefilter, 0.0), 3),
        "all_mb_per_s": round(sizes / whole, 1),
    }


def _cpu_seconds(work: Callable[[], object], times: int = 5) -> float:
    """Of one core, at best: the machine may have other work."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def _grams_of_items(items: Iterable[Item]) -> Find:
    """A plain peer: any 13 words in a row, on the text as it is."""
    owners = {gram: item.id for item in items for gram in _grams(item.question + item.answer)}
    return lambda text: {owners[gram] for gram in _grams(text) if gram in owners}


def _grams(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return [tuple(words[at : at + _PEER_GRAM]) for at in range(len(words) - _PEER_GRAM + 1)]


def _trees_of_items(items: Iterable[Item]) -> Find:
    """A plain peer: whole functions alike as trees without names, in text that parses."""
    owners = {}
    for item in items:
        for tree in trees_of(item.question + item.answer)[-1:]:
            if tree.size >= _PEER_NODES:
                owners[tuple(one.shape for one in tree.statements)] = item.id
    return lambda text: {
        owners[shapes]
        for tree in trees_of(text)
        if (shapes := tuple(one.shape for one in tree.statements)) in owners
    }
