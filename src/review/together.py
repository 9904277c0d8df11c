"""One rule made of several looks: in Python where text must be understood, in SQL where rows suffice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from review.detector import Detector, RunView
from store.errors import PtbError
from store.findings import Coverage, CoverageState, RuleResult

_STRONGEST = (CoverageState.FOUND, CoverageState.PARTIAL, CoverageState.CLEAR, CoverageState.COULD_NOT_LOOK)


@dataclass(frozen=True, slots=True)
class Together:
    """Looks that share a rule; one that fails costs only its own part."""

    parts: Sequence[Detector]

    @property
    def rule(self) -> str:
        """The rule of the first; all have the same."""
        return self.parts[0].rule

    @property
    def version(self) -> str:
        """The versions of all."""
        return ".".join(part.version for part in self.parts)

    def look(self, run: RunView) -> RuleResult:
        """All findings, and one coverage: what one part could not see makes the whole partial."""
        results = [_ask(part, run) for part in self.parts]
        findings = tuple(
            replace(finding, rule_version=self.version) for result in results for finding in result.findings
        )
        return RuleResult(self.rule, self.version, _joined([result.coverage for result in results]), findings)


def _ask(part: Detector, run: RunView) -> RuleResult:
    try:
        return part.look(run)
    except PtbError as error:
        blind = Coverage(
            CoverageState.COULD_NOT_LOOK, "nothing", "a part of the rule", str(error), promised=True
        )
        return RuleResult(part.rule, part.version, blind)


def _joined(all_said: Sequence[Coverage]) -> Coverage:
    # A part that had nothing to look at says nothing of the whole.
    looked = [s for s in all_said if s.state is not CoverageState.CLEAR or s.looked_at != "nothing"]
    states = {said.state for said in looked or all_said}
    state = next(state for state in _STRONGEST if state in states)
    if state is CoverageState.CLEAR and CoverageState.COULD_NOT_LOOK in states:
        state = CoverageState.PARTIAL
    return Coverage(
        state,
        looked_at=_each(", ", (said.looked_at for said in all_said if said.looked_at != "nothing"))
        or "nothing",
        not_seen=_each("; ", (said.not_seen for said in all_said)),
        reason=_each("; ", (said.reason for said in all_said)),
        promised=any(said.promised for said in all_said),
    )


def _each(glue: str, texts: Iterable[str]) -> str:
    """The parts of these texts, each once; one that another repeats with a reason (``X: never recorded``) is left out."""
    parts = dict.fromkeys(part for text in texts for part in text.split(glue) if part)
    return glue.join(part for part in parts if not any(other.startswith(f"{part}: ") for other in parts))
