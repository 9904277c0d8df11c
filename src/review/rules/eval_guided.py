"""``eval-guided-data``: eval files, rubrics or results of single samples steer what training data is generated.

To look at them is allowed, and to match their style, format, domain or difficulty is a note. It takes a link from items to
outputs to make more of it: a program that goes through identified items (by their rubrics, or by which of them failed) and
writes training data for each. The link is the way of values through the text of programs (docs/review.md); numbers about the
benchmark that shape the data, a distribution of themes, are a fact of their own, which profiles rule on apart.
"""

import posixpath
from collections.abc import Iterable, Iterator

from review.aimed import Aimed, aimed_by_hand
from review.aimed_by_program import AimedByProgram, aimed_by_program
from review.aimed_rows import Aim
from review.commands.acts import told_acts
from review.commands.effects import How
from review.commands.same_file import same
from review.detected import detected
from review.detector import RunView
from review.eval_use import eval_uses
from review.evidence import Cited, cite, cite_with_words
from review.flows import Way, names_on
from review.guided import By, Guided, drawn_near, guided
from review.ingested import yields
from review.processes import ProcessTree
from review.training import TRAINED_ON
from review.uses import Use, furthest, seqs_of
from review.walked import walked, walked_use
from store.catalog.reader import load_catalog
from store.counting import counted
from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Evidence,
    Finding,
    Intent,
    Reach,
    RuleResult,
)
from store.plain import clip

_YIELDED = "where the questions themselves stand in what was trained on, benchmark-ingestion tells it"
_BY = {
    By.RUBRICS: "by their rubrics",
    By.LIKENESS: "by a model that was to write others like them",
    By.RESULTS: "by their results",
    By.WORDS: "by words drawn from each of them",
    By.ASKED_FOR: "by what they ask for",
}
_NEAR = "training data may have been picked by its nearness to items of the benchmark, from {what}"
_PAIRS = 3
_LONGEST_SIDE = 180
"""Characters of each side of a pair in the evidence."""


