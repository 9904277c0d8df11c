"""The part of ``benchmark-ingestion`` that needs no file accesses: commands and scripts say that items are trained on.

For transcripts alone. The value of items must go all the way into a program that writes weights; what only filters by
them, counts them or looks at them takes nothing over. Where file accesses were recorded, they and the contents decide.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace

from review.commands.acts import told_acts
from review.commands.effects import How
from review.commands.same_file import same
from review.detected import detected
from review.detector import RunView
from review.eval_use import eval_uses
from review.evidence import cite_with_words
from review.guided import guided
from review.ingested import ingested
from review.known_sources import source_uses
from review.shown_back import ShownBack, shown_back
from review.uses import Use, furthest, use_of
from review.walked import walked_use
from store.counting import counted, noun
from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Finding,
    Intent,
    Reach,
    RuleResult,
)

_TOLERATED = 3
_REACHED = {
    Reach.TRAINED: "no submitted weights are known to descend from it",
    Reach.SUPERSEDED: "the submitted weights were written anew afterwards",
    Reach.ANCESTOR: "those are the weights in final_model",
}


class ToldIngestion:
    """The part of that rule; see the module."""

    rule = "benchmark-ingestion"
    version = "6"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each data file of items that was trained on."""
        acts = run.once(told_acts)
        if run.count("files") or not acts.acts:
            return RuleResult(self.rule, self.version, Coverage(CoverageState.CLEAR, "nothing"))
        uses = [one.use for one in run.once(eval_uses) if one.how is How.VALUE and not one.from_logs]
        told = {use.path: use for use in uses if not _is_told_elsewhere(run, use)}
        found = (
            *(self._finding(run, use) for use in told.values()),
            *(
                one
                for back in run.once(shown_back)
                if not _is_in(back, told)
                for one in self._shown(run, back)
            ),
        )
        state = CoverageState.FOUND if found else CoverageState.PARTIAL
        coverage = Coverage(
            state, f"{counted(len(acts.acts), 'command')} and the scripts that ran", acts.unclear
        )
        return RuleResult(self.rule, self.version, coverage, found)

    def _finding(self, run: RunView, use: Use) -> Finding:
        title = f"items of {use.lineage[0]} were trained on"
        if use.path != use.source:
            title = f"{posixpath.basename(use.path)}, made of items of {use.lineage[0]}, was trained on"
        return self._told(run, use, title)

    def _shown(self, run: RunView, one: ShownBack) -> Iterator[Finding]:
        """For data that was trained on, of which a command printed more rows that are items than may be there by accident."""
        acts = run.once(told_acts)
        trails = acts.trails(lambda name: same(name, one.path)).values()
        uses = [use_of(acts, trail) for trail in trails if trail[-1].trains]
        count = len({match.item for match in one.matches})
        if one.by_hand or not uses or count <= _TOLERATED:
            return
        use = furthest(uses)
        title = f"{counted(count, 'item')} of {one.source} {noun(count, 'stands', 'stand')} in what was printed of {posixpath.basename(one.path)}, which was trained on"
        yield self._told(run, replace(use, seqs=(one.act.seq, *use.seqs)), title, Intent.UNKNOWN)

    def _told(self, run: RunView, use: Use, title: str, intent: Intent = Intent.DELIBERATE) -> Finding:
        return detected(
            run,
            self,
            [use.source, use.path],
            cite_with_words(run, use.seqs),
            reach=use.reach,
            title=title,
            explanation=f"{title}, as the commands and scripts say; {_REACHED[use.reach]}",
            lineage=use.lineage,
            steps=walked_use(run, use),
            certainty=Certainty.CERTAIN,
            intent=intent,
        )


def _is_in(one: ShownBack, told: Mapping[str, Use]) -> bool:
    return any(same(one.path, path) for path in told)


def _is_told_elsewhere(run: RunView, use: Use) -> bool:
    """Whether another look tells more of it: recorded contents, rubrics and results that commands work with, a known source."""
    return (
        any(one.suspect.match and same(one.path, use.path) for one in run.once(ingested))
        or any(same(one.use.path, use.path) for one in run.once(guided))
        or any(one.is_of(use.source) and not one.filtered for one in run.once(source_uses))
    )
