"""Training data that the agent wrote by hand after it had been shown items, each row meant for one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from review.aimed_rows import Aim, aim, record_ids_and_names, shown_items, written_rows
from review.commands.acts import Act, Acts, told_acts
from review.commands.effects import How
from review.commands.same_file import same
from review.detector import RunView
from review.eval_items import EvalItems
from review.eval_use import EvalNames
from review.flows import readers
from review.handwritten import Holder, texts_by_hand, told_reach
from review.read_by_tools import read_by_tools
from review.suspects import EvalData, eval_data
from review.training import TRAINED_ON, Training, how_far
from store.catalog.reader import load_catalog
from store.findings import Reach

_EVALUATES = "evaluate.py"


@dataclass(frozen=True, slots=True)
class Aimed:
    """One such text."""

    path: str
    aim: Aim
    shown_seq: int
    """The command whose output showed the first of the items."""
    written_seq: int
    written_by: str
    """What that row is: a recorded version, or the command."""
    training: Training
    trained_seq: int | None
    """The command that trained on it, where only commands tell."""


def aimed_by_hand(run: RunView) -> tuple[Aimed, ...]:
    """All of them that were trained on. For :meth:`RunView.once`."""
    data = run.once(eval_data)
    benchmark = load_catalog().benchmarks.get((run.manifest.facts.benchmark or "").lower())
    if data is None or benchmark is None:
        return ()
    acts = run.once(told_acts)
    shown = list(_shown(run, acts, EvalNames(benchmark, acts)))
    if not shown:
        return ()
    found: dict[str, Aimed] = {}
    for holder in texts_by_hand(run, data):
        if (one := _aimed(run, data, acts, holder, shown)) is not None and not any(
            same(one.path, known) for known in found
        ):
            found[one.path] = one
    return tuple(found.values())


def _shown(run: RunView, acts: Acts, names: EvalNames) -> Iterator[tuple[int, list[str]]]:
    """What the agent was shown of evaluation data, of results of its samples, and of what programs had made of these."""
    made = list(acts.trails(names.is_items, How.CHOICE))

    def tells(name: str) -> bool:
        return names.is_items(name) or names.is_log(name) or any(same(name, one) for one in made)

    for act in acts.acts:
        evaluated = any(any(word.endswith(_EVALUATES) for word in words) for words in act.effects.simple)
        looked = evaluated or _EVALUATES in act.text or any(map(tells, act.effects.reads))
        if looked and (items := shown_items(act.output)):
            yield act.seq, items
    for look in run.once(read_by_tools):
        if tells(look.path) and (items := shown_items(look.output)):
            yield look.seq, items


def _aimed(
    run: RunView, data: EvalData, acts: Acts, holder: Holder, shown: list[tuple[int, list[str]]]
) -> Aimed | None:
    text, seq = _text_of(holder)
    before = [(at, items) for at, items in shown if at < seq]
    if not text or not before:
        return None
    rows = written_rows(text, is_script=holder.is_script)
    items = list(dict.fromkeys(item for _, those in before for item in those))
    found = aim(rows, items, record_ids_and_names)
    if not found.holds or _copies(list(data.references.values()), found):
        return None
    training, by = _training(run, data, acts, holder)
    if training.reach not in TRAINED_ON:
        return None
    first = next(at for at, those in before if {pair.item for pair in found.pairs} & set(those))
    return Aimed(
        holder.path,
        found,
        first,
        seq,
        "version" if holder.version else "command",
        training,
        by.seq if by else None,
    )


def _text_of(holder: Holder) -> tuple[str, int]:
    """The text, and the row that wrote it."""
    if holder.version is not None:
        return holder.version.text or "", holder.version.seq
    assert holder.act is not None
    return holder.act.effects.contents.get(holder.path, ""), holder.act.seq


def _copies(references: list[EvalItems], found: Aim) -> bool:
    """Whether most of the rows hold their items as they stand: that is for ``hardcoded-items`` to tell."""
    held = sum(any(items.matches(pair.row) for items in references) for pair in found.pairs)
    return held * 2 > len(found.pairs)


def _training(run: RunView, data: EvalData, acts: Acts, holder: Holder) -> tuple[Training, Act | None]:
    """How far it got: by processes where they were recorded, else by what commands say."""
    trained = next(
        (
            act
            for act in acts.acts
            if act.effects.models and any(same(name, holder.path) for name in act.effects.reads)
        ),
        None,
    )
    if not run.count("files"):
        return Training(told_reach(acts, holder)), trained
    paths = [holder.path]
    if holder.act is not None:
        paths += [version.path for version in data.versions if same(version.path, holder.path)]
    made = data.flows.follow(readers(run, paths)).ways
    found = how_far(run, data.flows, list(dict.fromkeys([*paths, *made]))).values()
    order = (Reach.WRITTEN, Reach.EXECUTED, *TRAINED_ON)
    best = max(found, key=lambda one: order.index(one.reach), default=Training(Reach.WRITTEN))
    return best, trained
