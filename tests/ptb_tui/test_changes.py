"""What changed in a file, as a reviewer reads it."""

from hypothesis import given
from hypothesis import strategies as st

from ptb_tui.state.changes import changes


def said(before: str, after: str) -> list[str]:
    return [line.text for line in changes(before, after, "gen.py")]


def test_changed_lines_stand_with_a_little_around_them() -> None:
    before = "\n".join(f"line {n}" for n in range(50))
    after = before.replace("line 25", "test items\nmore")
    assert said(before, after) == [
        "changed since the version before: +2  −1  lines",
        "",
        "  line 23",
        "  line 24",
        "− line 25",
        "+ test items",
        "+ more",
        "  line 26",
        "  line 27",
    ]


def test_the_same_content_says_so() -> None:
    assert said("a\nb", "a\nb") == ["the same content as the version before"]


def test_versions_too_long_to_compare_are_shown_whole() -> None:
    lines = said("x\n" * 5000, "y\n" * 10)
    assert lines[0] == "too long to compare with the version before"
    assert lines.count("y") == 10


def test_control_characters_in_either_version_are_symbols() -> None:
    assert not any("\x1b" in line for line in said("a\x1b[2J", "b\x1b]52;c;\x07"))


LINES = st.lists(st.sampled_from(("a", "b", "c")), max_size=30).map("\n".join)


@given(LINES, LINES)
def test_the_counts_are_those_of_the_marked_lines(before: str, after: str) -> None:
    lines = said(before, after)
    added, removed = (
        sum(line.startswith("+ ") for line in lines),
        sum(line.startswith("− ") for line in lines),
    )
    assert len(after.splitlines()) - len(before.splitlines()) == added - removed
    if added or removed:
        assert lines[0] == f"changed since the version before: +{added}  −{removed}  lines"
