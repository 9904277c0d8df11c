"""Finding programs of a benchmark under other names, in other layout, and in strings; and not finding what all write."""

import gzip
from collections.abc import Callable

import pytest
from benchmarks.disguises import DISGUISES, human_eval, unrelated_functions

from demo.scenarios.task import items as invented
from review.matching.idioms import SOURCES
from review.matching.match import Kind, Part
from review.matching.matcher import Matcher
from review.matching.reference import Reference, reference_of_text
from review.references.item import Item

INVENTED = reference_of_text("humaneval.jsonl", invented("humaneval")).items


def every_nth(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return items[::4]


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    path = human_eval()
    if path is None:
        pytest.skip("the package human-eval is not installed")
    return reference_of_text("humaneval.jsonl", gzip.decompress(path.read_bytes()).decode()).items


@pytest.fixture(scope="module")
def matcher(items: tuple[Item, ...]) -> Matcher:
    return Matcher(Reference(items))


LEAST = {
    "verbatim": 1.0,
    "renamed": 0.87,
    "reformatted": 1.0,
    "paraphrased": 0.9,
    "both": 0.87,
    "in_json": 0.87,
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_disguised_items_are_found(matcher: Matcher, items: tuple[Item, ...], disguise: str) -> None:
    chosen = every_nth(items)
    found = [item.id in {m.item for m in matcher.find(DISGUISES[disguise](item))} for item in chosen]
    assert sum(found) / len(found) >= LEAST[disguise]


@pytest.mark.parametrize("wrap", DISGUISES.values(), ids=DISGUISES)
def test_invented_items_are_found_too(wrap: Callable[[Item], str]) -> None:
    matcher = Matcher(Reference(INVENTED))
    for item in INVENTED:
        assert {match.item for match in matcher.find(wrap(item))} == {item.id}


def test_unrelated_functions_are_not_found(matcher: Matcher) -> None:
    functions = list(unrelated_functions(800))
    assert matcher.find("\n\n".join(functions)) == []
    assert [function for function in functions if matcher.find(function)] == []


def test_idioms_are_not_found(matcher: Matcher) -> None:
    for source in SOURCES:
        assert matcher.find(source.replace("(n", "(value").replace(" n", " value")) == []


def test_among_unrelated_code_the_place_is_told(items: tuple[Item, ...], matcher: Matcher) -> None:
    hidden = DISGUISES["renamed"](items[1])
    functions = list(unrelated_functions(60))
    text = "\n\n".join([*functions[:30], hidden, *functions[30:]])
    (match,) = matcher.find(text)
    assert (match.item, match.part, match.kind, match.share) == (items[1].id, Part.CODE, Kind.RENAMED, 1.0)
    line = text[: text.index(hidden)].count("\n") + 1
    assert line <= match.place.line <= line + hidden.count("\n")
    assert match.text in text


def test_a_body_apart_from_its_header_is_found(items: tuple[Item, ...], matcher: Matcher) -> None:
    body = DISGUISES["renamed"](items[1]).split(":\n", 1)[1]
    assert {match.item for match in matcher.find(f'{{"completion": {body!r}}}')} == {items[1].id}


def test_the_same_names_in_another_layout_are_no_renaming() -> None:
    item = INVENTED[0]
    code = item.question[: item.question.index('    """')] + item.answer.replace("    ", "\t").replace(
        ", ", ","
    )
    (match,) = [match for match in Matcher(Reference(INVENTED)).find(code) if match.part is Part.CODE]
    assert match.kind is Kind.REFORMATTED
