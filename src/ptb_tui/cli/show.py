"""``ptb show``: what a run is and, at a moment of it, what was going on."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from ptb_tui.state.times import GoToSeq, brief, elapsed, many, parse_go_to, utc
from store.findings import StandingFinding, read_findings
from store.instants import iso
from store.library import find_run
from store.manifest import Manifest
from store.overlay import Review
from store.plain import clip, plain

if TYPE_CHECKING:
    from store.run_state import RunState
    from store.sql.query import Query

_MOST_LISTED = 20
_WIDTH = 160
"""Characters of one argv or message on a line."""


@click.command("show", short_help="what a run is, what it lacks, and its state at a time")
@click.argument("run")
@click.option(
    "--at",
    metavar="TIME",
    help="A time in the run: 3:41, 90s, '14:32 utc', +10m, 50%, end, #1234 (an event).",
)
@json_option
def command(run: str, at: str | None, as_json: bool) -> None:
    """Say what RUN is: its task and agent, its witnesses and why others are missing, what was counted and lost.

    With --at: what was said last, and which commands and processes ran, at that moment.
    """
    from store.run_state import state_of
    from store.sql.query import open_query

    entry = find_run(run)
    assert entry.manifest is not None
    findings, problems = read_findings(Review(entry.folder, entry.run_id))
    for problem in problems:
        note(f"{problem.path}: {problem.reason}")
    with open_query([entry.folder]) as query:
        state = state_of(query, _moment(query, at))
    if as_json:
        print_json(_object(entry.manifest, state, findings))
    else:
        print_lines(_lines(entry.manifest, state, findings))


def _moment(query: "Query", at: str | None) -> int | None:
    """The time that ``at`` means in this run, ns."""
    from store.run_state import span, time_of

    if at is None:
        return None
    start, end = span(query) or (None, None)
    place = parse_go_to(at, start, end, start)
    return time_of(query, place.seq) if isinstance(place, GoToSeq) else place.ts


def _object(manifest: Manifest, state: "RunState", findings: Sequence[StandingFinding]) -> dict[str, Any]:
    return {
        "run_id": manifest.run_id,
        "state": manifest.state,
        "started_at": iso(manifest.started_at),
        "ended_at": iso(manifest.ended_at),
        **asdict(manifest.facts),
        "sources": manifest.sources,
        "recording_hash": manifest.recording_hash,
        "at": iso(state.at),
        "counts": state.counts,
        "gaps": state.gaps,
        "said": state.said,
        "commands": [
            {"command_id": c.command_id, "since": iso(c.since), "text": c.text} for c in state.commands
        ],
        "processes": [
            {"process_id": p.process_id, "pid": p.pid, "since": iso(p.since), "argv": p.argv}
            for p in state.processes
        ],
        "findings": [
            {
                "finding_id": f.finding.finding_id,
                "rule": f.finding.rule,
                "severity": f.severity,
                "state": f.state,
                "title": f.finding.title,
            }
            for f in findings
        ],
    }


def _lines(manifest: Manifest, state: "RunState", findings: Sequence[StandingFinding]) -> list[str]:
    lines = [f"run          {manifest.run_id}  ({manifest.state})"]
    lines += [
        f"{name:<12} {value}"
        for name, value in asdict(manifest.facts).items()
        if value is not None and name not in ("command", "root")
    ]
    lines.append(f"time         {_time(manifest)}")
    if manifest.facts.command:
        lines.append(f"command      {_short(manifest.facts.command)}")
    for source in manifest.sources:
        reason = f": {source.reason}" if source.reason else ""
        lines.append(f"source       {source.name} ({source.backend}) {source.state}{reason}")
    for standing in findings:
        lines.append(
            f"finding      {standing.severity or 'not ruled on'}, {standing.state}: {standing.finding.title}"
        )
    if state.at is not None:
        since = f"  T+{elapsed(state.at - manifest.origin)}" if manifest.origin is not None else ""
        lines.append(f"at           {utc(state.at)}{since}")
    lines.append(
        "events       " + (", ".join(f"{many(n)} {kind}" for kind, n in state.counts.items()) or "none")
    )
    lines += _listed("gap", [f"{g.source} {g.cause}: {_short(g.reason)}" for g in state.gaps])
    if state.said is not None:
        lines.append(f"said         “{_short(state.said)}”")
    lines += _listed("runs", [f"$ {_short(c.text)}" for c in state.commands])
    lines += _listed("process", [f"{p.pid} {_short(p.argv or '?')}" for p in state.processes])
    return lines


def _time(manifest: Manifest) -> str:
    if manifest.started_at is None:
        return "no clock: order only"
    if manifest.ended_at is None:
        return f"{utc(manifest.started_at)}, still running or cut"
    return f"{utc(manifest.started_at)}, lasted {brief(manifest.ended_at - manifest.started_at)}"


def _listed(title: str, lines: list[str]) -> list[str]:
    listed = [f"{title:<12} {line}" for line in lines[:_MOST_LISTED]]
    more = len(lines) - _MOST_LISTED
    return [*listed, f"{title:<12} … and {more} more"] if more > 0 else listed


def _short(text: str) -> str:
    return clip(plain(text), _WIDTH)
