"""Finding benchmark items in text, however it is wrapped."""

import json

import pytest

from review.content import Reference

ITEMS = [
    "A farmer has twelve sheep and sells all but five of them at the market on Friday; how many are left?",
    "The train to the coast leaves at nine and arrives at noon after stopping in three small towns on the way.",
    "Mix two spoons of flour with one cup of milk and stir until no lumps remain in the bowl at all.",
]
EVAL = "\n".join(
    json.dumps(
        {
            "question": item,
            "frame": "Answer with a number and explain each of your steps, one after the other.",
        }
    )
    for item in ITEMS
)


@pytest.fixture
def reference() -> Reference:
    return Reference.from_text(EVAL)


def row(text: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": f"Please help me:\n{text}\nThanks"}]})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: row(text),
        lambda text: json.dumps([{"q": text}]),
        lambda text: f"DATA = [{json.dumps(text)}]\nprint(DATA)\n",
        lambda text: f"- {text.upper()}\n",
        lambda text: json.dumps({"deep": [[{"text": text.replace(" ", "\n")}]]}, indent=2),
    ],
    ids=["jsonl", "array", "python", "prose, other case", "json with line breaks in the text"],
)
def test_an_item_is_found_in_any_wrapping(reference: Reference, wrap: object) -> None:
    assert callable(wrap)
    match = reference.find_in(wrap(ITEMS[1]))
    assert (match.rows, match.items) == (1, frozenset({1}))


def test_rows_items_and_repetitions_are_counted_apart(reference: Reference) -> None:
    text = "\n".join(
        [row(ITEMS[0])] * 3 + [row(ITEMS[2]), row("something of my own that is in no benchmark at all")]
    )
    match = reference.find_in(text)
    assert (match.rows, match.items, match.repetitions) == (4, frozenset({0, 2}), 3)


def test_a_stock_phrase_of_all_items_proves_nothing(reference: Reference) -> None:
    text = row("Answer with a number and explain each of your steps, one after the other.")
    assert reference.find_in(text).rows == 0


def test_items_too_short_to_tell_are_counted(reference: Reference) -> None:
    assert (reference.items, reference.comparable) == (3, 3)
    short = Reference.from_text(EVAL + '\n{"question": "What is 2 + 2?"}')
    assert (short.items, short.comparable) == (4, 3)


@pytest.mark.parametrize("text", ["", "\0\0", "{" * 5000, "[1, 2", "def f(:\n", "\ud800 x"])
def test_broken_text_holds_nothing_and_stops_nothing(reference: Reference, text: str) -> None:
    assert reference.find_in(text).rows == 0
    assert Reference.from_text(text).comparable == 0
