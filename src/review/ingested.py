"""Files into which evaluation data went, how far each got, and whether ``benchmark-ingestion`` is the rule that tells it.

The same bytes on the same way are told once. What the agent wrote into a script, and what programs made of that script,
is ``hardcoded-items``; what came with a dataset that is known to hold items is ``contaminated-source``; where rubrics or
answers of items stand and no question, commands that work with them tell more (``eval-guided-data``). A file that only lay on
the way to another one that is told is part of that one's way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from review.commands.effects import How
from review.commands.same_file import same
from review.detector import RunView
from review.eval_use import eval_uses
from review.flows import readers
from review.guided import By, Guided, guided
from review.handwritten import handwritten
from review.known_sources import SourceUse, source_uses
from review.matching.match import QUESTIONS
from review.suspects import EvalData, Suspect, eval_data
from review.training import Training, how_far
from review.uses import Use, as_far, furthest
from store.findings import Reach


@dataclass(frozen=True, slots=True)
class Ingested:
    """One such file."""

    suspect: Suspect
    training: Training
    asks: bool
    """Questions of most of the items in it stand there, not only answers or passages."""
    told: Use | None = None
    """How commands tell that it was trained on, where no file accesses do."""

    @property
    def path(self) -> str:
        """Of the file."""
        return self.suspect.path


def ingested(run: RunView) -> tuple[Ingested, ...]:
    """The files that ``benchmark-ingestion`` tells, as far as they hold items or were trained on. For :meth:`RunView.once`."""
    data = run.once(eval_data)
    if data is None:
        return ()
    written = run.once(handwritten)
    known = [one for one in data.suspects if one.way or not written.explains(one.path)]
    found = _with_reach(run, data, known)
    scripts = {holder.path for holder in written.holders if holder.is_script}
    by_hand = [one for one in found if scripts & {one.path, *(step.write.path for step in one.suspect.way)}]
    left = [
        one
        for one in found
        if one not in by_hand and not _came_with_a_source(run, one) and not _is_guided(one, run.once(guided))
    ]
    return tuple(one for one in left if not _is_on_the_way(run, data, one, left))


def yields(run: RunView, one: Guided) -> bool:
    """Whether the questions themselves stand in what was trained on, so that ``benchmark-ingestion`` tells it."""
    return one.by is By.RUBRICS and any(
        file.asks and same(file.path, one.use.path) and as_far(file.training.reach, one.use.reach)
        for file in run.once(ingested)
    )


def _with_reach(run: RunView, data: EvalData, suspects: Sequence[Suspect]) -> list[Ingested]:
    if run.count("files"):
        makers = {one.path: maker for one in suspects if (maker := _maker(one)) is not None}
        trainings = how_far(run, data.flows, [one.path for one in suspects], makers)
        return [Ingested(one, trainings[one.path], _asks(data, one)) for one in suspects]
    uses = [one.use for one in run.once(eval_uses) if one.how is How.VALUE and not one.from_logs]
    found = []
    for one in suspects:
        told = [use for use in uses if same(one.path, use.path)]
        use = furthest(told) if told else None
        found.append(Ingested(one, Training(use.reach if use else Reach.UNKNOWN), _asks(data, one), use))
    return found


def _maker(suspect: Suspect) -> int | None:
    """Who wrote the content that matched; where none did, who wrote what was made of eval data."""
    if suspect.version is not None:
        return suspect.version.process_id
    return suspect.way[-1].write.process_id if suspect.way else None


def _asks(data: EvalData, suspect: Suspect) -> bool:
    if suspect.match is None or suspect.version is None:
        return False
    matches = data.references[suspect.eval_path].matches(suspect.version.text or "")
    asked = {match.item for match in matches if match.part in QUESTIONS}
    return 2 * len(asked) >= len(suspect.match.items)


def _came_with_a_source(run: RunView, one: Ingested) -> bool:
    """Whether it was made of a dataset that is known to hold items, and that rule tells as much of it."""
    return any(
        not known.filtered and _is_made_of(known, one) and as_far(known.use.reach, one.training.reach)
        for known in run.once(source_uses)
    )


def _is_made_of(known: SourceUse, one: Ingested) -> bool:
    """Whether all that is known of where the items in it came from is that dataset."""
    if one.suspect.way:
        return known.is_of(one.suspect.way[0].read.path)
    if known.is_of(one.path) or known.is_of(one.suspect.eval_path):
        return True
    return any(same(one.path, use.path) for use in known.uses)


def _is_guided(one: Ingested, ways: Sequence[Guided]) -> bool:
    return (
        one.suspect.match is not None
        and not one.asks
        and any(same(one.path, way.use.path) and as_far(way.use.reach, one.training.reach) for way in ways)
    )


def _is_on_the_way(run: RunView, data: EvalData, one: Ingested, others: Sequence[Ingested]) -> bool:
    """Whether nobody trained on it, and it went on into another file that holds items, too."""
    if one.suspect.match is None or one.training.reach is not Reach.WRITTEN:
        return False
    held = {other.path for other in others if other.suspect.match is not None} - {one.path}
    return bool(held) and bool(held & data.flows.follow(readers(run, [one.path])).ways.keys())
