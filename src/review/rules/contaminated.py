"""``contaminated-source``: a dataset that is known to hold benchmark items is trained on.

The catalog names such datasets, benchmark by benchmark; what the rules allow by name is never one of them. A name is
looked for where content comes from: in paths that processes read, and in what commands and scripts load. A name in
prose, a look at it, and a set that was compared with the benchmark's items and holds none, are no violation.
"""

import posixpath
import re
from collections.abc import Iterable

from review.commands.acts import Acts, told_acts
from review.detected import detected
from review.detector import RunView
from review.eval_files import eval_pattern
from review.evidence import cite, said_before
from review.flows import readers
from review.hub_names import hub_pattern
from review.matching.match import Tally
from review.suspects import EvalData, eval_data
from review.training import TRAINED_ON, how_far
from review.uses import Use, furthest, recorded_uses, seqs_of, told_uses
from review.walked import walked_use
from store.catalog.entry import NamedData
from store.catalog.reader import load_catalog
from store.counting import counted
from store.errors import BadInput
from store.findings import (
    Certainty,
    Counts,
    Coverage,
    CoverageState,
    Finding,
    RuleResult,
)

_FILTERS = re.compile(r"(?i)decontam|contaminat|overlap|leak|n_?grams?\b|dedup")
"""Words of programs that take a benchmark's items out."""


class ContaminatedSource:
    """The rule of that name; see the module."""

    rule = "contaminated-source"
    version = "2"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each such dataset that was trained on."""
        sources = known_sources(run.manifest.facts.benchmark)
        if sources is None:
            reason = "no benchmark of the catalog is named"
            coverage = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "datasets", reason, promised=True)
            return RuleResult(self.rule, self.version, coverage)
        data, acts = run.once(eval_data), run.once(told_acts)
        findings = []
        for source in sources:
            pattern = hub_pattern([source.hub_id])
            assert pattern is not None
            uses = [
                *_recorded(run, data, pattern),
                *(use for use in told_uses(acts, pattern) if use.trail[-1].trains),
            ]
            if uses:
                findings.append(self._finding(run, data, acts, source, uses))
        coverage = _coverage(run, acts, sources, found=bool(findings))
        return RuleResult(self.rule, self.version, coverage, tuple(findings))

    def _finding(
        self, run: RunView, data: EvalData | None, acts: Acts, source: NamedData, uses: list[Use]
    ) -> Finding:
        use = furthest(uses)
        match = _items_in(data, {one.path for one in uses})
        filtered = match is not None and not match.items
        title = f"{source.hub_id} was trained on, which {source.reason}"
        if match is not None and match.items:
            title += f"; {counted(len(match.items), 'benchmark item stands', 'benchmark items stand')} in {posixpath.basename(use.path)}"
        elif filtered:
            title = f"{source.hub_id} was trained on without the benchmark's items"
        seqs = seqs_of(uses)
        certain = use.told or (match is not None and bool(match.items))
        return detected(
            run,
            self,
            [source.hub_id],
            cite(run, [*seqs, said_before(run, seqs[0])]),
            reach=use.reach,
            title=title,
            explanation=f"{title}; {TRAINED_ON[use.reach]}",
            lineage=(source.hub_id, *use.lineage[1:]),
            steps=walked_use(run, use, [use.path] if match and match.items else []),
            certainty=Certainty.CERTAIN if certain else Certainty.LIKELY,
            counts=Counts(match.rows, len(match.items), match.repetitions) if match else Counts(),
            fact="filtered" if filtered or _told_filter(acts, run, use) else "",
        )


def known_sources(benchmark: str | None) -> list[NamedData] | None:
    """Datasets that hold items of the benchmark, less those that the rules allow; None for an unknown benchmark."""
    try:
        entry = load_catalog().benchmark(benchmark or "")
    except BadInput:
        return None
    allowed = {one.hub_id for one in entry.allowed}
    return [one for one in entry.contaminated if one.hub_id not in allowed]


def _recorded(run: RunView, data: EvalData | None, pattern: str) -> Iterable[Use]:
    """What processes did with files of the dataset."""
    paths = [path for path in run.texts(pattern) if path.startswith("/") and "\n" not in path]
    if data is None or not paths:
        return ()
    reads = readers(run, paths)
    made = {path: way for path, way in data.flows.follow(reads).ways.items() if path not in paths}
    makers = {path: way[-1].write.process_id for path, way in made.items()}
    trained = how_far(run, data.flows, [*made, *{read.path for read in reads}], makers)
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


def _items_in(data: EvalData | None, paths: set[str]) -> Tally | None:
    """The benchmark's items in these files; None where one of them, or the benchmark, is not whole."""
    if data is None or not data.references:
        return None
    best = None
    whole = data.reference_is_whole
    for path in paths:
        versions = [v for v in data.versions if v.path == path or v.path.endswith("/" + path)]
        whole &= bool(versions) and all(version.whole for version in versions)
        for version in versions:
            for reference in data.references.values():
                match = reference.find_in(version.text or "")
                if match.items and (best is None or len(match.items) > len(best.items)):
                    best = match
    return best if best is not None or not whole else Tally(0, frozenset(), 0)


def _coverage(run: RunView, acts: Acts, sources: list[NamedData], *, found: bool) -> Coverage:
    accesses: int = run.query("SELECT count(*) FROM files")[0][0]
    not_seen = []
    if not accesses:
        not_seen.append("file accesses: never recorded")
    if acts.skipped:
        not_seen.append(f"{counted(acts.skipped, 'command')} beyond the first {len(acts.acts):,}")
    if acts.unclear:
        not_seen.append(acts.unclear)
    if not accesses and not acts.acts:
        return Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "; ".join(not_seen), "nothing was recorded")
    names = ", ".join(source.hub_id for source in sources) or "none is known for this benchmark"
    state = (
        CoverageState.FOUND
        if found
        else CoverageState.CLEAR
        if accesses or not not_seen
        else CoverageState.PARTIAL
    )
    return Coverage(
        state,
        f"{counted(accesses, 'file access', 'file accesses')}, {counted(len(acts.acts), 'command')}; datasets: {names}",
        "; ".join(not_seen),
    )
