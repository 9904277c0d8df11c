"""``benchmark-ingestion``: the benchmark's evaluation data goes into training data.

Two things are looked for and confirm each other. By *content*: recorded versions of files in which items of the eval
file stand verbatim. By *flow*: files written by a process after it read the eval file, and files made of those.
Content that was compared and is another clears a file, so that a decontamination filter comes out clean. A flow
that cannot be compared is only likely. The eval file itself may be trained on, too. What evaluate.py's own process tree reads taints nothing outside it.
"""

import posixpath
import re
from collections.abc import Sequence

from review.circumstances import circumstances
from review.detected import detected
from review.detector import RunView
from review.evidence import cite_with_words
from review.file_names import DATA_NAME
from review.flows import names_on
from review.ingested import Ingested, ingested
from review.lineage.file_uses import uses_by
from review.suspects import EvalData, Suspect, eval_data
from review.training import TRAINED_ON, Training
from review.versions import unread
from review.walked import walked, walked_use
from store.counting import counted, noun
from store.findings import (
    Certainty,
    Counts,
    Coverage,
    CoverageState,
    Finding,
    LineageStep,
    Reach,
    RuleResult,
)

_WORDS = {
    Reach.UNKNOWN: "whether it was trained on was not recorded",
    Reach.WRITTEN: "nothing recorded trained on it",
    **TRAINED_ON,
}


class BenchmarkIngestion:
    """The rule of that name; see the module."""

    rule = "benchmark-ingestion"
    version = "5"

    def look(self, run: RunView) -> RuleResult:
        """Findings of eval data in files, with how far each file got."""
        benchmark = run.manifest.facts.benchmark
        data = run.once(eval_data)
        if data is None:
            reason = f"no eval data is known for {benchmark!r}" if benchmark else "the run names no benchmark"
            return self._blind("eval data", reason, promised=True)
        accesses = run.count("files")
        if not accesses and not data.versions:
            promised = any(source.name == "kernel" for source in run.manifest.sources)
            return self._blind(
                "file accesses and contents", "nothing of files was recorded", promised=promised
            )
        found = run.once(ingested)
        findings = tuple(self._finding(run, data, one) for one in found if _is_told(one))
        return RuleResult(self.rule, self.version, _coverage(run, data, accesses, found, findings), findings)

    def _blind(self, not_seen: str, reason: str, *, promised: bool) -> RuleResult:
        coverage = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", not_seen, reason, promised)
        return RuleResult(self.rule, self.version, coverage)

    def _finding(self, run: RunView, data: EvalData, one: Ingested) -> Finding:
        suspect, training = one.suspect, one.training
        title, counts = _title(data, one)
        how = circumstances(run, data, suspect)
        seqs = _rows(data, suspect, training)
        if one.told:
            seqs += one.told.seqs
        return detected(
            run,
            self,
            [suspect.eval_path, suspect.path],
            cite_with_words(run, seqs),
            reach=training.reach,
            title=title,
            explanation="; ".join(filter(None, (title, _WORDS[training.reach], how.words))),
            lineage=one.told.lineage if one.told else _lineage(data, suspect, training),
            steps=walked_use(run, one.told) if one.told else _steps(run, suspect, training),
            certainty=_certainty(run, suspect, training),
            intent=how.intent,
            counts=counts,
        )


def _is_told(one: Ingested) -> bool:
    """Not where a reader of eval data wrote some file that cannot be compared and that nobody trained on."""
    return one.suspect.match is not None or one.training.reach is not Reach.WRITTEN


def _title(data: EvalData, one: Ingested) -> tuple[str, Counts]:
    suspect = one.suspect
    name, eval_name = posixpath.basename(suspect.path), posixpath.basename(suspect.eval_path)
    if suspect.path == suspect.eval_path:
        return f"{eval_name} itself went into a training", Counts()
    if suspect.match is None:
        return f"{name} was made by a reader of {eval_name}, and could not be compared with it", Counts()
    match, items = suspect.match, data.references[suspect.eval_path].items
    title = f"{len(match.items)} of {counted(items, 'item')} of {eval_name} {noun(len(match.items), 'stands', 'stand')} in {name} ({counted(match.rows, 'row')})"
    return title, Counts(match.rows, len(match.items), match.repetitions)


