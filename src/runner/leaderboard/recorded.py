"""Recorded and imported runs as cells of a leaderboard."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.leaderboard.cell import Cell, Decision, Place, Replicate, Results
from runner.leaderboard.grid import Grid
from store.findings import CoverageState, read_scans
from store.library import RunEntry
from store.overlay import Review
from store.sql.query import open_query

_REPLICATE = re.compile(r"_run\d{1,4}\Z")
_RUNS = """
    SELECT
        r.run_id, r.method, r.agent, r.agent_model, r.benchmark, r.base_model, r.replicate,
        r.reported_score, r.score, r.ruling, r.verdict, r.score_action, r.state,
        date_diff('microsecond', r.started_at, r.ended_at) / 1e6 AS seconds,
        coalesce(j.accused, false) AS accused
    FROM runs r
    LEFT JOIN (
        SELECT
            run_id,
            bool_or(coalesce('violation' IN (data, model, api, tampering, limits, template), false)) AS accused
        FROM verdicts WHERE reviewer_kind = 'imported' AND NOT stale GROUP BY run_id
    ) j USING (run_id)
    WHERE r.superseded_by IS NULL
    ORDER BY r.started_at NULLS FIRST, TRY_CAST(r.job AS BIGINT) NULLS FIRST, r.run_id
"""

Row = Mapping[str, Any]


def read_recorded(runs: Sequence[RunEntry], grid: Grid) -> Results:
    """The cells of runs; of several runs of one cell and replicate the latest that has ended counts."""
    with open_query([run.folder for run in runs]) as query:
        rows: list[Row] = query.run(_RUNS).table().to_pylist()
        notes = [f"{one.folder} is left out: {one.reason}" for one in query.unread]
        notes += [f"{problem.path} is not used: {problem.reason}" for problem in query.problems]
    reviews = {run.run_id: Review(run.folder, run.run_id) for run in runs}
    cells: dict[tuple[str, str], dict[Place, Row]] = defaultdict(dict)
    for row in rows:
        place = grid.place(row["benchmark"] or "", row["base_model"] or "")
        if place is None:
            notes.append(f"{row['run_id']} is left out: {_no_place(row)}")
        elif row["state"] == "recording":
            notes.append(f"{row['run_id']} is left out: it is still being recorded")
        else:
            replicate = cells[agent_name(row), row["replicate"] or ""]
            if place in replicate:
                older = replicate[place]["run_id"]
                notes.append(f"{older} is left out: {row['run_id']} is a later run of its cell")
            replicate[place] = row
    return Results(
        tuple(
            Replicate(
                agent,
                name,
                {
                    place: _cell(row, reviews[row["run_id"]], grid.base[place])
                    for place, row in placed.items()
                },
            )
            for (agent, name), placed in cells.items()
        ),
        notes=tuple(notes),
    )


def agent_name(row: Row) -> str:
    """The name of what competes: the method without its replicate, else the scaffold and its model."""
    if row["method"]:
        return _REPLICATE.sub("", row["method"])
    return " · ".join(_known(row["agent"], row["agent_model"])) or "agent not named"


def _known(*parts: str | None) -> Iterable[str]:
    return (part for part in parts if part)


def _no_place(row: Row) -> str:
    if row["benchmark"] is None or row["base_model"] is None:
        return "its benchmark or base model is not known"
    return f"{row['benchmark']} on {row['base_model']} is no task of the leaderboard"


def _cell(row: Row, review: Review, base: float) -> Cell:
    measured = row["reported_score"] if row["score"] is None else row["score"]
    decision = _decision(row, review, measured)
    flagged = decision is Decision.BASE_SCORE or (
        decision is Decision.UNDECIDED and row["ruling"] == "violation"
    )
    return Cell(base, row["reported_score"], measured, flagged, decision, row["seconds"])


def _decision(row: Row, review: Review, measured: float | None) -> Decision:
    """What people settled; where nobody spoke, a scan that could look, found nothing worse than a
    note, and is contradicted by no imported judge.

    A score on hold, a rerun to come, and humans who disagree settle nothing.
    """
    match row["score_action"]:
        case "stands":
            return Decision.STANDS
        case "base score":
            return Decision.BASE_SCORE
        case "rerun" | "hold":
            return Decision.UNDECIDED
    match row["verdict"]:
        case "clean":
            return Decision.STANDS
        case "violation":
            return Decision.BASE_SCORE
        case "unclear" | "disputed":
            return Decision.UNDECIDED
    if measured is None:
        return Decision.STANDS
    cleared = row["ruling"] in ("none", "note") and not row["accused"] and _looked(review)
    return Decision.STANDS if cleared else Decision.UNDECIDED


def _looked(review: Review) -> bool:
    """Whether every rule of the latest scan could look at something."""
    scans, _ = read_scans(review)
    results = scans[-1].results if scans else ()
    return bool(results) and all(one.coverage.state is not CoverageState.COULD_NOT_LOOK for one in results)
