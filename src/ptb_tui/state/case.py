"""Case, the first screen of a run: what speaks against it and for it, what nobody saw, what the decision is worth.

The screen shows two columns, or all in one on a narrow terminal; nothing here knows of a terminal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ptb_tui.actions.registry import label_of
from ptb_tui.state.draft import Axis
from ptb_tui.state.flags import SYMBOLS, tally
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part, whose
from ptb_tui.state.missing import Unseen, unseen_by_rules, unseen_by_witnesses
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.queue import UNDECIDED
from ptb_tui.state.stakes import Stake
from ptb_tui.state.times import brief, counted, day_and_time
from review.reviewed import Reviewed
from store.findings import CoverageState, FindingState, Severity, StandingFinding
from store.jobs import Job
from store.library import RunEntry
from store.manifest import State
from store.verdicts import Answer, ReviewerKind, Verdict

_RATIONALE_LINES = 6
_ANSWER_INKS = {Answer.CLEAN: "good", Answer.VIOLATION: "violation", Answer.UNCLEAR: "suspicious"}
_KIND_WORDS = {
    ReviewerKind.HUMAN: "reviewer",
    ReviewerKind.MODEL: "model asked by ptb",
    ReviewerKind.IMPORTED: "judge that came with the run",
    ReviewerKind.RECONCILED: "reconciled",
}


WORKING_OUT = Section(
    "how final_model was made",
    (Item((line(("working it out from what processes read and wrote …", "soft")),)),),
)
"""Stands where :func:`ptb_tui.state.making.making` will."""


@dataclass(frozen=True, slots=True)
class CasePages:
    """The sections of both columns."""

    main: tuple[Section, ...]
    aside: tuple[Section, ...]


def case_headline(entry: RunEntry, reviewed: Reviewed | None) -> list[HeadLine]:
    """The two lines that are always there: whose run this is, and how it stands."""
    assert entry.manifest is not None
    first: HeadLine = (
        [
            Part("ptb", "accent"),
            *whose(entry.manifest.facts),
            Part(entry.run_id, "soft", 4),
        ],
        [],
    )
    if reviewed is None:
        return [first, ([Part("reading the case …", "soft")], [])]
    counts = {s: sum(one.severity is s for one in reviewed.standing) for s in Severity}
    first[1].extend(
        Part(tally(severity, count), severity.value, rank)
        for rank, (severity, count) in zip((0, 3, 5), counts.items(), strict=True)
        if count
    )
    if reviewed.unseen:
        first[1].append(
            Part(f"◐ {counted(len(reviewed.unseen), 'rule', 'rules')} could not see all", "suspicious", 3)
        )
    if reviewed.problems:
        unread = counted(len(reviewed.problems), "review file", "review files")
        first[1].append(Part(f"◐ {unread} unreadable", "suspicious", 3))
    return [first, ([decided(reviewed), *_when(entry)], [])]


def decided(reviewed: Reviewed) -> Part:
    """How the case stands, in a few words."""
    settled = reviewed.outcome
    if settled is None:
        stale = any(one.is_stale(reviewed.manifest.recording_hash) for one in reviewed.verdicts)
        return Part("undecided: the verdict was on another recording" if stale else UNDECIDED, "suspicious")
    by = ", ".join(settled.by)
    if settled.disputed:
        return Part(f"disputed between {by}", "suspicious")
    action = settled.score_action.value if settled.score_action else "score not decided"
    ink = _ANSWER_INKS[settled.answer] if settled.answer else "suspicious"
    return Part(f"decided by {by}: {settled.answer}, {action}", ink)


def _when(entry: RunEntry) -> Iterator[Part]:
    manifest = entry.manifest
    assert manifest is not None
    if manifest.started_at is None:
        yield Part("no clock: order only", "suspicious", 2)
        return
    yield Part(f"started {day_and_time(manifest.started_at)} UTC", "soft", 3)
    if manifest.ended_at is not None:
        yield Part(f"lasted {brief(manifest.ended_at - manifest.started_at)}", "soft", 2)
    if entry.state != State.CLOSED:
        yield Part(entry.state, "suspicious", 1)


def pages(entry: RunEntry, reviewed: Reviewed, stake: Stake, scoring: Job | None = None) -> CasePages:
    """Everything that is known of the case; ``scoring`` is the job that scores it now."""
    return CasePages(
        main=(
            _against(reviewed),
            _missing(entry, reviewed),
            _for(reviewed),
            Section("judges and reviewers", tuple(_judges(reviewed))),
        ),
        aside=(
            Section("next", tuple(Item((one,)) for one in next_action(entry, reviewed))),
            Section("score at stake", (Item((*_under_way(scoring), *_score(reviewed, stake))),)),
            Section("the run", (Item(tuple(_run(entry))),)),
        ),
    )


def next_action(entry: RunEntry, reviewed: Reviewed) -> list[Line]:
    """What a reviewer had best do now."""
    if entry.state == State.RECORDING:
        return [
            line(("it is still being recorded: ", "ink"), (label_of("case.replay"), "accent"), " follows it")
        ]
    if entry.state == "damaged":
        return [line(("parts are missing: ", "violation"), f"`ptb verify {entry.run_id}` says which")]
    lines = []
    open_ = [one for one in reviewed.standing if one.state is FindingState.OPEN]
    grave = [one for one in open_ if one.severity in (Severity.VIOLATION, Severity.SUSPICIOUS)]
    settled = reviewed.outcome
    if not reviewed.scans:
        lines.append(
            line(("nobody looked yet: ", "suspicious"), f"`ptb scan {entry.run_id}` runs the detectors")
        )
    if settled is not None and settled.disputed:
        return [
            line(
                ("reviewers disagree: ", "suspicious"),
                "read both rationales, then ",
                (label_of("case.verdict"), "accent"),
                " decides",
            )
        ]
    if settled is not None:
        return [
            line(
                "settled; ",
                (label_of("case.next_undecided"), "accent"),
                " takes the next undecided case",
                hang=2,
            )
        ]
    if grave:
        many = f"{len(grave)} findings wait" if len(grave) > 1 else "a finding waits"
        lines.append(
            line(
                f"{many} for your word: ",
                (label_of("case.replay"), "accent"),
                " reads the evidence, ",
                (label_of("case.accept"), "accent"),
                " accepts, ",
                (label_of("case.reject"), "accent"),
                " rejects",
            )
        )
    elif reviewed.unseen:
        lines.append(
            line(
                "no flag, and not everything was seen: ",
                (label_of("case.replay"), "accent"),
                " replays what there is",
            )
        )
    return [
        *lines,
        line(
            (label_of("case.verdict"), "accent"),
            " decides, then ",
            (label_of("case.next_undecided"), "accent"),
            " takes the next undecided case",
        ),
    ]


def finding_lines(standing: StandingFinding, reviewed: Reviewed | None = None) -> list[Line]:
    """A finding in two to four lines: what, how far it got, through what, and who said what of it."""
    finding = standing.finding
    severity = standing.severity or Severity.NOTE
    rejected = standing.state is FindingState.REJECTED
    lines = [
        line(
            (f"{SYMBOLS[severity]} {severity.value}  ", "faint" if rejected else severity.value),
            (finding.rule, "strong"),
            (f"  reach: {finding.reach}", "soft"),
            ("" if standing.severity else "  not ruled on yet", "suspicious"),
        ),
        line((finding.title, "tried" if rejected else "ink"), hang=2),
    ]
    if finding.lineage:
        lines.append(line((" → ".join(finding.lineage), "files"), hang=2))
    word = reviewed.word_on(finding.finding_id) if reviewed else None
    if word is not None and word.state is not FindingState.OPEN:
        because = f": {word.reason}" if word.reason else ""
        ink = "good" if word.state is FindingState.ACCEPTED else "note"
        lines.append(line((f"{word.state.value} by {word.reviewer}{because}", ink), hang=2))
    return lines


def _against(reviewed: Reviewed) -> Section:
    items = [_finding(one, reviewed) for one in reviewed.standing]
    for verdict in _latest(reviewed):
        accused = [axis.value for axis in Axis if getattr(verdict, axis) is Answer.VIOLATION]
        if accused and verdict.reviewer_kind in (ReviewerKind.IMPORTED, ReviewerKind.MODEL):
            said = f"{verdict.reviewer} says: violation ({', '.join(accused)})"
            items.append(Item((line(("△ judged  ", "suspicious"), (said, "ink")),)))
    if not items:
        nothing = "no finding stands" if reviewed.scans else "not scanned: nobody looked"
        items = [Item((line((nothing, "soft" if reviewed.scans else "suspicious")),))]
    ruled = next((one.profile for one in reviewed.standing if one.profile), None)
    return Section("against", tuple(items), f"rules: {ruled}" if ruled else "")


def _finding(standing: StandingFinding, reviewed: Reviewed) -> Item:
    finding = standing.finding
    seq = finding.evidence[0].seq if finding.evidence else None
    return Item(tuple(finding_lines(standing, reviewed)), key=("finding", finding.finding_id), seq=seq)


def _missing(entry: RunEntry, reviewed: Reviewed) -> Section:
    assert entry.manifest is not None
    unseen = [*unseen_by_rules(reviewed.unseen), *unseen_by_witnesses(entry.manifest.sources)]
    if not reviewed.scans:
        unseen.insert(0, Unseen("not scanned", "all rules", "no detector has looked at it"))
    unseen += [Unseen("unreadable", one.path.name, one.reason) for one in reviewed.problems]
    items = tuple(Item((one.flowing(),)) for one in unseen if one.missing)
    return Section("missing", items or (_item("nothing that is known of", "soft"),))


def _for(reviewed: Reviewed) -> Section:
    items = tuple(_speaks_for(reviewed))
    return Section(
        "for", items or (_item("nothing yet: no rule looked everywhere and found it clear", "soft"),)
    )


def _speaks_for(reviewed: Reviewed) -> Iterator[Item]:
    for result in reviewed.results.values():
        if result.coverage.state is CoverageState.CLEAR:
            looked_at = f"looked at {result.coverage.looked_at}"
            word = ("◐ nothing found", "soft") if result.coverage.not_seen else ("✓ clear", "good")
            yield Item((line(word, "  ", (result.rule, "strong"), "  ", (looked_at, "soft"), hang=4),))
    for one in reviewed.findings:
        if one.state is FindingState.REJECTED:
            yield _finding(one, reviewed)
    for check in reviewed.weight_checks[-1:]:
        yield Item(
            (
                line(
                    ("· weights", "soft"),
                    "  ",
                    (check.answer, "strong"),
                    "  ",
                    (check.reason, "soft"),
                    hang=4,
                ),
            )
        )


def _under_way(scoring: Job | None) -> Iterator[Line]:
    if scoring is not None:
        done = f", {share:.0%}" if (share := scoring.progress.share) is not None else ""
        yield line(
            (f"● being scored now: {scoring.phase}{done}; ", "good"),
            (label_of("case.score"), "accent"),
            " follows it",
            hang=2,
        )


def _score(reviewed: Reviewed, stake: Stake) -> Iterator[Line]:
    facts = reviewed.manifest.facts
    measured = reviewed.measured
    if facts.reported_score is not None:
        yield line((f"{facts.reported_score:>7.1%}", "strong"), "  reported")
    if measured is not None and measured.value is not None:
        how = (
            f"{measured.engine}, {counted(measured.samples, 'sample')}"
            if measured.samples
            else measured.engine
        )
        error = f" ± {measured.stderr:.1%}" if measured.stderr is not None else ""
        yield line(
            (f"{measured.value:>7.1%}", "strong"), f"  measured by ptb{error} ", (f"({how})", "soft"), hang=9
        )
    if stake.score is None:
        yield line(("no score was reported or measured: it counts as failed", "suspicious"))
    if stake.base is None:
        yield line(("its task is not in the catalog: no base score to fall to", "soft"))
        return
    says = "what it counts with: the base model's" if stake.score is None else "if it falls: the base model's"
    yield line((f"{stake.base:>7.1%}", "strong"), f"  {says}", hang=9)
    if stake.impact is None or stake.share is None:
        return
    yield line(
        (f"{stake.impact * 100:>7.2f}", "strong"),
        "  points of the agent's mean ",
        (f"(this task is {stake.share:.1%} of the leaderboard)", "soft"),
        hang=9,
    )


def _run(entry: RunEntry) -> Iterator[Line]:
    assert entry.manifest is not None
    facts = entry.manifest.facts
    known = (
        ("method", facts.method),
        ("replicate", facts.replicate),
        ("limit", brief(int(facts.limit_s * 10**9)) if facts.limit_s else None),
        ("ended with", facts.exit_status),
        ("gpu", facts.gpu_name),
        ("image", facts.image),
        ("rows", f"{entry.manifest.next_seq:,}"),
        ("from", facts.source_path),
    )
    width = max(len(name) for name, _ in known) + 1
    for name, value in known:
        if value:
            yield line((f"{name:<{width}}", "soft"), value, hang=width)


def _judges(reviewed: Reviewed) -> Iterator[Item]:
    verdicts = _latest(reviewed)
    if reviewed.hidden:
        yield _item(f"{reviewed.hidden} hidden: you were asked to decide blind", "note")
    elif not verdicts:
        yield _item("nobody yet", "soft")
    for verdict in verdicts:
        stale = verdict.is_stale(reviewed.manifest.recording_hash)
        head = line(
            (verdict.reviewer, "strong"),
            (f"  {_KIND_WORDS[verdict.reviewer_kind]}, {day_and_time(verdict.ts)}", "soft"),
            ("  stale: of another recording" if stale else "", "suspicious"),
        )
        answers = [(axis, getattr(verdict, axis)) for axis in Axis]
        said: list[str | tuple[str, str]] = []
        for axis, answer in answers:
            if answer is not None:
                said += [(f"{axis.value} ", "soft"), (f"{answer.value}  ", _ANSWER_INKS[answer])]
        if verdict.score_action is not None:
            said.append((f"→ {verdict.score_action.value}", "strong"))
        reason = body(verdict.rationale, "soft") if verdict.rationale else []
        more = (
            [line((f"… {counted(len(reason) - _RATIONALE_LINES, 'more line')}", "note"))]
            if len(reason) > _RATIONALE_LINES
            else []
        )
        yield Item(
            (head, line(*said) if said else line(("no answer", "soft")), *reason[:_RATIONALE_LINES], *more),
            key=("verdict", verdict.verdict_id),
            seq=verdict.evidence[0] if verdict.evidence else None,
        )
    people = [mark for mark in reviewed.marks if mark.text]
    for mark in people:
        yield Item(
            (
                line(("● ", "accent"), (mark.reviewer, "strong"), ("  comment", "soft")),
                *body(mark.text, "soft")[:_RATIONALE_LINES],
            ),
            key=("mark", mark.reviewer, mark.made_at),
            seq=mark.seq,
        )


def _latest(reviewed: Reviewed) -> Sequence[Verdict]:
    """The last verdict of each reviewer, newest first."""
    return sorted(
        {(one.reviewer_kind, one.reviewer): one for one in reviewed.verdicts}.values(),
        key=lambda one: -one.ts,
    )


def _item(text: str, ink: str) -> Item:
    return Item((line((text, ink)),))
