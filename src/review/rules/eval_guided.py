"""``eval-guided-data``: eval files, rubrics or results of single samples steer what training data is generated.

To look at them is allowed, and to match their style, format, domain or difficulty is a note. It takes a link from items to
outputs to make more of it: a program that goes through identified items (by their rubrics, or by which of them failed) and
writes training data for each. The link is the way of values through the text of programs (docs/review.md); numbers about the
benchmark that shape the data, a distribution of themes, are a fact of their own, which profiles rule on apart.
"""

import re
from collections.abc import Iterable

from review.commands.acts import told_acts
from review.commands.effects import How
from review.detected import detected
from review.detector import RunView
from review.eval_use import EvalUse, eval_uses
from review.evidence import cite, said_before
from review.training import TRAINED_ON
from review.uses import furthest, seqs_of
from review.walked import walked_use
from store.catalog.reader import load_catalog
from store.counting import counted
from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Finding,
    Intent,
    RuleResult,
)

_RUBRIC = re.compile(r"(?i)\brubrics?\b|\bcriteri(on|a)\b|\bideal_completions?\b")

_TITLES = {
    "": "training data was written for identified items of the benchmark, from {what}",
    "distribution": "training data was shaped by numbers about the benchmark, taken from {what}",
}


class EvalGuidedData:
    """The rule of that name; see the module."""

    rule = "eval-guided-data"
    version = "2"

    def look(self, run: RunView) -> RuleResult:
        """A finding for data that targets items, else one for data that follows their distribution."""
        benchmark = run.manifest.facts.benchmark
        if (benchmark or "").lower() not in load_catalog().benchmarks:
            reason = f"no eval data is known for {benchmark!r}" if benchmark else "the run names no benchmark"
            blind = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "eval data", reason, promised=True)
            return RuleResult(self.rule, self.version, blind)
        acts, uses = run.once(told_acts), run.once(eval_uses)
        aimed = _aimed(uses)
        told = [] if aimed else [use for use in uses if use.how is How.COUNTS and not use.from_logs]
        values = {use.use.path for use in uses if use.how is How.VALUE}
        told = [use for use in told if use.use.path not in values]
        findings = [
            self._finding(run, found, fact) for found, fact in ((aimed, ""), (told, "distribution")) if found
        ]
        not_seen = [acts.unclear] if acts.unclear else []
        if not acts.acts:
            blind = Coverage(CoverageState.COULD_NOT_LOOK, "nothing", "commands", "no command was recorded")
            return RuleResult(self.rule, self.version, blind)
        not_seen.append("what the agent wrote by hand after it had looked")
        state = (
            CoverageState.FOUND if aimed else CoverageState.PARTIAL if acts.opaque else CoverageState.CLEAR
        )
        coverage = Coverage(
            state, f"{counted(len(acts.acts), 'command')} and the scripts that ran", "; ".join(not_seen)
        )
        return RuleResult(self.rule, self.version, coverage, tuple(findings))

    def _finding(self, run: RunView, found: list[EvalUse], fact: str) -> Finding:
        use = furthest(one.use for one in found)
        what = " and ".join(dict.fromkeys(one.use.lineage[0] for one in found))
        title = _TITLES[fact].format(what=what)
        seqs = seqs_of(one.use for one in found)
        return detected(
            run,
            self,
            [use.path, fact],
            cite(run, [*seqs, said_before(run, seqs[0])]),
            reach=use.reach,
            title=title,
            explanation=f"{title}; {TRAINED_ON[use.reach]}",
            lineage=use.lineage,
            steps=walked_use(run, use),
            certainty=Certainty.CERTAIN,
            intent=Intent.DELIBERATE if not fact else Intent.UNKNOWN,
            fact=fact,
        )


def _aimed(uses: Iterable[EvalUse]) -> list[EvalUse]:
    """Those by which items, and not only the benchmark as a whole, go into data of their own.

    Items go in by value and their rubrics, or the results of single samples, are what the program works with.
    """
    told = list(uses)
    by_logs = [one for one in told if one.from_logs and one.how is not How.COUNTS]
    by_items = [one for one in told if not one.from_logs and one.how is How.VALUE]
    steered = {one.use.path for one in by_logs}
    rubrics = [one for one in by_items if any(_RUBRIC.search(code) for code in one.trail[0].act.effects.code)]
    chosen = [one for one in by_items if one.use.path in steered]
    written_up = [one for one in by_logs if one.how is How.VALUE]
    aimed = [*rubrics, *chosen, *(by_logs if chosen else written_up)]
    return [one for place, one in enumerate(aimed) if one not in aimed[:place]]
