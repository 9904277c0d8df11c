"""What a shell was told to run is found in its argv, and any command in any scaffold's wrapping."""

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.joining.script import key, keys, shell_script
from tests.recorder.joining.wrappings import WRAPPINGS, Wrapping

TEXTS = st.text(st.sampled_from("ab '\"\\$;&|{}()<>\n\té-"), min_size=1, max_size=40)


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@given(text=TEXTS.map(lambda text: text.lstrip("-+")).filter(bool))
def test_any_text_is_found_in_any_wrapping(wrap: Wrapping, text: str) -> None:
    script = shell_script(shlex.join(wrap(text)))
    assert script is not None
    assert not key(text) or key(text) in keys(script)


@given(words=st.lists(TEXTS, min_size=1, max_size=4))
def test_the_script_is_the_word_after_c(words: list[str]) -> None:
    script = words[0].lstrip("-+") or "x"
    assert shell_script(shlex.join(["/usr/bin/zsh", "-l", "-c", script, *words])) == script


@pytest.mark.parametrize(
    "argv", ["", "'", "python -c x", "bash", "bash -c", "bashful -c x", "git sh -c x", "sh x -c y"]
)
def test_what_is_no_shell_with_a_script_has_none(argv: str) -> None:
    assert shell_script(argv) is None


@given(argv=st.text(st.sampled_from("bash -c'\"\\\n"), max_size=60))
def test_any_text_can_be_looked_at(argv: str) -> None:
    script = shell_script(argv)
    assert script is None or keys(script) is not None


def test_other_commands_are_not_found() -> None:
    script = shell_script(shlex.join(WRAPPINGS["claude"]("sleep 0.5; echo one")))
    assert script is not None
    assert key("echo one") not in keys(script)
    assert key("ls") not in keys("false; lsof")


@pytest.mark.parametrize("piece", ["{ ", "eval ", "'", '"', "\\", "\n(\n trap x EXIT\n", "__code=$?", "};"])
def test_a_long_script_takes_no_longer_than_it_is(piece: str) -> None:
    """An agent's own text must not hold the recorder up."""
    started = time.process_time()
    script = shell_script(shlex.join(["bash", "-c", "x" + piece * (128 * 1024 // len(piece))]))
    assert script is not None
    assert keys(script)
    assert time.process_time() - started < 10  # a tenth of a second; minutes where it grows with the square
