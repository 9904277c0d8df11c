"""Recorded rows as the evidence of a finding."""

from collections.abc import Iterable, Mapping
from typing import Final

from review.detector import RunView
from store.findings import Evidence
from store.plain import clip

_LONGEST_TEXT: Final = 400
_WHOLE: Final = {"commands": ("command",), "transcript": ("message",)}
"""View → kinds of rows that are cited as they were given: a summary has the first line, which may be ``python3 - <<EOF``."""

Cited = tuple[tuple[Evidence, ...], int | None]
"""Rows of evidence, and the time of the first (ns; None without a clock)."""


def cite(run: RunView, seqs: Iterable[int | None]) -> Cited:
    """The rows of these ``seq``, in order, each once, and the time of the first (ns; None without a clock)."""
    wanted = _once(seqs)
    return _cited(wanted, _rows(run, wanted))


def cite_with_words(run: RunView, seqs: Iterable[int | None], before: int | None = None) -> Cited:
    """As :func:`cite`, and at the end what the agent said last before the row ``before``, or before the first of them."""
    wanted = _once(seqs)
    known = _rows(run, wanted)
    until = _ns(known, wanted[:1] if before is None else [before])
    words = None if until is None else _said_until(run, until)
    if words is not None:
        known.setdefault(words.seq, (words, None))
        wanted.append(words.seq)
    return _cited(_once(wanted), known)


def _cited(wanted: list[int], known: Mapping[int, tuple[Evidence, int | None]]) -> Cited:
    return tuple(known[seq][0] for seq in wanted if seq in known), _ns(known, wanted[:1])


def _once(seqs: Iterable[int | None]) -> list[int]:
    return list(dict.fromkeys(seq for seq in seqs if seq is not None))


def _rows(run: RunView, seqs: list[int]) -> dict[int, tuple[Evidence, int | None]]:
    """Each row as evidence, and its time (ns)."""
    if not seqs:
        return {}
    rows = run.query(
        f"SELECT seq, kind, summary, epoch_us(ts) FROM events WHERE seq IN ({', '.join(map(str, seqs))})"
    )
    texts = {
        seq: text
        for view, kinds in _WHOLE.items()
        for seq, text in _texts(run, view, [seq for seq, kind, _, _ in rows if kind in kinds])
    }
    return {
        seq: (
            Evidence(seq, kind, clip(texts.get(seq) or summary or "", _LONGEST_TEXT)),
            None if us is None else us * 1000,
        )
        for seq, kind, summary, us in rows
    }


def _ns(known: Mapping[int, tuple[Evidence, int | None]], seqs: list[int]) -> int | None:
    """The time of the first of these rows."""
    return next((known[seq][1] for seq in seqs if seq in known), None)


def _texts(run: RunView, view: str, seqs: list[int]) -> list[tuple[int, str]]:
    if not seqs:
        return []
    rows = run.query(f"SELECT seq, text FROM {view} WHERE seq IN ({', '.join(map(str, seqs))})")
    return [(seq, text) for seq, text in rows]


def _said_until(run: RunView, ns: int) -> Evidence | None:
    """The agent's last message until then; None where it said nothing."""
    rows = run.query(
        f"""
        SELECT seq, text FROM transcript
        WHERE role = 'assistant' AND kind = 'message' AND ts <= make_timestamp({ns // 1000})
        ORDER BY ts DESC, seq DESC LIMIT 1
        """
    )
    return next((Evidence(seq, "message", clip(text or "", _LONGEST_TEXT)) for seq, text in rows), None)
