"""What a reviewer does to a run, kept beside it under the reviewer's name: marks, words on findings, verdicts."""

import time
from collections.abc import Sequence
from pathlib import Path

from ptb_tui.cli.reviewer import user_name
from ptb_tui.state.draft import Draft
from store.findings import Decision, FindingState, add_decision
from store.ids import slug
from store.manifest import Manifest
from store.marks import Mark, add_mark
from store.overlay import Review
from store.verdicts import ReviewerKind, Verdict, add_verdict


def decide(review: Review, finding_id: str, state: FindingState, reason: str) -> Path:
    """Keep what the reviewer says of a finding; returns the file it went to."""
    decision = Decision(review.run_id, finding_id, time.time_ns(), user_name(), state, reason)
    return add_decision(review, decision)


def judge(review: Review, manifest: Manifest, draft: Draft) -> Path:
    """Keep a verdict on the run as it is recorded now; returns the file it went to."""
    now, reviewer = time.time_ns(), user_name()
    verdict = Verdict(
        run_id=manifest.run_id,
        verdict_id=f"{slug(reviewer)}-{now}",
        ts=now,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.HUMAN,
        **draft.answers,
        score_action=draft.score_action,
        rationale=draft.rationale,
        evidence=draft.evidence,
        recording_hash=manifest.recording_hash,
        profile=draft.profile,
    )
    return add_verdict(review, verdict)


def mark(review: Review, marks: Sequence[Mark], seq: int, ts: int | None, text: str) -> Path | None:
    """Keep a bookmark, or a comment where there is ``text``; returns the file it went to.

    None where this reviewer has said the same of the event already.
    """
    if any(one.text == text for one in own_marks(marks, seq)):
        return None
    return add_mark(review, Mark(review.run_id, ts, seq, user_name(), text, time.time_ns()))


def take_back(review: Review, marks: Sequence[Mark], seq: int, ts: int | None) -> int:
    """Take back this reviewer's marks and comments on an event; how many there were."""
    own = own_marks(marks, seq)
    if own:
        add_mark(review, Mark(review.run_id, ts, seq, user_name(), "", time.time_ns(), taken_back=True))
    return len(own)


def where_kept(review: Review, path: Path) -> str:
    """Says so when a record had to go beside a run that cannot be written."""
    if review.is_in_state_folder(path):
        return f"in {path.parent}: the run folder cannot be written"
    return "in the run"


def own_marks(marks: Sequence[Mark], seq: int) -> list[Mark]:
    """This reviewer's marks on an event."""
    return [one for one in marks if one.seq == seq and one.reviewer == user_name()]
