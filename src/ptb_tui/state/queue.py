"""The queue of runs: one line a run, filtered and sorted, broken ones among them with their reason."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_tui.cli.reviewer import user_name
from ptb_tui.state.flags import SYMBOLS
from store.errors import PtbError
from store.findings import CoverageState, RuleResult, Severity
from store.library import RunEntry
from store.manifest import SourceInfo, State

if TYPE_CHECKING:  # a run that is opened by itself is painted without what a queue weighs
    from ptb_tui.state.stakes import Stake
    from review.reviewed import Reviewed

UNDECIDED = "undecided"
DISPUTED = "disputed"
STALE = "stale"
"""Decided, but on another recording."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the review records of one run come to."""

    counts: dict[Severity, int]
    findings: tuple[tuple[Severity, str, str], ...]
    """Severity, rule and title of what stands, the gravest first."""
    scanned: bool
    verdict: str | None
    """What people's verdicts come to; None where no human decided on this recording."""
    stale: bool
    """Nobody decided on this recording, but on an earlier one."""
    unseen: tuple[RuleResult, ...] = ()
    """Rules that could not look, or not everywhere."""
    stake: "Stake | None" = None
    """What the decision is worth."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the queue."""

    run_id: str
    folder: Path
    agent: str
    task: str
    score: float | None
    """As reported, a fraction."""
    started_at: int | None
    """Nanoseconds since the epoch."""
    duration: int | None
    """Nanoseconds."""
    state: str
    """recording, closed, recovered, damaged, or broken."""
    reason: str | None
    """Why it is broken."""
    benchmark: str = ""
    base_model: str = ""
    witnesses: tuple[SourceInfo, ...] = ()
    replicate: str = ""
    """Which repetition of its case it is, as the run says."""
    judgement: Judgement | None = None
    """None as long as it has not been read."""

    @property
    def broken(self) -> bool:
        """Whether it cannot be opened."""
        return self.reason is not None

    @property
    def flags(self) -> str:
        """Flags in symbols and counts."""
        if self.judgement is None or self.broken:
            return ""
        counts = {s: n for s, n in self.judgement.counts.items() if n}
        blind = any(one.coverage.state is CoverageState.COULD_NOT_LOOK for one in self.judgement.unseen)
        seen = "◐ could not look" if blind else "◐ partial" if self.judgement.unseen else "none"
        if counts:
            flags = "  ".join(f"{SYMBOLS[severity]} {count}" for severity, count in counts.items())
            return f"{flags}  ◐" if self.judgement.unseen else flags
        return seen if self.judgement.scanned else "not scanned"

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        if self.judgement is None or self.broken:
            return ""
        if self.judgement.verdict is None:
            return STALE if self.judgement.stale else UNDECIDED
        return self.judgement.verdict

    @property
    def undecided(self) -> bool:
        """Whether it waits for a person: nobody decided on this recording, or those who did disagree."""
        return self.state != State.RECORDING and self.verdict in (UNDECIDED, DISPUTED, STALE)

    @property
    def unread(self) -> bool:
        """Whether nobody has looked yet at what lies beside it."""
        return self.judgement is None and not self.broken

    @property
    def worth(self) -> float | None:
        """Impact on the leaderboard × uncertainty; None where no score can move, or nothing is known yet."""
        stake = self.judgement.stake if self.judgement else None
        return stake.worth if stake and self.undecided else None

    @property
    def words(self) -> str:
        """All that the filter looks at."""
        return " ".join(
            (self.run_id, self.agent, self.task, self.state, self.flags, self.verdict, self.reason or "")
        ).lower()


class Sort(StrEnum):
    """The columns in the order in which sorting walks through them."""

    STARTED = "started"
    WORTH = "worth"
    FLAGS = "flags"
    AGENT = "agent"
    TASK = "task"
    SCORE = "score"
    VERDICT = "verdict"
    DURATION = "duration"
    STATE = "state"


class Grouping(StrEnum):
    """What runs can be put together by."""

    NONE = "none"
    AGENT = "agent"
    TASK = "task"
    VERDICT = "verdict"


