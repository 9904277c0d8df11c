"""Recorded rows as the evidence of a finding."""

from collections.abc import Iterable

from review.detector import RunView
from store.findings import Evidence
from store.plain import clip

_LONGEST_TEXT = 400

Cited = tuple[tuple[Evidence, ...], int | None]
"""Rows of evidence, and the time of the first (ns; None without a clock)."""


def cite(run: RunView, seqs: Iterable[int | None]) -> Cited:
    """The rows of these ``seq``, in order, each once, and the time of the first (ns; None without a clock)."""
    wanted = list(dict.fromkeys(seq for seq in seqs if seq is not None))
    if not wanted:
        return (), None
    rows = run.query(
        f"SELECT seq, kind, summary, epoch_us(ts) FROM events WHERE seq IN ({', '.join(map(str, wanted))})"
    )
    known = {
        seq: (Evidence(seq, kind, clip(summary or "", _LONGEST_TEXT)), us) for seq, kind, summary, us in rows
    }
    evidence = tuple(known[seq][0] for seq in wanted if seq in known)
    us = known[wanted[0]][1] if wanted[0] in known else None
    return evidence, None if us is None else us * 1000


def said_before(run: RunView, seq: int) -> int | None:
    """The ``seq`` of what the agent said last before that row; None where it said nothing."""
    rows = run.query(
        f"""
        SELECT t.seq FROM transcript t, events e
        WHERE e.seq = {seq} AND t.role = 'assistant' AND t.kind = 'message' AND t.ts <= e.ts
        ORDER BY t.ts DESC, t.seq DESC LIMIT 1
        """
    )
    return rows[0][0] if rows else None
