"""The part of ``benchmark-ingestion`` that needs no file accesses: commands and scripts say that items are trained on.

For transcripts alone. The value of items must go all the way into a program that writes weights; what only filters by
them, counts them or looks at them takes nothing over. Where file accesses were recorded, they and the contents decide.
"""

import posixpath

from review.commands.acts import told_acts
from review.commands.effects import How
from review.detected import detected
from review.detector import RunView
from review.eval_use import EvalUse, eval_uses
from review.evidence import cite, said_before
from review.walked import told_way
from store.counting import counted
from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Finding,
    Intent,
    RuleResult,
)


class ToldIngestion:
    """The part of that rule; see the module."""

    rule = "benchmark-ingestion"
    version = "2"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each data file of items that was trained on."""
        acts = run.once(told_acts)
        if run.query("SELECT 1 FROM files LIMIT 1") or not acts.acts:
            return RuleResult(self.rule, self.version, Coverage(CoverageState.CLEAR, "nothing"))
        uses = [one for one in run.once(eval_uses) if one.how is How.VALUE and not one.from_logs]
        found = tuple(self._finding(run, one) for one in {one.use.path: one for one in uses}.values())
        state = CoverageState.FOUND if found else CoverageState.PARTIAL
        coverage = Coverage(
            state, f"{counted(len(acts.acts), 'command')} and the scripts that ran", acts.unclear
        )
        return RuleResult(self.rule, self.version, coverage, found)

    def _finding(self, run: RunView, one: EvalUse) -> Finding:
        use = one.use
        title = f"items of {use.lineage[0]} were trained on, as {posixpath.basename(use.path)}"
        return detected(
            run,
            self,
            [use.source, use.path],
            cite(run, [*use.seqs, said_before(run, use.seqs[0])]),
            reach=use.reach,
            title=title,
            explanation=f"{title}, as the commands and scripts say",
            lineage=use.lineage,
            steps=told_way(run, one.trail),
            certainty=Certainty.CERTAIN,
            intent=Intent.DELIBERATE,
        )