_GROUPS: dict[Grouping, Callable[["RunLine"], str]] = {
    Grouping.NONE: lambda _line: "",
    Grouping.AGENT: lambda line: line.agent or "agent not known",
    Grouping.TASK: lambda line: line.task or "task not known",
    Grouping.VERDICT: lambda line: "broken" if line.broken else line.verdict or "not read yet",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """Stands above the runs of one group."""

    title: str
    runs: int
    undecided: int
    counts: dict[Severity, int]
    worth: float
    """Sum over its runs."""


def _flag_rank(line: RunLine) -> tuple[int, ...]:
    counts = line.judgement.counts if line.judgement else {}
    return tuple(-counts.get(severity, 0) for severity in Severity)


_KEYS: dict[Sort, Callable[[RunLine], tuple[object, ...]]] = {
    Sort.STARTED: lambda line: (line.started_at is None, -(line.started_at or 0)),
    Sort.WORTH: lambda line: (not line.undecided, line.worth is None, -(line.worth or 0), _flag_rank(line)),
    Sort.FLAGS: _flag_rank,
    Sort.AGENT: lambda line: (line.agent.lower(), line.task.lower()),
    Sort.TASK: lambda line: (line.task.lower(), line.agent.lower()),
    Sort.SCORE: lambda line: (line.score is None, -(line.score or 0)),
    Sort.VERDICT: lambda line: (not line.undecided, line.verdict),
    Sort.DURATION: lambda line: (line.duration is None, -(line.duration or 0)),
    Sort.STATE: lambda line: (line.state,),
}


class Queue:
    """The runs in view and the selected one."""

    def __init__(self) -> None:
        self._lines: dict[Path, RunLine] = {}
        self._shown: list[RunLine] = []
        self._selected: Path | None = None
        self.index = 0
        """Of the selected run among :attr:`shown`."""
        self.filter_text = ""
        self.sort = Sort.STARTED
        self.reversed = False
        self.grouping = Grouping.NONE
        self.rows: list[int | Heading] = []
        """What stands in the table: headings, and indexes of the runs shown."""
        self._row_of: list[int] = []
        self.marked: tuple[Path, ...] = ()
        """The runs to be compared, at most two; the older mark goes first."""

    @property
    def row(self) -> int:
        """Of the selected run in the table."""
        return self._row_of[self.index] if self._shown else 0

    @property
    def shown(self) -> list[RunLine]:
        """The lines that pass the filter, sorted."""
        return self._shown

    @property
    def total(self) -> int:
        """All runs."""
        return len(self._lines)

    @property
    def unread(self) -> int:
        """Runs whose review is still to be read."""
        return sum(line.unread for line in self._lines.values())

    @property
    def selected(self) -> RunLine | None:
        """The selected run; None when nothing is shown."""
        return self._shown[self.index] if self._shown else None

    def mark(self) -> bool:
        """Mark the selected run, or take its mark back; whether it is marked now."""
        selected = self.selected
        if selected is None:
            return False
        if selected.folder in self.marked:
            self.marked = tuple(one for one in self.marked if one != selected.folder)
            return False
        self.marked = (*self.marked, selected.folder)[-2:]
        return True

    @property
    def to_compare(self) -> tuple[Path, Path] | None:
        """The two marked runs, or the marked one and the selected one; None where there are not two."""
        chosen = self.marked
        if len(chosen) == 1 and self.selected is not None and self.selected.folder not in chosen:
            chosen = (*chosen, self.selected.folder)
        return (chosen[0], chosen[1]) if len(chosen) == 2 else None

    def beside(self, folder: Path) -> Path | None:
        """The run to compare the one in ``folder`` with: a marked one, else another of the same task."""
        marked = [one for one in self.marked if one != folder]
        own = self._lines.get(folder)
        if marked or own is None:
            return marked[-1] if marked else None
        same = (
            line.folder
            for line in self._lines.values()
            if line.folder != folder and line.task == own.task and not line.broken
        )
        return next(same, None)

    def fill(self, lines: Iterable[RunLine]) -> None:
        """Show these runs; what is known about their review is kept until it is read again."""
        known = self._lines
        self._lines = {
            line.folder: replace(line, judgement=known[line.folder].judgement)
            if line.folder in known and line.judgement is None
            else line
            for line in lines
        }
        self._arrange()

    def judge(self, judgements: dict[Path, Judgement]) -> None:
        """Add what the review records say."""
        for folder, judgement in judgements.items():
            if folder in self._lines:
                self._lines[folder] = replace(self._lines[folder], judgement=judgement)
        self._arrange()

    def filter(self, text: str) -> None:
        """Show only runs that hold every word of ``text``."""
        self.filter_text = text.strip()
        self._arrange()

    def next_sort(self) -> None:
        """Sort by the next column."""
        order = list(Sort)
        self.sort = order[(order.index(self.sort) + 1) % len(order)]
        self.reversed = False
        self._arrange()

    def next_grouping(self) -> None:
        """Put runs together by the next thing."""
        order = list(Grouping)
        self.grouping = order[(order.index(self.grouping) + 1) % len(order)]
        self._arrange()

    def reverse(self) -> None:
        """Turn the order around."""
        self.reversed = not self.reversed
        self._arrange()

    def select(self, index: int) -> None:
        """Select the run at ``index`` of those shown, or the nearest there is."""
        if self._shown:
            self.index = min(max(index, 0), len(self._shown) - 1)
            self._selected = self._shown[self.index].folder

    def select_folder(self, folder: Path) -> None:
        """Select the run in ``folder``, if it is shown."""
        index = next((i for i, line in enumerate(self._shown) if line.folder == folder), None)
        if index is not None:
            self.select(index)

    def next_undecided(self) -> bool:
        """Select the next run that waits for a decision, around the end; False when there is none."""
        count = len(self._shown)
        for step in range(1, count + 1):
            index = (self.index + step) % count
            if self._shown[index].undecided:
                self.select(index)
                return True
        return False

    def _arrange(self) -> None:
        wanted = self.filter_text.lower().split()
        lines = [line for line in self._lines.values() if not wanted or _holds(line.words, wanted)]
        lines.sort(key=_KEYS[self.sort], reverse=self.reversed)
        if self.grouping is not Grouping.NONE:
            lines.sort(key=lambda line: _GROUPS[self.grouping](line).lower())
        self._shown = lines
        self._group()
        self.index = next((i for i, line in enumerate(lines) if line.folder == self._selected), 0)
        self.select(min(self.index, max(len(lines) - 1, 0)))

    def _group(self) -> None:
        """Lay out the table."""
        self.rows, self._row_of = [], []
        indexed = enumerate(self._shown)
        for title, group in groupby(indexed, key=lambda one: _GROUPS[self.grouping](one[1])):
            members = list(group)
            if self.grouping is not Grouping.NONE:
                self.rows.append(_heading(title, [line for _, line in members]))
            for index, _ in members:
                self._row_of.append(len(self.rows))
                self.rows.append(index)


def _holds(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _heading(title: str, lines: Sequence[RunLine]) -> Heading:
    counts = [line.judgement.counts for line in lines if line.judgement]
    return Heading(
        title=title,
        runs=len(lines),
        undecided=sum(line.undecided for line in lines),
        counts={severity: sum(one.get(severity, 0) for one in counts) for severity in Severity},
        worth=sum(line.worth or 0 for line in lines),
    )


def run_line(entry: RunEntry) -> RunLine:
    """What the manifest alone says."""
    manifest = entry.manifest
    if manifest is None:
        return RunLine(
            entry.run_id,
            entry.folder,
            "",
            "",
            None,
            None,
            None,
            entry.state,
            (entry.error or "unreadable").replace(f"{entry.folder}/", ""),
        )
    facts = manifest.facts
    ended = manifest.ended_at if manifest.state is not State.RECORDING else None
    return RunLine(
        run_id=manifest.run_id,
        folder=entry.folder,
        agent=" · ".join(filter(None, (facts.agent, facts.agent_model))) or facts.command or "",
        task=" · ".join(filter(None, (facts.benchmark, facts.base_model))),
        score=facts.reported_score,
        started_at=manifest.started_at,
        duration=ended - manifest.started_at if ended and manifest.started_at is not None else None,
        state=entry.state,
        reason=None,
        benchmark=facts.benchmark or "",
        base_model=facts.base_model or "",
        witnesses=manifest.sources,
        replicate=facts.replicate or "",
    )


def judgement(entry: RunEntry) -> Judgement | None:
    """What the review records say; None where the run cannot be read."""
    from review.reviewed import read_reviewed

    if entry.manifest is None:
        return None
    try:
        return judgement_of(read_reviewed(entry.folder, entry.manifest, reader=user_name()))
    except (PtbError, OSError) as error:
        why = (Severity.NOTE, "review", f"what lies beside the run cannot be read: {error}")
        return Judgement({}, (why,), scanned=False, verdict=None, stale=False)


def judgement_of(reviewed: "Reviewed") -> Judgement:
    """What the queue tells of a run's review."""
    from ptb_tui.state.stakes import stake_of

    standing = tuple(
        (one.severity or Severity.NOTE, one.finding.rule, one.finding.title) for one in reviewed.standing
    )
    settled = reviewed.outcome
    words: str | None = None
    if settled is not None and settled.disputed:
        words = DISPUTED
    elif settled is not None:
        words = settled.score_action.value if settled.score_action else "judged"
    return Judgement(
        counts={severity: sum(one[0] is severity for one in standing) for severity in Severity},
        findings=standing,
        scanned=bool(reviewed.scans),
        verdict=words,
        stale=settled is None
        and any(one.is_stale(reviewed.manifest.recording_hash) for one in reviewed.verdicts),
        unseen=reviewed.unseen,
        stake=stake_of(reviewed),
    )


def judgements(entries: Iterable[RunEntry]) -> dict[Path, Judgement]:
    """What the review records say of each run that can be read, by folder."""
    judged = ((entry.folder, judgement(entry)) for entry in entries)
    return {folder: found for folder, found in judged if found is not None}
