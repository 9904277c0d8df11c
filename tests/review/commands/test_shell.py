"""Reading shell: what would run, what is only quoted, and that no text breaks the reader."""

import time

from hypothesis import given
from hypothesis import strategies as st

from review.commands.shell.syntax import LONGEST, Simple, simple_commands


def programs(text: str) -> list[tuple[str, ...]]:
    return [simple.words for simple in simple_commands(text) if simple.words]


def only(text: str) -> Simple:
    (simple,) = simple_commands(text)
    return simple


def test_quoted_words_are_no_programs() -> None:
    assert programs("echo 'kill 1; rm x' \"a && b\"") == [("echo", "kill 1; rm x", "a && b")]


def test_substitutions_and_inner_shells_are_read() -> None:
    assert ("cat", "pid") in programs('kill "$(cat pid)"')
    assert ("pkill", "-f", "x") in programs("timeout 5 bash -lc 'sleep 1 && pkill -f x'")
    assert ("date",) in programs("x=`date`")
    assert ("rm", "y") in programs("eval 'rm y'")


def test_what_runs_another_program_is_taken_off() -> None:
    simple = only("FOO=1 nohup nice -n 5 env BAR=2 python train.py --lr 1 > out.log 2>&1 &")
    assert simple.words == ("python", "train.py", "--lr", "1")
    assert dict(simple.assignments) == {"FOO": "1", "BAR": "2"}
    assert (simple.writes, simple.background, simple.detached) == (("out.log",), True, True)
    assert only("exec -a '[kworker]' ./x").called == "[kworker]"


def test_a_here_document_is_not_run() -> None:
    cat, run = simple_commands("cat > a.py <<'EOF'\nimport os; os.system('rm -rf x')\nEOF\npython a.py")
    assert (cat.words, cat.writes, cat.heredoc) == (("cat",), ("a.py",), "import os; os.system('rm -rf x')\n")
    assert run.words == ("python", "a.py")


def test_loops_and_conditions() -> None:
    assert ("claude", "-p", "$t") in programs("for t in a b; do if true; then claude -p $t; fi; done")


def test_comments_are_left_out() -> None:
    assert programs("ls # rm -rf /\necho a#b") == [("ls",), ("echo", "a#b")]


@given(st.text(alphabet=st.sampled_from("ab $()`'\"\\;|&<>\n#={}EOF-0"), max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    for simple in simple_commands(text):
        assert all(isinstance(word, str) for word in simple.words)


def test_a_long_text_takes_no_longer_than_it_should() -> None:
    begun = time.perf_counter()
    for hostile in ("$(" * LONGEST, "'" * LONGEST, "<<E\n" * LONGEST, "(" * LONGEST, "a " * LONGEST):
        simple_commands(hostile[: LONGEST * 2])
    assert time.perf_counter() - begun < 20
