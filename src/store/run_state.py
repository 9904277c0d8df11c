"""What was going on in a run at one moment: counts so far, what was said last, what was running."""

from dataclasses import dataclass
from typing import Any

from store.errors import BadInput
from store.sql.query import Query

_MOST_GAPS = 1000


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process that had started and not ended."""

    process_id: int
    pid: int
    since: int | None
    """Nanoseconds since the epoch."""
    argv: str | None


@dataclass(frozen=True, slots=True)
class RunningCommand:
    """A shell command whose result had not come back."""

    command_id: int
    since: int | None
    text: str


@dataclass(frozen=True, slots=True)
class ToldGap:
    """A row of ``gaps``."""

    seq: int
    source: str
    cause: str
    reason: str
    lost: int | None


@dataclass(frozen=True, slots=True)
class RunState:
    """The state of a run at :attr:`at`."""

    at: int | None
    """Nanoseconds since the epoch; None for the whole of the run."""
    counts: dict[str, int]
    """Events so far by kind, most first."""
    gaps: tuple[ToldGap, ...]
    """So far, at most a thousand."""
    said: str | None
    """The agent's last words."""
    commands: tuple[RunningCommand, ...]
    processes: tuple[RunningProcess, ...]


def span(query: Query) -> tuple[int, int] | None:
    """The first and last time of the run, ns; None for a run without a clock."""
    ((first, last),) = _rows(query, "SELECT epoch_us(min(ts)), epoch_us(max(ts)) FROM events")
    return None if first is None else (first * 1000, last * 1000)


def time_of(query: Query, seq: int) -> int:
    """When the event ``seq`` happened, ns; raises :class:`BadInput` where there is no such event or time."""
    rows = _rows(query, f"SELECT epoch_us(ts) FROM events WHERE seq = {int(seq)}")
    if not rows:
        raise BadInput(f"the run has no event #{seq}")
    if rows[0][0] is None:
        raise BadInput(f"event #{seq} has no time, so that nothing can be said to have run at it")
    return int(rows[0][0]) * 1000


def state_of(query: Query, at: int | None) -> RunState:
    """The state of the one run in ``query``; with ``at`` None: everything, and what never ended."""
    so_far = "true" if at is None else f"epoch_us(ts) <= {at // 1000}"
    gap_so_far = so_far.replace("(ts)", "(coalesce(start_ts, end_ts))")
    counts = _rows(query, f"SELECT kind, count(*) FROM events WHERE {so_far} GROUP BY 1 ORDER BY 2 DESC, 1")
    gaps = _rows(
        query,
        f"SELECT seq, source, cause, reason, lost FROM gaps WHERE coalesce({gap_so_far}, true) ORDER BY seq"
        f" LIMIT {_MOST_GAPS}",
    )
    said = _rows(
        query,
        "SELECT text FROM transcript WHERE role = 'assistant' AND kind = 'message'"
        f" AND {so_far} ORDER BY ts DESC NULLS FIRST, seq DESC LIMIT 1",
    )
    open_at = (
        "end_ts IS NULL"
        if at is None
        else (f"epoch_us(start_ts) <= {at // 1000} AND (end_ts IS NULL OR epoch_us(end_ts) > {at // 1000})")
    )
    commands = _rows(
        query,
        f"SELECT command_id, epoch_us(start_ts), text FROM commands WHERE {open_at} ORDER BY seq",
    )
    processes = _rows(
        query,
        f"SELECT process_id, pid, epoch_us(start_ts), argv FROM processes WHERE {open_at} ORDER BY seq",
    )
    return RunState(
        at=at,
        counts=dict(counts),
        gaps=tuple(ToldGap(*row) for row in gaps),
        said=said[0][0] if said else None,
        commands=tuple(RunningCommand(number, _ns(since), text) for number, since, text in commands),
        processes=tuple(
            RunningProcess(number, pid, _ns(since), argv) for number, pid, since, argv in processes
        ),
    )


def _ns(us: int | None) -> int | None:
    return None if us is None else us * 1000


def _rows(query: Query, sql: str) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in query.run(sql).table().columns]
    return list(zip(*columns, strict=True))
