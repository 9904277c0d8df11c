"""What verbs print is safe to look at."""

import pytest

from ptb_tui.cli.output import Field, print_json, print_table


def test_a_table_shows_run_text_as_it_is_without_markup_or_controls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(
        [Field("file"), Field("bytes", right=True)],
        [["[bold]/tmp/[/", 12], ["a\x1b[31m\u202eb\nc", None], ["x" * 300, 1]],
    )
    out = capsys.readouterr().out
    assert "[bold]/tmp/[/" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "a␛[31m\ufffdb␊c" in out
    assert "x" * 300 in out  # nothing is cut for a pipe


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "b\nc"})
    assert capsys.readouterr().out == '{"a":"b\\nc"}\n'
