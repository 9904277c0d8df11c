"""Things that an agent did, as findings: the same deed seen by several witnesses or several times is one."""

from collections.abc import Iterable
from dataclasses import dataclass

from review.detected import detected
from review.detector import Detector, RunView
from review.evidence import cite
from store.findings import Certainty, Finding, Intent, Reach

_MOST_CITED = 12


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done, as one witness tells it."""

    subject: str
    """What tells it apart from other deeds against the same rule."""
    title: str
    reach: Reach
    """Executed where it was surely done; seen where it may be ordinary work."""
    seqs: tuple[int | None, ...]
    """Rows that show it."""


def findings_of(
    run: RunView, by: Detector, deeds: Iterable[Deed], afterword: str = ""
) -> tuple[Finding, ...]:
    """A finding of ``by`` for each subject, with all that shows it and the farthest reach; ``afterword`` ends the explanation."""
    merged: dict[str, Deed] = {}
    for deed in deeds:
        known = merged.get(deed.subject)
        if known is None:
            merged[deed.subject] = deed
        else:
            reach = Reach.EXECUTED if Reach.EXECUTED in (known.reach, deed.reach) else known.reach
            merged[deed.subject] = Deed(deed.subject, known.title, reach, (*known.seqs, *deed.seqs))
    return tuple(_finding(run, by, deed, afterword) for deed in merged.values())


def _finding(run: RunView, by: Detector, deed: Deed, afterword: str) -> Finding:
    return detected(
        run,
        by,
        [deed.subject],
        cite(run, deed.seqs[:_MOST_CITED]),
        reach=deed.reach,
        title=deed.title,
        explanation=deed.title + afterword,
        certainty=Certainty.CERTAIN,
        intent=Intent.DELIBERATE if deed.reach is Reach.EXECUTED else Intent.UNKNOWN,
    )
