"""What the agent said of its work, sentence by sentence: in its messages, and in the prose that it left beside the model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from review.detector import RunView
from review.versions import recorded_versions

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|(?<=;)\s+")
_PROSE = re.compile(
    r"(?i)(^|/)(readme|model_?card|report|summary|notes?|results|write_?up|methods?|log_?book)[\w-]*\.(md|txt|rst)$"
)
_LAST_WORDS = 3
"""Messages."""
_LONGEST = 20_000
"""Characters of one message or text."""
_LONGEST_SENTENCE = 600
_TO_COME = re.compile(
    r"(?i)\b(will|'ll|shall|going to|let me|let us|let's|plan\w*|want to|next|would|should|could|might|may|must|need(s|ed)? to|"
    r"to do|todo|if|before I|in order to|try(ing)?|hope\w*|expect\w*|aim(s|ed)? to|intend\w*)\b|\?\s*$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence about what was done."""

    seq: int
    """Of the message, or of the recorded text."""
    text: str
    last: bool
    """It stands among the last words, or in what was left beside the model."""


def is_prose(path: str) -> bool:
    """Whether a file of that name is meant to tell people of the work."""
    return _PROSE.search(path) is not None


def said_of_deeds(run: RunView) -> tuple[Sentence, ...]:
    """Every sentence that tells of deeds and not of plans, wishes or conditions; for :meth:`RunView.once`."""
    return tuple(one for one in _sentences(run) if not _TO_COME.search(one.text))


def _sentences(run: RunView) -> Iterator[Sentence]:
    rows = run.query(
        """
        SELECT seq, text FROM transcript
        WHERE role = 'assistant' AND kind = 'message' AND text IS NOT NULL AND parent_call_id IS NULL ORDER BY seq
        """
    )
    root = (run.manifest.facts.root or "").rstrip("/")
    texts = [(seq, text, place >= len(rows) - _LAST_WORDS) for place, (seq, text) in enumerate(rows)]
    latest = {
        one.path: (one.seq, one.text, True)
        for one in run.once(recorded_versions)
        if one.text and is_prose(one.path) and one.path.startswith(root) and "/." not in one.path
    }
    for seq, text, last in sorted([*texts, *latest.values()]):
        for sentence in _SENTENCE.split(text[:_LONGEST]):
            if len(sentence.split()) > 2 and len(sentence) <= _LONGEST_SENTENCE:
                yield Sentence(seq, " ".join(sentence.split()), last)
