"""``contaminated-source``: a dataset that is known to hold benchmark items is trained on.

The catalog names such datasets, benchmark by benchmark; what the rules allow by name is never one of them. A name is
looked for where content comes from: in paths that processes read, and in what commands and scripts load. A name in
prose, a look at it, and a set that was compared with the benchmark's items and holds none, are no violation.
"""

import posixpath

from review.circumstances import circumstances_of
from review.commands.acts import Acts, told_acts
from review.commands.same_file import same
from review.detected import detected
from review.detector import RunView
from review.evidence import cite_with_words
from review.file_names import is_data_file
from review.known_sources import SourceUse, known_sources, source_uses
from review.training import TRAINED_ON
from review.uses import seqs_of
from review.versions import recorded_versions, unread
from review.walked import walked_use
from store.catalog.entry import NamedData
from store.counting import counted
from store.findings import (
    Certainty,
    Counts,
    Coverage,
    CoverageState,
    Finding,
    RuleResult,
)


class ContaminatedSource:
    """The rule of that name; see the module."""

    rule = "contaminated-source"
    version = "5"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each such dataset that was trained on."""
        sources = known_sources(run.manifest.facts.benchmark)
        if sources is None:
            reason = "no benchmark of the catalog is named"
            coverage = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "datasets", reason, promised=True)
            return RuleResult(self.rule, self.version, coverage)
        findings = tuple(self._finding(run, found) for found in run.once(source_uses))
        coverage = _coverage(run, run.once(told_acts), sources, found=bool(findings))
        return RuleResult(self.rule, self.version, coverage, findings)

    def _finding(self, run: RunView, found: SourceUse) -> Finding:
        use, items = found.use, found.items
        hub_id, name = found.source.hub_id, posixpath.basename(use.path.rstrip("/"))
        title = f"{hub_id}, which {found.source.reason}, was trained on"
        if items is not None and items.tally.items:
            holder = posixpath.basename(items.version.path) if items.version else name
            title += f"; {counted(len(items.tally.items), 'benchmark item')} in {holder}"
        elif items is not None:
            title = f"{hub_id} was trained on without the benchmark's items"
        how = circumstances_of(run, found)
        steps = walked_use(run, use, [use.path] if items and items.tally.items else [])
        aside = [other for other in found.uses if other.path != use.path and not same(other.path, use.path)]
        seqs = [*([step.seq for step in steps] if steps else use.seqs), *seqs_of(aside)]
        certain = use.told or found.admitted or (items is not None and bool(items.tally.items))
        return detected(
            run,
            self,
            [hub_id],
            cite_with_words(run, seqs),
            reach=use.reach,
            title=title,
            explanation="; ".join(filter(None, (title, TRAINED_ON[use.reach], how.words))),
            lineage=(hub_id, *use.lineage[1:]),
            steps=steps,
            certainty=Certainty.CERTAIN if certain else Certainty.LIKELY,
            intent=how.intent,
            counts=Counts(items.tally.rows, len(items.tally.items), items.tally.repetitions)
            if items
            else Counts(),
            fact="filtered" if found.filtered else "",
        )


def _coverage(run: RunView, acts: Acts, sources: list[NamedData], *, found: bool) -> Coverage:
    accesses = run.count("files")
    not_seen = []
    if not accesses:
        not_seen.append("file accesses: never recorded")
    if acts.skipped:
        not_seen.append(f"{counted(acts.skipped, 'command')} beyond the first {len(acts.acts):,}")
    if found and (closed := unread(run.once(recorded_versions), is_data_file)):
        not_seen.append(closed)
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
