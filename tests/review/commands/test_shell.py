"""Reading shell: what would run, what is only quoted, and that no text breaks the reader."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.commands.shell.launch import launched
from review.commands.shell.simple import Simple
from review.commands.shell.syntax import LONGEST, pipelines, simple_commands


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


def test_arithmetic_is_no_command_but_what_it_asks_is() -> None:
    assert programs("echo $((END - $(date +%s)))")[0] == ("date", "+%s")
    assert len(programs('echo $((END - 1)) "$((2 + 3))"')) == 1


def test_a_pipeline_may_go_on_in_the_next_line() -> None:
    assert [[s.program for s in told] for told in pipelines("cat a |\n  # only some\n  grep x\nls")] == [
        ["cat", "grep"],
        ["ls"],
    ]


def test_errors_are_told_from_results() -> None:
    simple = only("python a.py > out.json 2> err.log")
    assert (simple.writes, simple.complaints) == (("out.json", "err.log"), ("err.log",))


@pytest.mark.parametrize(
    ("text", "script", "arguments"),
    [
        ("python3 -u train.py --lr 1", "train.py", ("--lr", "1")),
        ("uv run python -X dev ./train.py", "./train.py", ()),
        ("accelerate launch --num_processes 8 train.py a", "train.py", ("a",)),
        ("python -m torch.distributed.run --nproc_per_node 2 train.py", "train.py", ()),
        ("python -m pkg.train a", "pkg/train.py", ("a",)),
        ("bash -eo pipefail run.sh a", "run.sh", ("a",)),
        ("./run.sh a", "./run.sh", ("a",)),
    ],
)
def test_the_program_that_a_command_starts(text: str, script: str, arguments: tuple[str, ...]) -> None:
    launch = launched(only(text))
    assert launch is not None
    assert (launch.script, launch.arguments) == (script, arguments)


def test_a_program_given_in_place_is_no_script() -> None:
    for text in ("python3 -c 'print(1)'", "python3 - <<EOF\nprint(1)\nEOF", "python3 <<< 'print(1)'"):
        launch = launched(only(text))
        assert launch is not None
        assert launch.script is None
        assert (launch.text or "").strip() == "print(1)"
    assert launched(only("pip install torch")) is None


def test_comments_are_left_out() -> None:
    assert programs("ls # rm -rf /\necho a#b") == [("ls",), ("echo", "a#b")]


@given(st.text(alphabet=st.sampled_from("ab $()`'\"\\;|&<>\n#={}EOF-0"), max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    for simple in simple_commands(text):
        assert all(isinstance(word, str) for word in simple.words)


def test_a_long_text_takes_no_longer_than_it_should() -> None:
    begun = time.process_time()
    for hostile in ("$(" * LONGEST, "'" * LONGEST, "<<E\n" * LONGEST, "(" * LONGEST, "a " * LONGEST):
        simple_commands(hostile[: LONGEST * 2])
    assert time.process_time() - begun < 20
