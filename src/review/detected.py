"""A detector's finding: whose it is, which fact of which run, and by which rows, put together in one place."""

from collections.abc import Iterable

from review.detector import Detector, RunView
from review.evidence import Cited
from store.findings import Certainty, Counts, Finding, Intent, LineageStep, Origin, Reach, finding_id


def detected(
    run: RunView,
    by: Detector,
    identity: Iterable[str],
    cited: Cited,
    *,
    reach: Reach,
    title: str,
    explanation: str,
    certainty: Certainty,
    intent: Intent = Intent.UNKNOWN,
    lineage: tuple[str, ...] = (),
    steps: tuple[LineageStep, ...] = (),
    counts: Counts | None = None,
    fact: str = "",
) -> Finding:
    """The finding of ``by`` that ``identity`` tells apart from others of its rule, resting on the rows in ``cited``."""
    evidence, ts = cited
    return Finding(
        run_id=run.manifest.run_id,
        finding_id=finding_id(run.manifest.run_id, by.rule, identity),
        rule=by.rule,
        rule_version=by.version,
        origin=Origin.DETECTOR,
        reach=reach,
        title=title,
        explanation=explanation,
        ts=ts,
        evidence=evidence,
        lineage=lineage,
        certainty=certainty,
        intent=intent,
        counts=counts or Counts(),
        steps=steps,
        fact=fact,
    )
