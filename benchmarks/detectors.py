"""All detectors over a large run, and the speed of content matching apart from them."""

import json
import random

from benchmarks.figures import Figures, Setting, repeat, spread
from review.matching.matcher import Matcher
from review.matching.reference import reference_of_text
from review.scan import look
from store.findings import RuleResult

_ITEMS = 245
_TEXT_BYTES = 8_000_000


def run(setting: Setting) -> Figures:
    """Seconds of a whole look, each time anew, and MB/s of comparing training data with a reference."""
    folder = setting.big_run()
    answers: list[tuple[RuleResult, ...]] = []
    looks = repeat(lambda: answers.append(look(folder)), times=5)
    found = sum(len(result.findings) for result in answers[-1])
    matcher, text = _matcher(), _training_data()
    matched = repeat(lambda: matcher.find(text), times=3)
    return {
        "events": setting.events,
        "rules": len(answers[-1]),
        "findings": found,
        **spread("all_detectors", looks, "s"),
        "content_matching_mb_per_s": round(len(text) / 1e6 / min(matched), 2),
        "content_matching_items": _ITEMS,
    }


def _words(chance: random.Random, count: int) -> str:
    return " ".join(f"word{chance.randrange(5000)}" for _ in range(count))


def _matcher() -> Matcher:
    chance = random.Random(1)
    rows = "\n".join(json.dumps({"prompt": _words(chance, 80)}) for _ in range(_ITEMS))
    return Matcher(reference_of_text("items.jsonl", rows))


def _training_data() -> str:
    chance = random.Random(2)
    rows, size = [], 0
    while size < _TEXT_BYTES:
        rows.append(json.dumps({"messages": [{"role": "user", "content": _words(chance, 120)}]}))
        size += len(rows[-1]) + 1
    return "\n".join(rows)