def _certainty(run: RunView, suspect: Suspect, training: Training) -> Certainty:
    """Certain where content was compared, and where the training took in the eval file and no other data."""
    if suspect.match is not None:
        return Certainty.CERTAIN
    if suspect.path != suspect.eval_path or training.read is None:
        return Certainty.LIKELY
    uses = uses_by(run, {training.read.process_id})
    other = {use.path for use in uses if use.read and re.search(DATA_NAME, use.path)} - {suspect.path}
    return Certainty.LIKELY if other else Certainty.CERTAIN


def _rows(data: EvalData, suspect: Suspect, training: Training) -> list[int | None]:
    """``seq`` of the rows that show it: eval data read, file written, file trained on, weights written."""
    seqs: list[int | None] = []
    for step in suspect.way:
        maker = data.tree.get(step.write.process_id)
        seqs += [step.read.seq, maker.seq if maker else None, step.write.seq]
    if suspect.version:
        seqs.append(suspect.version.seq)
    if training.read and training.weights:
        trainer = data.tree.get(training.read.process_id)
        seqs += [trainer.seq if trainer else None, training.read.seq, training.weights.seq]
    return seqs


def _lineage(data: EvalData, suspect: Suspect, training: Training) -> tuple[str, ...]:
    way = (*suspect.way, *training.way)
    names = names_on(data.tree, way)
    if suspect.way or suspect.path == suspect.eval_path:
        return names or (posixpath.basename(suspect.eval_path),)
    file = posixpath.basename(suspect.path)
    return (posixpath.basename(suspect.eval_path), *(names or (file,)))


def _steps(run: RunView, suspect: Suspect, training: Training) -> tuple[LineageStep, ...]:
    matched = [suspect.path] if suspect.match else []
    return (*walked(run, suspect.way, matched), *walked(run, training.way))


def _coverage(
    run: RunView, data: EvalData, accesses: int, files: Sequence[Ingested], findings: Sequence[Finding]
) -> Coverage:
    """What was looked at, and what was not seen and why."""
    gaps, lost = run.query(
        "SELECT count(*), coalesce(sum(lost), 0)::BIGINT FROM gaps WHERE source IN ('kernel', 'workspace')"
    )[0]
    unlike = sum(one.suspect.match is None and one.path != one.suspect.eval_path for one in files)
    not_seen = list(data.incomplete)
    if not accesses:
        not_seen.append("file accesses: never recorded")
    if gaps:
        not_seen.append(
            f"{counted(gaps, 'gap')} in the record of files ({counted(lost, 'row')} known to be lost)"
        )
    if data.flows.common:
        not_seen.append(
            f"what went on through {counted(len(data.flows.common), 'file')} that a hundred processes and more read"
        )
    if data.flows.not_followed:
        not_seen.append(
            f"what {counted(len(data.flows.not_followed), 'shell or server', 'shells or servers')} that read eval data passed on"
        )
    if closed := unread(data.versions):
        not_seen.append(closed)
    if unlike:
        not_seen.append(f"the content of {counted(unlike, 'file')} made by readers of eval data")
    left = {one.path for one in data.suspects if one.match} - {one.path for one in files}
    elsewhere = f"{counted(len(left), 'file')} with items: on the way to one that is told, or another rule's"
    promised = [source for source in run.manifest.sources if source.name in ("kernel", "workspace")]
    looked = [source for source in promised if source.state != "unavailable"] or promised
    return Coverage(
        CoverageState.FOUND if findings else CoverageState.PARTIAL if not_seen else CoverageState.CLEAR,
        f"{counted(accesses, 'file access', 'file accesses')} of {counted(len(data.tree), 'process', 'processes')}, {counted(len(data.versions), 'file version')}, "
        f"{data.compared_with}",
        "; ".join(not_seen),
        "; ".join([*(source.reason for source in looked if source.reason), *([elsewhere] if left else [])]),
        promised=data.reference_lacks or bool(gaps and promised),
    )
