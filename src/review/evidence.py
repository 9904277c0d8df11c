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
    texts = _command_texts(run, [seq for seq, kind, _, _ in rows if kind == "command"])
    known = {
        seq: (Evidence(seq, kind, clip(texts.get(seq) or summary or "", _LONGEST_TEXT)), us)
        for seq, kind, summary, us in rows
    }
    evidence = tuple(known[seq][0] for seq in wanted if seq in known)
    us = known[wanted[0]][1] if wanted[0] in known else None
    return evidence, None if us is None else us * 1000


def _command_texts(run: RunView, seqs: list[int]) -> dict[int, str]:
    """Commands as they were given: the summary of a row has the first line, which may be ``python3 - <<EOF``."""
    if not seqs:
        return {}
    return dict(run.query(f"SELECT seq, text FROM commands WHERE seq IN ({', '.join(map(str, seqs))})"))


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
