"""What is asked of each run, part by part: the cheap parts first, so that a screen can fill while it reads."""

from collections.abc import Callable
from dataclasses import dataclass

from review.compare.commands import command_deeds
from review.compare.data import hub_deeds, made_of
from review.compare.parameters import parameters
from review.compare.part import Deed, Figure, Part, Unit, gather
from review.detector import RunView
from review.reviewed import Reviewed
from store.findings import Severity
from store.verdicts import Outcome

_BUSY_PCT = 5
"""A sample below it is of an idle device."""
_HOUR_S = 3600
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, open to be asked."""

    run: RunView
    reviewed: Reviewed
    """As the reviewer who looks may see it."""


def outcome(side: Side) -> Part:
    """Who did what for how long, and what came of it."""
    manifest, reviewed = side.run.manifest, side.reviewed
    facts, measured = manifest.facts, reviewed.measured
    took: float | None = None
    if manifest.started_at is not None and manifest.ended_at is not None:
        took = (manifest.ended_at - manifest.started_at) / _SECOND
    counts = dict.fromkeys(Severity, 0)
    for one in reviewed.standing:
        counts[one.severity or Severity.NOTE] += 1
    scanned = bool(reviewed.scans)
    decided = reviewed.outcome
    figures = (
        Figure("agent", " · ".join(filter(None, (facts.agent, facts.agent_model))) or None),
        Figure("benchmark", facts.benchmark),
        Figure("base model", facts.base_model),
        Figure("lasted", took, Unit.SECONDS),
        Figure("time limit", facts.limit_s, Unit.SECONDS),
        Figure(
            "score, measured", measured.value if measured else None, Unit.SHARE, absent="no attempt completed"
        ),
        Figure("score, reported", facts.reported_score, Unit.SHARE, absent="none"),
        *(
            Figure(f"{kind.value} flags", counts[kind] if scanned else None, Unit.COUNT, absent="not scanned")
            for kind in Severity
        ),
        Figure("verdict", _decided(decided) if decided is not None else None, absent="undecided"),
    )
    deeds = (
        Deed(
            "finding",
            f"{one.finding.rule}: {one.finding.title}",
            min(evidence.seq for evidence in one.finding.evidence),
        )
        for one in reviewed.standing
    )
    return Part(figures, gather(deeds))


def gpu(side: Side) -> Part:
    """How long devices were watched, how busy they were, what they held and drew."""
    rows = side.run.query(
        "SELECT device, count(*), avg(util_pct), max(mem_used_mb), avg(power_w), epoch(max(ts)) - epoch(min(ts)),"
        f" count(*) FILTER (util_pct >= {_BUSY_PCT}), min(seq) FROM gpu GROUP BY device ORDER BY device"
    )
    if not rows:
        return Part((Figure("GPUs sampled", None, Unit.COUNT),))
    samples = sum(row[1] for row in rows)
    watched = [row[5] for row in rows if row[5] is not None]
    busy = [row[5] * row[6] / row[1] for row in rows if row[5] is not None]
    return Part(
        (
            Figure("GPUs sampled", len(rows), Unit.COUNT, rows[0][7]),
            Figure("GPU hours watched", sum(watched) / _HOUR_S if watched else None, Unit.HOURS),
            Figure("GPU hours busy", sum(busy) / _HOUR_S if busy else None, Unit.HOURS),
            Figure("utilisation, mean", _mean([(row[2], row[1]) for row in rows], samples), Unit.PERCENT),
            Figure(
                "memory, most",
                max((row[3] for row in rows if row[3] is not None), default=None),
                Unit.MEGABYTES,
            ),
            Figure("power, mean", _mean([(row[4], row[1]) for row in rows], samples), Unit.WATTS),
        )
    )


def commands(side: Side) -> Part:
    """How many commands, how they ended, what they were; and what processes there were."""
    ((count, failed, unseen, first_failed),) = side.run.query(
        "SELECT count(*), count(*) FILTER (exit_code <> 0), count(*) FILTER (match = 'none'),"
        " min(seq) FILTER (exit_code <> 0) FROM commands"
    )
    ((processes, unexplained),) = side.run.query(
        "SELECT count(*), count(*) FILTER (role = 'unexplained') FROM processes"
    )
    ((said, tokens_in, tokens_out, cost),) = side.run.query(
        "SELECT count(*) FILTER (kind IN ('message', 'thought')), sum(tokens_in), sum(tokens_out), sum(cost_usd)"
        " FROM transcript"
    )
    seen = processes > 0
    figures = (
        Figure("commands", count, Unit.COUNT),
        Figure("commands that failed", failed, Unit.COUNT, first_failed),
        Figure("commands without a process", unseen if seen else None, Unit.COUNT),
        Figure("processes", processes if seen else None, Unit.COUNT),
        Figure("unexplained processes", unexplained if seen else None, Unit.COUNT),
        Figure("messages and thoughts", said, Unit.COUNT),
        Figure("tokens in", _whole(tokens_in), Unit.COUNT),
        Figure("tokens out", _whole(tokens_out), Unit.COUNT),
        Figure("cost", cost, Unit.DOLLARS),
    )
    return Part(figures, command_deeds(side.run))


def training(side: Side) -> Part:
    """Hyper-parameters, and the repositories of the hub that were used."""
    return Part(parameters(side.run), hub_deeds(side.run))


def network(side: Side) -> Part:
    """Hosts and bytes."""
    rows = side.run.query(
        "SELECT coalesce(host, dst), min(seq), count(*), sum(bytes_in), sum(bytes_out) FROM net"
        " WHERE error IS NULL AND dst NOT LIKE '/%' GROUP BY 1 ORDER BY 2"
    )
    figures = (
        Figure("hosts", len(rows) if rows or _watched(side) else None, Unit.COUNT),
        Figure("bytes in", _total([row[3] for row in rows]), Unit.BYTES),
        Figure("bytes out", _total([row[4] for row in rows]), Unit.BYTES),
    )
    return Part(figures, tuple(Deed("host", row[0] or "?", row[1], row[2]) for row in rows))


def files(side: Side) -> Part:
    """How many files, how many bytes."""
    ((count, written, opened, read_bytes, written_bytes),) = side.run.records.rows(
        "SELECT count(*), count(DISTINCT path) FILTER (bytes_written > 0 OR (bytes_written IS NULL AND flags & 3 <> 0)),"
        " count(DISTINCT path) FILTER (bytes_read > 0 OR bytes_mapped > 0 OR (bytes_read IS NULL AND flags & 3 <> 1)),"
        " sum(bytes_read), sum(bytes_written) FROM files WHERE error IS NULL"
    )
    seen = count > 0
    return Part(
        (
            Figure("files read", opened if seen else None, Unit.COUNT),
            Figure("files written", written if seen else None, Unit.COUNT),
            Figure("bytes read", _whole(read_bytes), Unit.BYTES),
            Figure("bytes written", _whole(written_bytes), Unit.BYTES),
        )
    )


def making(side: Side) -> Part:
    """What the submitted weights were made of."""
    return made_of(side.run)


PARTS: tuple[tuple[str, Callable[[Side], Part]], ...] = (
    ("outcome", outcome),
    ("gpu", gpu),
    ("commands", commands),
    ("network", network),
    ("training, as text tells it", training),
    ("files", files),
    ("how final_model was made", making),
)
"""Title and what is asked for, in the order in which they are answered."""


def _decided(outcome: Outcome) -> str:
    answer = "disputed" if outcome.answer is None else outcome.answer.value
    action = outcome.score_action
    return answer if action is None else f"{answer}, {action.value.replace('_', ' ')}"


def _watched(side: Side) -> bool:
    """Whether a witness looked at the network."""
    return any(
        source.name == "kernel" and source.state != "unavailable" for source in side.run.manifest.sources
    )


def _mean(values: list[tuple[float | None, int]], samples: int) -> float | None:
    known = [value * weight for value, weight in values if value is not None]
    return sum(known) / samples if known and samples else None


def _total(values: list[int | None]) -> int | None:
    known = [int(value) for value in values if value is not None]
    return sum(known) if known else None


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
