"""One Markdown sheet a case that is not clean: what was found, by which bytes, what speaks against it, who said what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from review.export.quoting import block, span
from review.export.settled import By, settled
from review.reviewed import Reviewed
from store.findings import FindingState, StandingFinding
from store.instants import iso
from store.sql.query import open_query
from store.verdicts import Answer


@dataclass(frozen=True, slots=True)
class _Row:
    """What is recorded of one row of evidence."""

    at: str | None
    path: str | None
    sha256: str | None
    command: str | None


def is_clean(run: Reviewed) -> bool:
    """Whether nothing asks for a sheet: no violation or suspicion stands and nobody answered anything but clean."""
    found = any(one.accuses for one in run.standing)
    answers = settled(run)
    said = any(answer not in (None, Answer.CLEAN) for answer in (answers.data, answers.model, answers.api))
    return not found and not said and not answers.disputed


def sheet(run: Reviewed) -> str:
    """The sheet of one case."""
    facts = run.manifest.facts
    rows = _rows(run)
    answers = settled(run)
    told = {By.PEOPLE: "decided by people", By.JUDGES: "as imported judges said", By.NOBODY: "not decided"}
    lines = [
        f"# Case {span(facts.case_id or run.manifest.run_id)}",
        "",
        f"- run {span(run.manifest.run_id)}, recording {span(run.manifest.recording_hash or 'not sealed')}",
        (
            f"- agent {span(' · '.join(p for p in (facts.agent, facts.agent_model) if p) or 'unknown')}, "
            f"task {span(facts.benchmark or 'unknown')} on {span(facts.base_model or 'unknown')}"
        ),
        f"- score {_score(run)}",
        (
            f"- {told[answers.by]}{', disputed' if answers.disputed else ''}: data {answers.data or 'open'}, "
            f"model {answers.model or 'open'}, api {answers.api or 'open'}"
        ),
        "",
        "## Findings",
        "",
    ]
    standing = [one for one in run.standing if one.accuses]
    for one in standing:
        lines += _finding(run, one, rows)
    if not standing:
        lines += ["None of severity violation or suspicious stands.", ""]
    lines += ["## What speaks against", "", *_counter(run), ""]
    lines += ["## Reviewers and judges", "", *_reviewers(run), ""]
    return "\n".join(lines)


def _score(run: Reviewed) -> str:
    measured, reported = run.measured, run.manifest.facts.reported_score
    parts = [f"{reported:.4f} as reported"] if reported is not None else []
    if measured is not None and measured.value is not None:
        parts.append(f"{measured.value:.4f} as measured by ptb")
    return ", ".join(parts) or "none"


def _finding(run: Reviewed, standing: StandingFinding, rows: dict[int, _Row]) -> Iterator[str]:
    finding = standing.finding
    yield f"### {standing.severity} · {finding.rule}: {span(finding.title)}"
    yield ""
    counts = finding.counts
    counted = [
        f"{number} {name}"
        for number, name in (
            (counts.rows, "rows"),
            (counts.items, "distinct items"),
            (counts.repetitions, "times the same"),
        )
        if number is not None
    ]
    yield (
        f"reach {finding.reach}, {finding.certainty}, intent {finding.intent}, {standing.state}"
        f"{', ' + ', '.join(counted) if counted else ''}; rule version {span(finding.rule_version)}, "
        f"finding {span(finding.finding_id)}"
    )
    yield ""
    yield block(finding.explanation)
    yield ""
    for evidence in finding.evidence:
        row = rows.get(evidence.seq, _Row(None, None, None, None))
        yield f"- {row.at or 'no clock'} · #{evidence.seq} · {evidence.kind}" + (
            f" · {span(row.path)} sha256 {span(row.sha256)}" if row.path and row.sha256 else ""
        )
        yield f"  open with {span(f'ptb open {run.manifest.run_id} --seq {evidence.seq}')}"
        if row.command:
            yield f"  by command {span(row.command)}"
        yield ""
        yield block(evidence.text)
        yield ""
    if finding.steps:
        yield "The way of the content:"
        yield ""
        for number, step in enumerate(finding.steps, start=1):
            at = f" #{step.seq}" if step.seq is not None else ""
            yield f"{number}. {step.kind}{at} ({step.certainty}) {span(step.text)}"
        yield ""


def _counter(run: Reviewed) -> Iterator[str]:
    told = False
    for one in run.findings:
        if one.state is FindingState.REJECTED:
            word = run.word_on(one.finding.finding_id)
            by = f" by {span(word.reviewer)}: {span(word.reason or 'no reason given')}" if word else ""
            yield f"- rejected{by}: {one.finding.rule}, {span(one.finding.title)}"
            told = True
    for result in run.results.values():
        coverage = result.coverage
        if coverage.not_seen or coverage.reason:
            what = "; ".join(part for part in (coverage.not_seen, coverage.reason) if part)
            yield f"- {result.rule} ({coverage.state.value.replace('_', ' ')}) did not see: {span(what)}"
            told = True
        elif not result.findings:
            yield f"- {result.rule}: {coverage.state.value}, looked at {span(coverage.looked_at)}"
            told = True
    if not told:
        yield "- nothing was recorded: no scan, no rejected finding"


def _reviewers(run: Reviewed) -> Iterator[str]:
    for verdict in run.verdicts:
        stale = ", stale (made on another recording)" if verdict.is_stale(run.manifest.recording_hash) else ""
        action = f", score: {verdict.score_action}" if verdict.score_action else ""
        yield f"- {iso(verdict.ts)} · {span(verdict.reviewer)} ({verdict.reviewer_kind}{stale}): {verdict.answer}{action}"
        if verdict.rationale:
            yield ""
            yield block(verdict.rationale)
            yield ""
    if not run.verdicts:
        yield "- nobody yet"


def _rows(run: Reviewed) -> dict[int, _Row]:
    seqs = {e.seq for one in run.standing if one.accuses for e in one.finding.evidence}
    if not seqs:
        return {}
    wanted = ", ".join(map(str, sorted(seqs)))
    with open_query([run.folder]) as query:
        rows = query.run(
            "SELECT e.seq, epoch_us(e.ts) AS us, v.path, v.sha256, c.text AS command FROM events e "
            "LEFT JOIN file_versions v ON v.seq = e.seq "
            "LEFT JOIN processes p ON p.process_id = e.process_id "
            f"LEFT JOIN commands c ON c.command_id = p.command_id WHERE e.seq IN ({wanted})"
        ).table()
        return {
            row["seq"]: _Row(
                None if row["us"] is None else iso(row["us"] * 1000),
                row["path"],
                row["sha256"],
                row["command"],
            )
            for row in rows.to_pylist()
        }


def _whole(seqs: Iterable[int]) -> list[int]:
    return sorted(int(seq) for seq in seqs)
