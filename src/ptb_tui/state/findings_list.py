"""The findings of one run or of many: by severity and reach under a rule profile, with what rules could not look at."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ptb_tui.state.case import finding_lines
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, line
from ptb_tui.state.times import counted
from review.profile import Profile, load_profile, profile_names
from review.reviewed import Reviewed, gravity
from store.findings import CoverageState, FindingState, RuleResult, Severity, StandingFinding

_TITLES = {Severity.VIOLATION: "violations", Severity.SUSPICIOUS: "suspicious", Severity.NOTE: "notes"}


@dataclass(frozen=True, slots=True)
class Found:
    """One finding and the run it is in."""

    reviewed: Reviewed
    standing: StandingFinding
    """With the severity under the profile that is looked through."""

    @property
    def key(self) -> Hashable:
        """What it is selected by."""
        return "finding", self.reviewed.folder, self.standing.finding.finding_id


@dataclass(frozen=True, slots=True)
class Blind:
    """Runs in which one rule could not look, or not everywhere."""

    rule: str
    state: CoverageState
    where: tuple[tuple[Reviewed, RuleResult], ...]

    @property
    def key(self) -> Hashable:
        """What it is selected by."""
        return "coverage", self.rule, self.state


class FindingsList:
    """What is shown, and through which rules."""

    def __init__(self, *, many_runs: bool) -> None:
        self._many = many_runs
        self._reviewed: dict[Path, Reviewed] = {}
        self._by_key: dict[Hashable, Found | Blind] = {}
        self._profiles: list[Profile | None] = [None, *(load_profile(name) for name in profile_names())]
        self.only_open = False
        self.filter_text = ""
        self.sections: tuple[Section, ...] = ()
        self.counts = dict.fromkeys(Severity, 0)
        """Of what stands, under the profile that is looked through."""

    @property
    def runs(self) -> int:
        """How many were read."""
        return len(self._reviewed)

    @property
    def profile(self) -> str | None:
        """The rules that are looked through; None for those that each run was scanned with."""
        chosen = self._profiles[0]
        return chosen.name if chosen else None

    def add(self, found: Iterable[Reviewed]) -> None:
        """Take in runs, or read again those that are there."""
        for reviewed in found:
            self._reviewed[reviewed.folder] = reviewed
        self._arrange()

    def get(self, key: Hashable | None) -> Found | Blind | None:
        """What an item of the sections stands for."""
        return self._by_key.get(key)

    def next_profile(self) -> None:
        """Look through other rules."""
        self._profiles.append(self._profiles.pop(0))
        self._arrange()

    def toggle_open(self) -> None:
        """Show only findings that nobody decided on, or all."""
        self.only_open = not self.only_open
        self._arrange()

    def filter(self, text: str) -> None:
        """Show only findings that hold every word of ``text``."""
        self.filter_text = text.strip()
        self._arrange()

    def _arrange(self) -> None:
        wanted = self.filter_text.lower().split()
        every = [one for reviewed in self._reviewed.values() for one in self._found(reviewed)]
        standing = [one for one in every if one.standing.state is not FindingState.REJECTED]
        self.counts = {s: sum(one.standing.severity is s for one in standing) for s in Severity}
        shown = [one for one in every if all(word in _words(one) for word in wanted)]
        if self.only_open:
            shown = [one for one in shown if one.standing.state is FindingState.OPEN]
        shown.sort(key=lambda one: gravity(one.standing))
        blind = [one for one in self._blind() if all(word in f"{one.rule} {one.state}" for word in wanted)]
        self._by_key = {one.key: one for one in shown} | {one.key: one for one in blind}
        self.sections = tuple(self._sections(shown, blind))

    def _sections(self, shown: Sequence[Found], blind: Sequence[Blind]) -> Iterator[Section]:
        for severity, title in _TITLES.items():
            of_it = [
                one
                for one in shown
                if one.standing.severity is severity and one.standing.state is not FindingState.REJECTED
            ]
            yield Section(title, tuple(map(self._item, of_it)), str(len(of_it)))
        rejected = [one for one in shown if one.standing.state is FindingState.REJECTED]
        yield Section("rejected", tuple(map(self._item, rejected)), str(len(rejected)))
        yield Section(
            "what rules could not see", tuple(Item((self._blind_line(one),), one.key) for one in blind)
        )

    def _item(self, found: Found) -> Item:
        lines = finding_lines(found.standing, found.reviewed)
        if self._many:
            facts = found.reviewed.manifest.facts
            agent = (
                " · ".join(filter(None, (facts.agent, facts.agent_model))) or found.reviewed.manifest.run_id
            )
            task = " · ".join(filter(None, (facts.benchmark, facts.base_model)))
            lines = [lines[0], line((agent, "agent"), "  ", (task, "soft"), hang=2), *lines[1:]]
            if found.standing.finding.lineage:
                del lines[3]
        evidence = found.standing.finding.evidence
        return Item(tuple(lines), found.key, evidence[0].seq if evidence else None)

    def _blind_line(self, blind: Blind) -> Line:
        word = "could not look" if blind.state is CoverageState.COULD_NOT_LOOK else "partial"
        where = (
            f"in {len(blind.where)} of {counted(self.runs, 'run', 'runs')}" if self._many else _unseen(blind)
        )
        return line((f"◐ {word}", "suspicious"), "  ", (blind.rule, "strong"), "  ", (where, "soft"), hang=4)

    def _found(self, reviewed: Reviewed) -> Iterator[Found]:
        chosen = self._profiles[0]
        for standing in reviewed.findings:
            if chosen is None:
                severity = standing.severity or Severity.NOTE
                name = standing.profile
            else:
                severity, name = chosen.severity(standing.finding), chosen.name
            yield Found(reviewed, StandingFinding(standing.finding, standing.state, name, severity))

    def _blind(self) -> list[Blind]:
        where: dict[tuple[str, CoverageState], list[tuple[Reviewed, RuleResult]]] = defaultdict(list)
        for reviewed in self._reviewed.values():
            for result in reviewed.unseen:
                blind = result.coverage.state is CoverageState.COULD_NOT_LOOK
                state = CoverageState.COULD_NOT_LOOK if blind else CoverageState.PARTIAL
                where[result.rule, state].append((reviewed, result))
        found = [Blind(rule, state, tuple(there)) for (rule, state), there in where.items()]
        return sorted(found, key=lambda one: (one.state is not CoverageState.COULD_NOT_LOOK, -len(one.where)))


def _unseen(blind: Blind) -> str:
    coverage = blind.where[0][1].coverage
    return "; ".join(filter(None, (coverage.not_seen, coverage.reason)))


def _words(found: Found) -> str:
    """All that the filter looks at."""
    finding, facts = found.standing.finding, found.reviewed.manifest.facts
    parts = (
        finding.rule,
        finding.title,
        finding.reach,
        found.standing.severity,
        found.standing.state,
        found.reviewed.manifest.run_id,
        facts.agent,
        facts.agent_model,
        facts.benchmark,
        facts.base_model,
    )
    return " ".join(filter(None, parts)).lower()
