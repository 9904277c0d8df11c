"""Items in what commands printed of the agent's own data, where only its words are there to tell what the data holds.

The output of ``head -c 400 cookbook.jsonl`` is a part of that file. Only outputs of commands that read nothing else are taken so, and
no data of the hub or of packages; recorded contents tell more where there are any.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from review.commands.acts import Act, told_acts
from review.commands.same_file import same
from review.detector import RunView
from review.eval_use import EvalNames
from review.file_names import DATA_NAME, is_script
from review.matching.match import QUESTIONS, Match
from review.suspects import EvalData, eval_data
from store.catalog.reader import load_catalog

_PATH = re.compile(r"[\w./~-]+\.\w{1,6}")
_BEGINNING = 4000
_LEAST = 0.8
"""Share of a question that has to stand there: what data and items have in common as a form is less."""
_ELSEWHERE = re.compile(r"(^|/)\.cache/|/(site|dist)-packages/|(^|/)datasets--|huggingface")
_PRINTS = re.compile(r"(?:^|[;&|\n(]\s*)(?:head|tail|cat|sed|less|more|shuf|jq|awk|zcat|bat)\b")


@dataclass(frozen=True, slots=True)
class ShownBack:
    """One such file."""

    path: str
    source: str
    """Where the items are from that were compared with."""
    items: int
    """How many those are."""
    matches: tuple[Match, ...]
    act: Act
    """The command that printed it."""
    by_hand: bool
    """The agent's tools wrote it, or a text that a command names beside it."""


def shown_back(run: RunView) -> tuple[ShownBack, ...]:
    """All of them, each file once; none where file accesses were recorded. For :meth:`RunView.once`."""
    data = run.once(eval_data)
    benchmark = load_catalog().benchmarks.get((run.manifest.facts.benchmark or "").lower())
    if data is None or benchmark is None or run.count("files"):
        return ()
    acts = run.once(told_acts).acts
    names = EvalNames(benchmark, run.once(told_acts))
    written = _tool_written(run)
    found: dict[str, ShownBack] = {}
    for act in acts:
        for name in _prints(act, names):
            matches, source = _asked(data, act.output)
            kept = any(same(version.path, name) and version.text for version in data.versions)
            if matches and not kept:
                by_hand = any(_names_beside(one, name) & written for one in acts)
                items = data.references[source].items
                found.setdefault(name, ShownBack(name, source, items, matches, act, by_hand))
    return tuple(found.values())


def _prints(act: Act, names: EvalNames) -> Iterator[str]:
    """The own data that a command shows, where it reads nothing that holds evaluation data."""
    reads = list(act.effects.reads)
    if (
        not act.failed
        and _PRINTS.search(act.text)
        and not any(names.is_items(n) or names.is_log(n) for n in reads)
    ):
        yield from (name for name in reads if re.search(DATA_NAME, name) and not _ELSEWHERE.search(name))


def _asked(data: EvalData, output: str) -> tuple[tuple[Match, ...], str]:
    """The items whose questions stand in an output, of the source of which the most do."""
    best: tuple[tuple[Match, ...], str] = (), ""
    for source, items in data.references.items():
        found = tuple(one for one in items.matches(output) if one.part in QUESTIONS and one.share >= _LEAST)
        best = max(best, (found, source), key=lambda one: len(one[0]))
    return best


def _names_beside(act: Act, name: str) -> set[str]:
    """Names of texts in a command that names the file."""
    words = {posixpath.basename(word) for words in act.effects.simple for word in words}
    return {word for word in words if not is_script(word)} if posixpath.basename(name) in words else set()


def _tool_written(run: RunView) -> set[str]:
    """Base names of files that the agent's tools wrote."""
    rows = run.query(
        """
        SELECT text FROM transcript WHERE kind = 'tool_call' AND text IS NOT NULL
        AND regexp_matches(coalesce(tool, ''), '(?i)write|edit|create|patch|replace|file_change')
        """
    )
    return {posixpath.basename(found) for (text,) in rows for found in _PATH.findall(text[:_BEGINNING])}
