"""Datasets that hold items of a run's benchmark, known to or found to, and how they got into training.

The catalog names them, benchmark by benchmark; others of the hub are found by what they hold. What the rules allow by name is
never one of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from review.commands.acts import Acts, told_acts
from review.detector import RunView
from review.eval_files import eval_pattern
from review.file_names import hub_dataset
from review.flows import readers
from review.handwritten import handwritten
from review.hub_names import hub_pattern
from review.matching.match import Tally
from review.said import said_of_deeds
from review.suspects import EvalData, eval_data
from review.training import how_far
from review.uses import Use, furthest, recorded_uses, told_uses
from review.versions import Version
from store.catalog.entry import NamedData
from store.catalog.reader import load_catalog
from store.counting import counted
from store.errors import BadInput
from store.findings import Reach

_TOLERATED = 3
"""Items that a dataset may hold by accident without being told for it."""
_FETCHED = re.compile(
    r"(?:load_dataset|snapshot_download|hf_hub_download|download|hf://datasets/|co/datasets/)[\s('\"=]*(?:repo_id\s*=\s*['\"])?([A-Za-z0-9][\w.-]*/[\w.-]+)"
)
"""How a program or command names a dataset that it has from the hub."""
_ANSWERS = re.compile(
    r"(?i)(^|[-_./])(model[-_]?)?(details|answers?|outputs?|responses?|generations?|completions?|predictions?|results|traces|solutions|samples|leaderboard|eval[-_]?logs?)([-_./]|$)"
)
_EDITION = r"([-_.]?(main|diamond|extended|test|eval|full|all|v\d+(\.\d+)?|data(set)?|benchmark|bench|parquet|json(l)?|mirror|copy|format(ted)?))*"
_OWN_KIND = re.compile(
    r"(?i)(^|[-_./])(style|like|synthetic|inspired|train|decontaminated|clean|unrelated)([-_./]|$)"
)
"""Of a name that says that the data only resembles the benchmark."""
_TRAINED = re.compile(r"(?i)\b(fine-?tuned|trained|tuned|SFT)\b")
_DENIED = re.compile(
    r"(?i)\bnot\b|n't\b|\b(no|never|without|except|instead|rather)\b|exclud|remov|filter|skip|avoid|overlap|decontam|compar|evaluat|similar|style|score"
)
_FILTERS = re.compile(r"(?i)decontam|contaminat|overlap|leak|n_?grams?\b|dedup")
"""Words of programs that take a benchmark's items out."""


@dataclass(frozen=True, slots=True)
class ItemsIn:
    """The benchmark's items in a file that the dataset went into."""

    tally: Tally
    version: Version | None
    """The content that holds the most; None where every file was compared and none holds any."""
    reference: str
    """What they were compared with."""


@dataclass(frozen=True, slots=True)
class SourceUse:
    """One such dataset that was trained on."""

    source: NamedData
    uses: tuple[Use, ...]
    items: ItemsIn | None
    """None where files or items were not there to be compared."""
    filtered: bool
    """It holds no item any more, or went through a program that says that it takes them out."""
    admitted: bool = False
    """The agent says so, and a program whose text is not known told how many rows it took."""

    @property
    def use(self) -> Use:
        """The one that got furthest."""
        return furthest(self.uses)

    def is_of(self, path: str) -> bool:
        """Whether that is a file or name of the dataset."""
        return re.search(_pattern(self.source), path) is not None


def known_sources(benchmark: str | None) -> list[NamedData] | None:
    """Datasets that hold items of the benchmark, less those that the rules allow; None for an unknown benchmark."""
    try:
        entry = load_catalog().benchmark(benchmark or "")
    except BadInput:
        return None
    allowed = {one.hub_id for one in entry.allowed}
    return [one for one in entry.contaminated if one.hub_id not in allowed]


