"""Everything there is to know about one finding, or about what one rule could not see."""

from collections.abc import Iterator

from ptb_tui.state.findings_list import Blind, Found
from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.times import counted, day_and_time, elapsed, utc
from review.known_runs import track_record
from review.profile import load_profile, profile_names
from store.findings import CoverageState, Severity

_NAME_WIDTH = 10
_RUNS_SHOWN = 50


def finding_sections(found: Found) -> tuple[Section, ...]:
    """A finding in full: the fact, its evidence, how it is ruled on, how its rule did, and who said what."""
    finding, severity = found.standing.finding, found.standing.severity or Severity.NOTE
    head = line(
        (f"{SYMBOLS[severity]} {severity.value}", severity.value), "  ", (finding.rule, "strong"),
        "  ", (f"reach: {finding.reach}", "soft"),
    )  # fmt: skip
    said = (
        finding.explanation
        if finding.title in finding.explanation
        else f"{finding.title}. {finding.explanation}"
    )
    fact = [head, *body(said), line(), *_fields(found)]
    if finding.lineage:
        fact += [line(), line((" → ".join(finding.lineage), "files"), hang=2)]
    evidence = tuple(
        Item(
            (line((f"#{one.seq} {one.kind}", "strong"), "  ", (one.text, "ink"), hang=4),),
            ("evidence", one.seq),
            one.seq,
        )
        for one in finding.evidence
    )
    return (
        Section("the fact", (Item(tuple(fact)),)),
        Section("evidence", evidence, counted(len(evidence), "row", "rows")),
        Section("under other rules", tuple(Item((one,)) for one in _rulings(found))),
        Section("how far to trust it", tuple(Item((one,)) for one in _trust(found))),
        Section("words on it", tuple(Item(tuple(one)) for one in _words(found))),
    )


def blind_sections(blind: Blind) -> tuple[Section, ...]:
    """Where a rule could not see, and why."""
    items = []
    for reviewed, result in blind.where[:_RUNS_SHOWN]:
        coverage = result.coverage
        lines = [line((reviewed.manifest.run_id, "strong"))]
        lines.append(line(("looked at ", "soft"), coverage.looked_at or "nothing", hang=2))
        lines.append(line(("not seen ", "suspicious"), coverage.not_seen or "everything", hang=2))
        if coverage.reason:
            lines.append(line(("because ", "soft"), (coverage.reason, "soft"), hang=2))
        items.append(Item(tuple(lines)))
    if len(blind.where) > _RUNS_SHOWN:
        items.append(Item((line((f"… and {counted(len(blind.where) - _RUNS_SHOWN, 'more run')}", "note")),)))
    word = "could not look" if blind.state is CoverageState.COULD_NOT_LOOK else "could not see everything"
    return (Section(f"{blind.rule} {word}", tuple(items)),)


def _fields(found: Found) -> Iterator[Line]:
    finding, started = found.standing.finding, found.reviewed.manifest.origin
    counts = finding.counts
    when = None
    if finding.ts is not None and started is not None:
        when = f"T+{elapsed(finding.ts - started)}, {utc(finding.ts)}"
    known = (
        ("when", when or "no clock"),
        ("certainty", finding.certainty.value),
        ("intent", finding.intent.value),
        ("rows", None if counts.rows is None else counted(counts.rows, "training sample")),
        ("items", None if counts.items is None else counted(counts.items, "benchmark item")),
        ("repeated", None if counts.repetitions is None else f"up to {counted(counts.repetitions, 'time')}"),
        ("found by", f"{finding.rule} {finding.rule_version}" if finding.author is None else finding.author),
        ("id", finding.finding_id),
    )
    for name, value in known:
        if value is not None:
            yield line((f"{name:<{_NAME_WIDTH}}", "soft"), value, hang=_NAME_WIDTH)


def _rulings(found: Found) -> Iterator[Line]:
    for name in profile_names():
        severity = load_profile(name).severity(found.standing.finding)
        yield line(
            (f"{name:<{_NAME_WIDTH}}", "soft"), (f"{SYMBOLS[severity]} {severity.value}", severity.value)
        )


def _trust(found: Found) -> Iterator[Line]:
    finding = found.standing.finding
    if finding.author is None:
        yield line((track_record(finding.rule, finding.rule_version), "ink"), hang=2)
    result = found.reviewed.results.get(finding.rule)
    if result is not None:
        yield line(("looked at ", "soft"), result.coverage.looked_at, hang=2)
        if result.coverage.not_seen:
            yield line(("◐ not seen ", "suspicious"), result.coverage.not_seen, hang=2)
        if result.coverage.reason:
            yield line(("because ", "soft"), (result.coverage.reason, "soft"), hang=2)


def _words(found: Found) -> Iterator[list[Line]]:
    finding = found.standing.finding
    for word in found.reviewed.decisions:
        if word.finding_id == finding.finding_id:
            head = line(
                (f"{word.state.value}", "strong"),
                f"  {word.reviewer}",
                (f"  {day_and_time(word.ts)}", "soft"),
            )
            yield [head, *body(word.reason, "soft")] if word.reason else [head]
    seqs = {one.seq for one in finding.evidence}
    for mark in found.reviewed.marks:
        if mark.seq in seqs and mark.text:
            yield [
                line(("● comment", "accent"), f"  {mark.reviewer}", (f"  on #{mark.seq}", "soft")),
                *body(mark.text, "soft"),
            ]
