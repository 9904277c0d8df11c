"""An item of a benchmark, with its question, answer and passages apart, and how a row of eval data becomes one.

Benchmarks name their columns differently; the names here are those of the seven of PostTrainBench and of the
datasets that hold the same items (their data cards on the Hugging Face hub).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LONGEST_TEXT = 1 << 20
"""Characters of one field."""

_QUESTION = (
    "question",
    "prompt",
    "problem",
    "instruction",
    "query",
    "conversation",
    "messages",
    "turns",
    "text",
)
_ANSWER = (
    "canonical_solution", "correct answer", "answer", "solution", "ground_truth", "ideal_completion", "completion",
    "response", "output", "code",
)  # fmt: skip
_PASSAGE = ("rubrics", "context", "passage", "explanation", "test", "tests", "test_list")
_ID = ("task_id", "prompt_id", "question_id", "record id", "uid", "id", "doc_id")
_DEEPEST = 8
"""Lists in lists in a column; BFCL has two."""
_NESTED = ("ideal_completions_data",)
"""Columns whose members are looked through as if they were columns."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a benchmark."""

    id: str
    question: str
    answer: str = ""
    passages: tuple[str, ...] = ()
    """What else tells the item: rubric criteria, context, explanation, tests."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of eval data says; ``question`` may be empty where another row of the same ``id`` holds it."""

    id: str | None
    split: str | None
    question: str
    answer: str
    passages: tuple[str, ...]


def row_of(raw: Mapping[object, object]) -> Row:
    """The parts of one row; columns that no benchmark names are left out."""
    columns = {str(key).strip().lower(): value for key, value in raw.items()}
    for name in _NESTED:
        inner = columns.get(name)
        if isinstance(inner, Mapping):
            columns |= {
                str(key).lower(): value for key, value in inner.items() if str(key).lower() not in columns
            }
    return Row(
        id=_first(columns, _ID) or None,
        split=_first(columns, ("split",)) or None,
        question=_first(columns, _QUESTION),
        answer=_first(columns, _ANSWER),
        passages=tuple(text for name in _PASSAGE for text in _texts(columns.get(name))),
    )


def _first(columns: Mapping[str, object], names: tuple[str, ...]) -> str:
    """The text of the first of these columns that has any."""
    return next((text for name in names if (text := "\n".join(_texts(columns.get(name))))), "")


def _texts(value: object, depth: int = _DEEPEST) -> Iterator[str]:
    """The texts in a value: of a conversation what the user says, of a rubric its criterion."""
    if not depth:
        return
    match value:
        case str():
            if value.strip():
                yield value[:LONGEST_TEXT]
        case bool() | None:
            return
        case int() | float():
            yield str(value)
        case Mapping():
            if value.get("role") in (None, "user"):
                yield from _texts(value.get("content", value.get("criterion")), depth - 1)
        case list() | tuple():
            for part in value:
                yield from _texts(part, depth - 1)