def source_uses(run: RunView) -> tuple[SourceUse, ...]:
    """The datasets that were trained on; for :meth:`RunView.once`."""
    data, acts = run.once(eval_data), run.once(told_acts)
    found = []
    known = known_sources(run.manifest.facts.benchmark)
    for source in (*(known or ()), *(_by_title(run, acts, known) if known is not None else ())):
        pattern = _pattern(source)
        told = (use for use in told_uses(acts, pattern) if use.trail[-1].trains)
        uses = (*_recorded(run, data, pattern), *told)
        if uses:
            items = _items_in(data, dict.fromkeys(use.path for use in uses), pattern)
            clean = items is not None and not items.tally.items
            filtered = clean or _told_filter(acts, run, furthest(uses))
            found.append(SourceUse(source, uses, items, filtered))
        elif (use := _admitted(run, acts, source)) is not None:
            found.append(SourceUse(source, (use,), None, filtered=False, admitted=True))
    return (*found, *(_found(run, data) if data is not None else ()))


def _by_title(run: RunView, acts: Acts, known: Iterable[NamedData]) -> Iterator[NamedData]:
    """Datasets of the hub that by their names are what models answered to the benchmark, or results of single samples."""
    entry = load_catalog().benchmark(run.manifest.facts.benchmark or "")
    named = {one.hub_id.lower() for one in (*entry.data,)} | {
        one.hub_id.lower() for one in (*entry.allowed, *known)
    }
    benchmark = re.compile(f"(?i)({'|'.join(entry.file_patterns)})")
    told = {
        found[1]
        for act in acts.acts
        for text in (act.text, *act.effects.code)
        for found in _FETCHED.finditer(text)
    }
    cached = (hub_dataset(path) for path in run.texts(r"/datasets--|/datasets/[^/]+___"))
    for hub_id in sorted({*told, *filter(None, cached)}):
        name = hub_id.rpartition("/")[2]
        if hub_id.lower() in named or not benchmark.search(name) or _OWN_KIND.search(name):
            continue
        if _ANSWERS.search(name):
            yield NamedData(hub_id, "is by its name what models answered to the benchmark")
        elif re.fullmatch(f"(?i)({'|'.join(entry.file_patterns)}){_EDITION}", name):
            yield NamedData(hub_id, "is by its name a copy of the benchmark")


def _admitted(run: RunView, acts: Acts, source: NamedData) -> Use | None:
    """By the words alone: the agent says in the end that it trained on it, and a program of unknown text told of its rows."""
    last = acts.last_to_write_model()
    if last is None or run.count("files"):
        return None
    name = source.hub_id.rpartition("/")[2]
    spelt = re.compile(
        r"(?i)(?<![\w-])" + r"[\W_]?".join(map(re.escape, re.findall(r"[A-Za-z]+|\d+", name))) + r"(?![\w-])"
    )
    said = [
        one
        for one in run.once(said_of_deeds)
        if one.last and spelt.search(one.text) and _TRAINED.search(one.text) and not _DENIED.search(one.text)
    ]
    rows = re.compile(
        rf"(?im)^.*{re.escape(name)}\b\W.{{0,40}}?\b[1-9]\d*\s+(rows|examples|samples|items|questions|problems)\b"
    )
    took = [
        act
        for act in acts.acts
        if not act.failed and not act.effects.whole and act.seq < last.seq and rows.search(act.output)
    ]
    if not said or not took:
        return None
    return Use(
        source.hub_id,
        source.hub_id,
        Reach.ANCESTOR,
        (took[-1].seq, last.seq, said[-1].seq),
        (source.hub_id, "final_model"),
    )


def _found(run: RunView, data: EvalData) -> Iterator[SourceUse]:
    """Other datasets of the hub whose rows went into training and turned out to be items."""
    for hub_id, paths in _other_datasets(run, data).items():
        reads = readers(run, paths)
        made = data.flows.follow(reads).ways if reads else {}
        held = {path: one for path, one in _held(run, data).items() if path in made or path in paths}
        here = frozenset(item for v in data.versions if v.path in paths for item in _items_of(data, v))
        if any(v.path in paths and v.text for v in data.versions):
            held = {path: one for path, one in held.items() if one.tally.items <= here}
        if not held:
            continue
        pattern = hub_pattern([hub_id]) or "(?!)"
        trained = [use for use in _recorded(run, data, pattern) if use.path in held]
        told = (use for use in told_uses(run.once(told_acts), pattern) if use.trail[-1].trains)
        if trained:
            most = max((held[use.path] for use in trained), key=lambda one: len(one.tally.items))
            reason = f"holds {counted(len(most.tally.items), 'item')} of the benchmark"
            yield SourceUse(NamedData(hub_id, reason), (*trained, *told), most, filtered=False)