class EvalGuidedData:
    """The rule of that name; see the module."""

    rule = "eval-guided-data"
    version = "6"

    def look(self, run: RunView) -> RuleResult:
        """A finding for data that targets items, else one for data that follows their distribution."""
        benchmark = run.manifest.facts.benchmark
        if (benchmark or "").lower() not in load_catalog().benchmarks:
            reason = f"no eval data is known for {benchmark!r}" if benchmark else "the run names no benchmark"
            blind = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "eval data", reason, promised=True)
            return RuleResult(self.rule, self.version, blind)
        acts, uses = run.once(told_acts), run.once(eval_uses)
        every = run.once(guided)
        aimed = [one for one in every if not yields(run, one)]
        near = [] if every else [one.use for one in drawn_near(run)]
        told = [] if every else [use for use in uses if use.how is How.COUNTS and not use.from_logs]
        values = {use.use.path for use in uses if use.how is How.VALUE}
        told = [use for use in told if use.use.path not in values]
        findings = [
            *([self._aimed(run, aimed)] if aimed else []),
            *(
                [self._finding(run, near, _NEAR.format(what=near[0].lineage[0]), "", Certainty.LIKELY)]
                if near
                else []
            ),
            *([self._counted(run, [one.use for one in told])] if told else []),
        ]
        not_seen = [acts.unclear] if acts.unclear else []
        if not acts.acts:
            blind = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "commands", "no command was recorded")
            return RuleResult(self.rule, self.version, blind)
        by_hand = run.once(aimed_by_hand)
        findings += [self._by_hand(run, one) for one in by_hand]
        known = [*(one.use.path for one in every), *(one.path for one in by_hand)]
        findings += [
            self._by_program(run, one)
            for one in run.once(aimed_by_program)
            if not any(same(one.version.path, path) for path in known)
        ]
        state = (
            CoverageState.FOUND
            if any(not one.fact for one in findings)
            else CoverageState.PARTIAL
            if acts.opaque
            else CoverageState.CLEAR
        )
        coverage = Coverage(
            state,
            f"{counted(len(acts.acts), 'command')} and the scripts that ran"
            + (f"; {_YIELDED}" if len(aimed) < len(every) else ""),
            "; ".join(not_seen),
        )
        return RuleResult(self.rule, self.version, coverage, tuple(findings))

    def _aimed(self, run: RunView, found: list[Guided]) -> Finding:
        use = furthest(one.use for one in found)
        how = " and ".join(_BY[by] for by in By if by in {one.by for one in found})
        what = " and ".join(dict.fromkeys(one.use.lineage[0] for one in found))
        title = f"{_name(use)} was written for identified items of the benchmark, {how}, from {what}"
        return self._finding(run, [one.use for one in found], title, "")

    def _counted(self, run: RunView, uses: list[Use]) -> Finding:
        what = " and ".join(dict.fromkeys(use.lineage[0] for use in uses))
        title = f"{_name(furthest(uses))} was shaped by numbers about the benchmark, taken from {what}"
        return self._finding(run, uses, title, "distribution")

    def _finding(
        self, run: RunView, uses: list[Use], title: str, fact: str, certainty: Certainty = Certainty.CERTAIN
    ) -> Finding:
        use, seqs = furthest(uses), seqs_of(uses)
        return detected(
            run,
            self,
            [use.path, fact],
            cite_with_words(run, seqs),
            reach=use.reach,
            title=title,
            explanation=f"{title}; {TRAINED_ON[use.reach]}",
            lineage=use.lineage,
            steps=walked_use(run, use),
            certainty=certainty,
            intent=Intent.UNKNOWN if fact else Intent.DELIBERATE,
            fact=fact,
        )

    def _by_hand(self, run: RunView, one: Aimed) -> Finding:
        how = "named by their ids" if one.aim.named else "told by rare words that they share"
        title = f"{_rows(one.path, one.aim)}, written by hand, are each meant for one of {counted(one.aim.items, 'item')} that the agent was shown before ({how})"
        way = one.training
        files = [access.seq for access in (way.read, way.weights) if access]
        seqs = [one.shown_seq, one.written_seq, *files, one.trained_seq]
        cited = cite_with_words(run, seqs, one.written_seq)
        pairs = _pairs(one.aim, one.written_seq, one.written_by)
        certainty = Certainty.CERTAIN if one.aim.named else Certainty.LIKELY
        return self._meant(run, [one.path, "by hand"], title, cited, pairs, way.way, way.reach, certainty)

    def _by_program(self, run: RunView, one: AimedByProgram) -> Finding:
        path, source = one.version.path, posixpath.basename(one.way[0].read.path)
        title = f"{_rows(path, one.aim)}, made by a program that had {source}, are each meant for one of {counted(one.aim.items, 'item')} of the benchmark"
        seqs = [seq for step in one.way for seq in (step.read.seq, step.write.seq)]
        seqs += [one.version.seq, *(a.seq for a in (one.training.read, one.training.weights) if a)]
        pairs, way = _pairs(one.aim, one.version.seq, "version"), (*one.way, *one.training.way)
        return self._meant(
            run,
            [path, "by program"],
            title,
            cite(run, seqs),
            pairs,
            way,
            one.training.reach,
            Certainty.CERTAIN,
        )

    def _meant(
        self,
        run: RunView,
        identity: list[str],
        title: str,
        cited: Cited,
        pairs: Iterable[Evidence],
        way: Way,
        reach: Reach,
        certainty: Certainty,
    ) -> Finding:
        evidence, ts = cited
        return detected(
            run,
            self,
            identity,
            ((*evidence, *pairs), ts),
            reach=reach,
            title=title,
            explanation=f"{title}; {TRAINED_ON[reach]}",
            steps=walked(run, way),
            lineage=names_on(run.once(ProcessTree.of), way) or (posixpath.basename(identity[0]),),
            certainty=certainty,
            intent=Intent.DELIBERATE,
        )


def _rows(path: str, aim: Aim) -> str:
    return f"{counted(len(aim.pairs), 'row')} of {counted(aim.rows, 'row')} in {posixpath.basename(path)}"


def _pairs(aim: Aim, seq: int, kind: str) -> Iterator[Evidence]:
    for pair in aim.pairs[:_PAIRS]:
        row, item = (clip(" ".join(text.split()), _LONGEST_SIDE) for text in (pair.row, pair.item))
        yield Evidence(seq, kind, f"«{row}» | shown: «{item}»")


def _name(use: Use) -> str:
    return posixpath.basename(use.path.rstrip("/")) or use.path
