"""Training data that a program made after it had read items, each row meant for one of them, in whatever words.

The way of the bytes says that the program, or one before it, had the items; what the rows hold says for which of them they
are. Between them may lie anything: a list of words, a glossary, notes, signatures.
"""

from dataclasses import dataclass

from review.aimed_rows import Aim, aim, record_ids, written_rows
from review.detector import RunView
from review.file_names import is_weights
from review.flows import Way, readers
from review.suspects import EvalData, eval_data
from review.training import TRAINED_ON, Training, how_far
from review.versions import Version


@dataclass(frozen=True, slots=True)
class AimedByProgram:
    """One such file."""

    version: Version
    """The content whose rows are meant for the most items."""
    aim: Aim
    way: Way
    """From the reading of the items to the writing of the file."""
    training: Training


def aimed_by_program(run: RunView) -> tuple[AimedByProgram, ...]:
    """All of them that were trained on and that are not the items themselves. For :meth:`RunView.once`."""
    data = run.once(eval_data)
    if data is None or not data.references:
        return ()
    ways = data.flows.follow(readers(run, data.sources)).ways
    held = {one.path for one in data.suspects if one.match is not None}
    told = [
        version
        for version in data.versions
        if version.text
        and version.path in ways
        and version.path not in held
        and not is_weights(version.path)
        and data.may_be_the_agents(version)
    ]
    if not told:
        return ()
    trainings = how_far(run, data.flows, list({version.path for version in told}))
    found: dict[str, AimedByProgram] = {}
    for version in told:
        training = trainings[version.path]
        if training.reach not in TRAINED_ON or (best := _aim(data, version)) is None:
            continue
        known = found.get(version.path)
        if known is None or best.items > known.aim.items:
            found[version.path] = AimedByProgram(version, best, ways[version.path], training)
    return tuple(found.values())


def _aim(data: EvalData, version: Version) -> Aim | None:
    """At which items its rows aim; None where that is no more than a field in common."""
    rows = written_rows(version.text or "", is_script=False)
    aims = [aim(rows, items.texts, record_ids) for items in data.references.values()] if rows else []
    return max((one for one in aims if one.holds), key=lambda one: one.items, default=None)
