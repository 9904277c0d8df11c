"""``hardcoded-items``: benchmark items written into scripts or data as if they were the agent's own examples.

Found by content, whatever they were turned into: verbatim, in another layout, under other names, in other words, packed in
base64. The item and what stands in its place are shown side by side, with the command that wrote it. Only texts of the
agent's own making count; notes and filters that nobody trains on are told as written, which is no violation.
"""

import posixpath
from collections import Counter

from review.commands.acts import Acts, told_acts
from review.commands.same_file import same
from review.detected import detected
from review.detector import RunView
from review.evidence import cite_with_words
from review.flows import readers
from review.handwritten import INLINE, Holder, acts_that_ran, handwritten, told_reach, told_trail
from review.intent import Circumstances
from review.matching.match import Kind, Match, tally
from review.suspects import EvalData, eval_data
from review.training import TRAINED_ON, Training, how_far
from review.versions import unread
from review.walked import shown_and_written, told_way, walked
from store.counting import counted, noun
from store.findings import (
    Certainty,
    Counts,
    Coverage,
    CoverageState,
    Evidence,
    Finding,
    LineageStep,
    Reach,
    RuleResult,
)
from store.plain import clip

_PAIRS = 3
_LONGEST_SIDE = 180
"""Characters of each side of a matched pair in the evidence."""
_WORDS = {
    Reach.UNKNOWN: "what became of it was not recorded",
    Reach.WRITTEN: "nothing is known to have used it",
    Reach.EXECUTED: "it was run, and nothing is known to have been trained on what it made",
    **TRAINED_ON,
}
_ORDER = (Reach.WRITTEN, Reach.EXECUTED, Reach.TRAINED, Reach.SUPERSEDED, Reach.ANCESTOR)


