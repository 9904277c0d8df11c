"""JSON that no terminal obeys and every parser reads back."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.jsonio import dumps, loads
from store.plain import HOSTILE

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet=st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_written_reads_back_and_holds_no_control(value: object) -> None:
    raw = dumps(value)
    assert json.loads(raw) == value
    assert not HOSTILE.search(raw.decode())


def test_controls_beyond_ascii_are_escaped() -> None:
    assert dumps("\u009d\u202e\x7f\u2028") == b'"\\u009d\\u202e\\u007f\\u2028"'
    assert dumps("ü…") == '"ü…"'.encode()


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    when: datetime


def test_the_types_that_ptb_prints() -> None:
    value = {"p": Point(1, datetime(2026, 4, 3, tzinfo=UTC)), "at": Path("/a"), "raw": b"\xff", "big": 2**70}
    assert loads(dumps({**value, "big": 1}))["p"] == {"x": 1, "when": "2026-04-03T00:00:00Z"}
    assert json.loads(dumps(value)) == {
        "p": {"x": 1, "when": "2026-04-03T00:00:00Z"},
        "at": "/a",
        "raw": "\\xff",
        "big": 2**70,
    }


def test_lone_surrogates_do_not_stop_the_answer() -> None:
    assert json.loads(dumps({"name": "\udcff"})) == {"name": "\udcff"}


def test_an_object_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        dumps({"f": dumps})
