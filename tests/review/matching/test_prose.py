"""Finding a benchmark's questions, answers and passages in text, however they are wrapped, cut or reworded."""

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.matching.match import Kind, Match, Part, tally
from review.matching.matcher import Matcher
from review.matching.reference import Reference, reference_of_text
from review.references.item import Item

DATA = Path(__file__).parents[4] / "shared" / "data"
QUESTIONS = [
    "A farmer has twelve sheep and sells all but five of them at the market on Friday; how many are left?",
    "The “slow” train to the coast leaves at nine and arrives at noon – after it stopped in three small towns.",
    "Mix two spoons of flour with one cup of milk and stir until no lumps remain in the café’s largest bowl.",
    "Orla packs 7 crates of plums for the Saturday market and every crate holds 24 plums. On the way 19 plums are squashed.",
]
FRAME = "Answer with a number and explain each of your steps, one after the other."
ITEMS = tuple(Item(f"q{n}", f"{text} {FRAME}") for n, text in enumerate(QUESTIONS))
RUBRIC = "Tells the patient to see a doctor on the same day when the fever has not gone down after three whole days."


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(Reference(ITEMS))


def row(text: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": f"Please help me:\n{text}\nThanks"}]})


WRAPS: dict[str, Callable[[str], str]] = {
    "jsonl": row,
    "array": lambda text: json.dumps([{"q": text}]),
    "python": lambda text: f"DATA = [{text!r}]\nprint(DATA)\n",
    "adjacent literals": lambda text: (
        "X = (\n" + "\n".join(f"  {word + ' '!r}" for word in text.split()) + ")\n"
    ),
    "javascript": lambda text: (
        "const q = '" + "".join(f"\\x{ord(c):02x}" if c in "aeiou" else c for c in text) + "';"
    ),
    "json in python": lambda text: f"ROW = {json.dumps({'q': text})!r}",
    "json in json in json": lambda text: json.dumps({"a": json.dumps({"b": json.dumps({"c": text})})}),
    "markdown": lambda text: "> **" + text.replace(" ", "\n> ") + "**",
    "upper case": str.upper,
    "csv": lambda text: '1,"' + text.replace('"', '""') + '",x',
    "zero-width": lambda text: text.replace("a", "a\u200b"),
    "pretty json": lambda text: json.dumps({"deep": [[{"text": text.replace(" ", "\n")}]]}, indent=2),
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_an_item_is_found_in_any_wrapping(matcher: Matcher, wrap: Callable[[str], str], number: int) -> None:
    text = wrap(ITEMS[number].question)
    (match,) = matcher.find(text)
    assert (match.item, match.part) == (f"q{number}", Part.QUESTION)
    assert match.kind in (Kind.VERBATIM, Kind.REFORMATTED)
    assert text.encode()[match.place.start : match.place.end].decode().startswith(match.text[:20])
    assert match.item_text == ITEMS[number].question


def test_verbatim_reformatted_and_reworded_are_told_apart(matcher: Matcher) -> None:
    question = ITEMS[3].question
    kinds = [
        matcher.find(text)[0].kind
        for text in (
            row(question),
            question.lower().replace(",", ""),
            question.replace("Orla", "Emma").replace("plums are squashed", "pears are bruised"),
        )
    ]
    assert kinds == [Kind.VERBATIM, Kind.REFORMATTED, Kind.REWORDED]


@pytest.mark.parametrize(
    "text",
    [
        FRAME,
        "A farmer has some sheep and sells a few of them at the market; how many are left?",
        "The train leaves at nine. Mix two spoons of sugar with a cup of tea and stir.",
        "",
        "\0\0",
        "{" * 5000,
        '{"question": "A far',
        "\ud800 x",
        "def f(:\n",
        "\\u12 \\x \\",
    ],
)
def test_what_is_no_item_is_no_match(matcher: Matcher, text: str) -> None:
    assert matcher.find(text) == []


def test_answers_and_passages_are_found_apart(matcher: Matcher) -> None:
    item = Item("h1", "My child has a fever since Tuesday, what should I do about it now?", "", (RUBRIC,))
    (match,) = Matcher(Reference((item,))).find(f"The answer {RUBRIC} And so on.")
    assert (match.part, match.kind, match.share) == (Part.PASSAGE, Kind.VERBATIM, 1.0)
    half = " ".join(RUBRIC.split()[:11])
    assert Matcher(Reference((item,))).find(half) == []


def test_rows_items_and_repetitions_are_counted_apart(matcher: Matcher) -> None:
    own = row("something of my own that is in no benchmark at all")
    text = "\n".join([row(QUESTIONS[0])] * 3 + [own, row(QUESTIONS[2])])
    counts = tally(matcher.find(text))
    assert (counts.rows, counts.items, counts.repetitions) == (4, frozenset({"q0", "q2"}), 3)
    assert [match.place.line for match in matcher.find(text)] == [1, 2, 3, 5]
    one_line = tally(matcher.find(json.dumps([QUESTIONS[0], QUESTIONS[0], QUESTIONS[1]])))
    assert (one_line.rows, one_line.repetitions) == (3, 2)


def test_a_long_text_is_read_in_blocks_and_nothing_is_cut_or_told_twice(matcher: Matcher) -> None:
    chance = random.Random(3)
    lines: list[str] = []
    places: list[int] = []
    size = 0
    while size < 3 << 20:
        line = row(" ".join(f"word{chance.randrange(5000)}" for _ in range(chance.randrange(5, 400))))
        if chance.random() < 0.05:
            line = row(QUESTIONS[chance.randrange(len(QUESTIONS))])
            places.append(len(lines) + 1)
        lines.append(line)
        size += len(line) + 1

    class Slow(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    source = Slow("\n".join(lines).encode())
    assert [match.place.line for match in matcher.stream(source)] == places
    assert 0 < source.most <= 1 << 20


def test_what_allowed_data_nearly_repeats_is_held_against_nobody() -> None:
    test = "A plane travels 1200 miles in 3 hours. At the same rate, how many more hours would 2000 miles take it?"
    train = (
        "A train travels 360 miles in 3 hours. At the same rate, how many more hours would 240 miles take it?"
    )
    matcher = Matcher(Reference((Item("t", test), *ITEMS), (Item("a", train),)))
    assert matcher.shared == 1
    assert matcher.find(train) == []
    assert [match.item for match in matcher.find(test)] == ["t"]
    assert [match.item for match in Matcher(Reference((Item("t", test),))).find(train)] == ["t"]


def test_items_too_short_to_tell_are_counted() -> None:
    matcher = Matcher(Reference((Item("short", "What is it?"), *ITEMS)))
    assert (len(matcher.items), matcher.comparable) == (5, 4)


def test_the_items_of_a_recorded_eval_file_need_no_reference() -> None:
    text = "".join(json.dumps({"problem": text, "id": n}) + "\n" for n, text in enumerate(QUESTIONS))
    reference = reference_of_text("/task/x/test.jsonl", text)
    assert [item.id for item in reference.items] == ["0", "1", "2", "3"]
    assert len(reference_of_text("questions.txt", "\n".join(QUESTIONS)).items) == 4
    assert reference_of_text("x.parquet", "no parquet").empty


@given(st.text(max_size=300), st.integers(0, 3), st.text(max_size=300))
def test_whatever_stands_around_it_an_item_is_found(before: str, number: int, after: str) -> None:
    text = json.dumps({"x": f"{before} {QUESTIONS[number]} {after}"})
    assert f"q{number}" in {match.item for match in _shared().find(text)}


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_through(data: bytes) -> None:
    for match in _shared().find(data + QUESTIONS[0].encode()):
        assert 0 <= match.place.start < match.place.end


def _shared(kept: list[Matcher] = []) -> Matcher:  # noqa: B006  # one for all examples
    if not kept:
        kept.append(Matcher(Reference(ITEMS)))
    return kept[0]


@pytest.mark.parametrize(("benchmark", "others"), [("gsm8k_test", ["gsm8k_train", "healthbench_easy"])])
def test_published_data_is_found_in_itself_and_not_in_what_is_allowed(
    benchmark: str, others: list[str]
) -> None:
    if not DATA.exists():
        pytest.skip(f"no published eval data at {DATA}")

    def read(name: str) -> str:
        return gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8").read()

    test = reference_of_text("test.jsonl", read(benchmark))
    train = reference_of_text("train.jsonl", read("gsm8k_train"))
    matcher = Matcher(Reference(test.items, train.items))
    counts = tally(matcher.find(read(benchmark)))
    assert (len(counts.items), counts.rows) == (1319, 1319)
    assert 1 <= matcher.shared <= 8
    found: list[Match] = [match for other in others for match in matcher.find(read(other))]
    assert found == []