def _held(run: RunView, data: EvalData) -> dict[str, ItemsIn]:
    """Files with more items than may be there by accident, which neither programs nor the agent took from evaluation data."""
    written = run.once(handwritten)
    return {
        one.path: ItemsIn(one.match, one.version, one.eval_path)
        for one in data.suspects
        if one.match is not None
        and not one.way
        and len(one.match.items) > _TOLERATED
        and (hub_dataset(one.path) is not None or not written.explains(one.path))
    }


def _items_of(data: EvalData, version: Version) -> Iterator[str]:
    for reference in data.references.values():
        yield from reference.find_in(version.text or "").items


def _other_datasets(run: RunView, data: EvalData) -> dict[str, list[str]]:
    """Files of the hub's datasets that are neither the benchmark's own, nor named by the catalog, by dataset."""
    entry = load_catalog().benchmark(run.manifest.facts.benchmark or "")
    named = {one.hub_id.lower() for one in entry.data}
    named |= {one.hub_id.lower() for one in (*entry.allowed, *entry.contaminated)}
    found: dict[str, list[str]] = {}
    for path in run.texts(r"/datasets--|/datasets/[^/]+___"):
        hub_id = hub_dataset(path) if path.startswith("/") and "\n" not in path else None
        if hub_id and hub_id.lower() not in named and not data.is_eval_file(path):
            found.setdefault(hub_id, []).append(path)
    return found


def _pattern(source: NamedData) -> str:
    pattern = hub_pattern([source.hub_id])
    assert pattern is not None
    return pattern


def _recorded(run: RunView, data: EvalData | None, pattern: str) -> Iterable[Use]:
    """What processes did with files of the dataset."""
    paths = [path for path in run.texts(pattern) if path.startswith("/") and "\n" not in path]
    if data is None or not paths:
        return ()
    reads = readers(run, paths)
    made = {path: way for path, way in data.flows.follow(reads).ways.items() if path not in paths}
    makers = {path: way[-1].write.process_id for path, way in made.items()}
    trained = how_far(run, data.flows, [*made, *dict.fromkeys(read.path for read in reads)], makers)
    return recorded_uses(data.tree, trained, made)


def _told_filter(acts: Acts, run: RunView, use: Use) -> bool:
    """Whether a program that passed it on loads the benchmark, too, and says that it takes its items out."""
    pattern = eval_pattern(run.manifest.facts.benchmark or "")
    for act in acts.acts:
        if act.seq in use.seqs and pattern is not None:
            loads = any(re.search(pattern, name) for name in act.effects.reads)
            if loads and any(_FILTERS.search(code) for code in act.effects.code):
                return True
    return False


def _items_in(data: EvalData | None, paths: Iterable[str], pattern: str) -> ItemsIn | None:
    """The benchmark's items in these files; None where one of them, or the benchmark, is not whole.

    The dataset's own rows are not all of the benchmark: they serve only where there is nothing else to compare with.
    """
    if data is None or not data.references:
        return None
    others = {name: one for name, one in data.references.items() if not re.search(pattern, name)}
    best: ItemsIn | None = None
    whole = data.reference_is_whole
    for path in paths:
        versions = [v for v in data.versions if v.path == path or v.path.endswith("/" + path)]
        whole &= bool(versions) and all(version.whole for version in versions)
        for version in versions:
            for name, reference in (others or data.references).items():
                tally = reference.find_in(version.text or "")
                if tally.items and (best is None or len(tally.items) > len(best.tally.items)):
                    best = ItemsIn(tally, version, name)
    return best if best is not None or not whole else ItemsIn(Tally(0, frozenset(), 0), None, "")
