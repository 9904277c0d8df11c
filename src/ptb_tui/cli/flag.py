"""``ptb flag``: a person's finding, or a person's word on a finding, from a script."""

import time

import click

from ptb_tui.cli.output import json_option, print_json, print_lines
from ptb_tui.cli.reviewer import note_where, reviewer_option
from store.cursor import Cursor
from store.errors import BadInput
from store.findings import (
    Certainty,
    Decision,
    Evidence,
    Finding,
    FindingState,
    Origin,
    Reach,
    add_decision,
    add_finding,
    finding_id,
    read_findings,
)
from store.library import RunEntry, find_run
from store.overlay import Review
from store.plain import clip

_VERSION = "1"
_LONGEST_TEXT = 400


@click.command("flag", short_help="add a finding, or accept or reject one")
@click.argument("run")
@click.option(
    "--seq", "seqs", type=int, multiple=True, metavar="N", help="An event that shows it; repeatable."
)
@click.option("--title", help="What it shows, in a line.")
@click.option(
    "--rule", metavar="RULE", default="observed", show_default=True, help="The rule that it falls under."
)
@click.option(
    "--reach", type=click.Choice([reach.value for reach in Reach]), default="unknown", show_default=True
)
@click.option("--finding", "known", metavar="ID", help="A finding that is there, instead of a new one.")
@click.option("--accept", "state", flag_value="accepted", help="The finding is right.")
@click.option("--reject", "state", flag_value="rejected", help="The finding is wrong, or allowed.")
@click.option("--reopen", "state", flag_value="open", help="Take the last word back.")
@click.option("--reason", default="", help="Why, for those who read it later.")
@reviewer_option
@json_option
def command(
    run: str,
    seqs: tuple[int, ...],
    title: str | None,
    rule: str,
    reach: str,
    known: str | None,
    state: str | None,
    reason: str,
    reviewer: str,
    as_json: bool,
) -> None:
    """Add a finding to RUN (--seq … --title …), or say what you think of one (--finding ID --accept|--reject)."""
    entry = find_run(run)
    review = Review(entry.folder, entry.run_id)
    if known is not None and state is not None and not seqs and title is None:
        flagged = _decide(review, known, FindingState(state), reason, reviewer)
    elif known is None and state is None and seqs and title:
        flagged = _add(entry, review, seqs, title, rule, Reach(reach), reason, reviewer)
    else:
        raise click.UsageError(
            "give --seq and --title for a new finding, or --finding with --accept or --reject"
        )
    if as_json:
        print_json({"run_id": entry.run_id, "finding_id": flagged, "state": state or FindingState.OPEN})
    else:
        print_lines([f"{flagged} {state or 'added; `ptb scan` rules on it'}"])


def _add(
    entry: RunEntry,
    review: Review,
    seqs: tuple[int, ...],
    title: str,
    rule: str,
    reach: Reach,
    reason: str,
    reviewer: str,
) -> str:
    evidence, ts = _evidence(entry, seqs)
    number = finding_id(entry.run_id, rule, [reviewer, title, *map(str, seqs)])
    finding = Finding(
        run_id=entry.run_id,
        finding_id=number,
        rule=rule,
        rule_version=_VERSION,
        origin=Origin.PERSON,
        reach=reach,
        title=title,
        explanation=reason or title,
        ts=ts,
        evidence=evidence,
        certainty=Certainty.CERTAIN,
        author=reviewer,
    )
    note_where(review, add_finding(review, finding))
    return number


def _evidence(entry: RunEntry, seqs: tuple[int, ...]) -> tuple[tuple[Evidence, ...], int | None]:
    """The events cited, and the time of the first."""
    with Cursor.open(entry.folder) as cursor:
        events = []
        for seq in seqs:
            position = cursor.position_of(seq)
            if position is None:
                raise BadInput(
                    f"{entry.run_id} has no event #{seq}; `ptb sql` and `ptb open` show their numbers"
                )
            events += cursor.window(position, 1)
    return tuple(Evidence(e.seq, e.kind, clip(e.label, _LONGEST_TEXT)) for e in events), events[0].ts


def _decide(review: Review, known: str, state: FindingState, reason: str, reviewer: str) -> str:
    ids = [standing.finding.finding_id for standing in read_findings(review)[0]]
    matches = [number for number in ids if number.startswith(known)]
    if len(matches) != 1:
        there = ", ".join(matches or ids) or "none"
        raise BadInput(
            f"{'several findings begin' if matches else 'no finding begins'} with {known!r}; there are: {there}"
        )
    decision = Decision(review.run_id, matches[0], time.time_ns(), reviewer, state, reason)
    note_where(review, add_decision(review, decision))
    return matches[0]