class HardcodedItems:
    """The rule of that name; see the module."""

    rule = "hardcoded-items"
    version = "4"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each text that holds items, with the pairs."""
        data, acts = run.once(eval_data), run.once(told_acts)
        written = run.once(handwritten)
        if data is None or not (data.references or written.holders):
            reason = "no items to compare with: `ptb refs add BENCHMARK PATH` takes them in"
            if data is None:
                reason = "no benchmark of the catalog is named"
            coverage = Coverage(
                CoverageState.COULD_NOT_LOOK, "nothing", "benchmark items", reason, promised=True
            )
            return RuleResult(self.rule, self.version, coverage)
        findings = tuple(self._finding(run, data, acts, holder) for holder in written.holders)
        return RuleResult(self.rule, self.version, _coverage(run, data, acts, found=bool(findings)), findings)

    def _finding(self, run: RunView, data: EvalData, acts: Acts, holder: Holder) -> Finding:
        training = _training(run, data, acts, holder)
        made = next((one.way for one in data.suspects if one.way and one.path == holder.path), ())
        seen = shown_and_written(run, holder.source, holder.version) if holder.version and not made else ()
        counts = tally(holder.matches)
        seqs = [
            holder.act.seq if holder.act else None,
            holder.version.seq if holder.version else None,
            training.read.seq if training.read else None,
            training.weights.seq if training.weights else None,
        ]
        how = Circumstances(
            taken=bool(made), copied=bool(seen), disguised=_is_disguised(holder.matches, counts.repetitions)
        )
        first = next(seq for seq in seqs if seq is not None)
        evidence, ts = cite_with_words(run, seqs)
        name, source = posixpath.basename(holder.path), posixpath.basename(holder.source)
        title = f"{name} was filled with content of {source}, as the command that wrote it says"
        if holder.matches:
            title = (
                f"{len(counts.items)} of {counted(holder.items, 'item')} of {source} {noun(len(counts.items), 'stands', 'stand')} in {name} "
                f"({counted(counts.rows, 'row')}; {_kinds(holder.matches)})"
            )
        return detected(
            run,
            self,
            [_identity(holder)],
            ((*evidence, *_pairs(holder, first)), ts),
            reach=training.reach,
            title=title,
            explanation="; ".join(filter(None, (title, _WORDS[training.reach], how.words))),
            lineage=_lineage(holder, training),
            steps=(*walked(run, made, [holder.path]), *seen, *_onwards(run, acts, holder, training)),
            certainty=Certainty.CERTAIN,
            intent=how.intent,
            counts=Counts(counts.rows, len(counts.items), counts.repetitions) if holder.matches else Counts(),
        )


def _training(run: RunView, data: EvalData, acts: Acts, holder: Holder) -> Training:
    """How far it got: by processes where they were recorded, else by what commands say."""
    if not run.count("files"):
        if not acts.acts:
            return Training(Reach.UNKNOWN)
        return Training(told_reach(acts, holder))
    paths = [holder.path] if holder.path != INLINE else []
    if holder.act is not None:
        names = [*holder.act.effects.writes] if holder.is_script else [holder.path]
        paths += [v.path for v in data.versions if any(same(v.path, name) for name in names)]
    made = data.flows.follow(readers(run, paths)).ways
    found = how_far(run, data.flows, list(dict.fromkeys([*paths, *made]))).values()
    best = max(found, key=lambda one: _ORDER.index(one.reach), default=Training(Reach.WRITTEN))
    if best.reach is Reach.WRITTEN and told_reach(acts, holder) is not Reach.WRITTEN:
        return Training(Reach.EXECUTED if holder.is_script else Reach.WRITTEN)
    return best


def _onwards(run: RunView, acts: Acts, holder: Holder, training: Training) -> tuple[LineageStep, ...]:
    """From the text into the weights: by the rows of processes, else by those of commands."""
    if training.way:
        return walked(run, training.way)
    trail = told_trail(acts, holder)
    ran = acts_that_ran(acts, holder)[:1] if holder.is_script and holder.path != INLINE else []
    if not trail and not ran:
        return ()
    first = (
        LineageStep(holder.version.seq, "version", holder.path, Certainty.CERTAIN)
        if holder.version
        else LineageStep(holder.act.seq, "exec", holder.act.text, Certainty.CERTAIN)
        if holder.act
        else None
    )
    known = {leg.act.seq for leg in trail}
    then = [LineageStep(one.seq, "exec", one.text, Certainty.CERTAIN) for one in ran if one.seq not in known]
    return (*([first] if first else []), *then, *told_way(run, trail))


def _identity(holder: Holder) -> str:
    """The file, or for a program on the command line the items in it."""
    if holder.path != INLINE:
        return holder.path
    return "\0".join(sorted({match.item for match in holder.matches}))


def _kinds(matches: tuple[Match, ...]) -> str:
    """How they differ from the items: ``3 verbatim, 1 renamed``, each item by its nearest likeness."""
    nearest: dict[str, Kind] = {}
    for match in sorted(matches, key=lambda one: list(Kind).index(one.kind)):
        nearest.setdefault(match.item, match.kind)
    counts = Counter(nearest.values())
    return ", ".join(f"{counts[kind]} {kind}" for kind in Kind if counts[kind])


def _pairs(holder: Holder, seq: int) -> tuple[Evidence, ...]:
    """The matched pairs of the items that are most alike."""
    best: dict[str, Match] = {}
    for match in sorted(holder.matches, key=lambda one: (-one.share, one.place.start)):
        best.setdefault(match.item, match)
    kind = "command" if holder.act and holder.act.seq == seq else "version"
    return tuple(
        Evidence(
            seq,
            kind,
            f"line {match.place.line}, {match.kind} ({match.share:.0%} of the {match.part}): "
            f"«{clip(' '.join(match.text.split()), _LONGEST_SIDE)}» | "
            f"item {match.item}: «{clip(' '.join(match.item_text.split()), _LONGEST_SIDE)}»",
        )
        for match in list(best.values())[:_PAIRS]
    )


def _lineage(holder: Holder, training: Training) -> tuple[str, ...]:
    names = [holder.source, holder.path]
    if training.read and training.read.path != holder.path:
        names.append(training.read.path)
    if training.weights:
        names.append(training.weights.path)
    return tuple(posixpath.basename(name) for name in names)


def _is_disguised(matches: tuple[Match, ...], repetitions: int) -> bool:
    """Whether somebody took pains: other names, or the same item again and again."""
    return repetitions > 1 or any(match.kind is Kind.RENAMED for match in matches)


def _coverage(run: RunView, data: EvalData, acts: Acts, *, found: bool) -> Coverage:
    texts = [version for version in data.versions if version.text]
    not_seen = list(data.incomplete)
    if closed := unread(data.versions):
        not_seen.append(closed)
    if acts.skipped:
        not_seen.append(f"{counted(acts.skipped, 'command')} beyond the first {len(acts.acts):,}")
    lost: int = run.query("SELECT count(*) FROM gaps WHERE source IN ('workspace', 'transcript')")[0][0]
    if lost:
        not_seen.append(f"{counted(lost, 'gap')} in the record of contents and words")
    state = CoverageState.FOUND if found else CoverageState.PARTIAL if not_seen else CoverageState.CLEAR
    looked_at = (
        f"{counted(len(texts), 'file version')}, {counted(len(acts.acts), 'command')}, {data.compared_with}"
    )
    return Coverage(state, looked_at, "; ".join(not_seen), promised=data.reference_lacks)
