"""Commands that the agent issued are joined to the processes that the kernel saw."""

import pytest

from recorder.joining import shells
from store.rows import Command, CommandEnd
from tests.recorder.joining.story import Story
from tests.recorder.joining.wrappings import WRAPPINGS, Wrapping


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_the_text_is_found_in_each_scaffold_s_wrapping(wrap: Wrapping) -> None:
    story = Story()
    text = """echo "it's" 'a  b' | sort >x\nls $HOME"""
    story.command(1, 10, text)
    story.shell(2, 10.01, "ls")
    story.process(3, 10.1, *wrap(text))
    assert story.links == {1: (3, "exact")}


def test_parallel_calls_each_get_their_own_whichever_ends_first() -> None:
    story = Story()
    for number, text in enumerate(["sleep 1; echo one", "sleep 1; echo two", "echo one"], start=1):
        story.command(number, 10 + number / 100, text)
    for process, text in [(2, "sleep 1; echo one"), (3, "sleep 1; echo two"), (4, "echo one")]:
        story.shell(process, 10 + process / 10, text)
    story.result(3, 10.5)
    story.result(1, 11.5)
    assert story.closed() == {1: (2, "exact"), 2: (3, "exact"), 3: (4, "exact")}


def test_the_same_command_twice_is_two_processes_in_order() -> None:
    story = Story()
    for number, start in ((1, 10), (2, 11)):
        story.command(number, start, "make")
        story.shell(number + 1, start + 0.2, "make")
        story.exit(number + 1, start + 0.3)
        story.result(number, start + 0.4)
    assert story.links == {1: (2, "exact"), 2: (3, "exact")}


def test_a_repeated_command_of_which_the_first_was_refused_takes_its_own_process() -> None:
    story = Story()
    story.command(1, 10, "rm -rf x")
    story.result(1, 10.1)
    story.command(2, 12, "rm -rf x")
    story.shell(2, 12.1, "rm -rf x")
    assert story.closed() == {1: (None, "none"), 2: (2, "exact")}


def test_a_kernel_witness_that_is_behind_loses_nothing() -> None:
    story = Story()
    for number, start in ((1, 10), (2, 11)):
        story.command(number, start, "make")
        story.result(number, start + 0.4)
    story.now = 60
    story.shell(2, 10.2, "make")
    story.shell(3, 11.2, "make")
    assert story.closed() == {1: (2, "exact"), 2: (3, "exact")}


def test_a_command_that_dies_before_the_agent_s_words_arrive_is_found() -> None:
    story = Story()
    story.shell(2, 9.8, "kill -9 $$")
    story.exit(2, 9.81, None, 9)
    story.command(1, 10, "kill -9 $$", err_s=None)
    story.result(1, 10.2)
    assert story.links == {1: (2, "exact")}


def test_a_call_told_when_it_is_over_is_found_among_many_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "MAX_UNCLAIMED", 8)
    story = Story()
    story.shell(2, 10.01, "make -j")
    for process in range(3, 100):
        story.shell(process, 10 + process / 10, f"cc {process}", parent=2)
    story.now = 30
    story.command(1, 10, "make -j")
    story.result(1, 29)
    assert story.links == {1: (2, "exact")}


@pytest.mark.parametrize("off", [-7.0, -0.5, 0.5, 7.0])
def test_an_agent_whose_clock_is_off_is_joined_by_text(off: float) -> None:
    story = Story()
    story.off = off
    for number, start in ((1, 10), (2, 11)):
        story.command(number, start, "make")
        story.shell(number + 1, start + 0.1, "make")
        story.result(number, start + 0.2)
    assert story.links == {1: (2, "exact"), 2: (3, "exact")}


@pytest.mark.parametrize("off", [-7.0, 7.0])
def test_an_agent_whose_clock_is_off_is_never_joined_by_time(off: float) -> None:
    story = Story()
    story.off = off
    story.command(1, 20, "what the scaffold rewrote")
    story.shell(2, 20.1, "something else")
    story.result(1, 24)
    assert story.closed() == {1: (None, "none")}


def test_the_outermost_of_nested_shells_is_the_command() -> None:
    story = Story()
    story.shell(2, 10.1, "source snapshot && eval 'make all' < /dev/null && pwd")
    story.shell(3, 10.2, "make all", parent=2)
    story.command(1, 10, "make all")
    story.command(2, 10.05, "make all")
    assert story.closed() == {1: (2, "exact"), 2: (None, "none")}


def test_an_unknown_wrapping_is_seen_through_at_the_end() -> None:
    story = Story()
    story.command(1, 10, "python train.py --epochs 3")
    story.shell(2, 10.1, "sandboxed --limit 4 -- python train.py --epochs 3 --then report")
    assert story.links == {}
    assert story.closed() == {1: (2, "exact")}


def test_time_alone_is_a_weaker_match_and_takes_nobody_s_shell() -> None:
    story = Story()
    story.command(1, 10, "first")
    story.shell(2, 10.1, "first")
    story.result(1, 11)
    story.command(2, 20, "what the transcript cut")
    story.shell(3, 20.1, "something longer")
    story.result(2, 21)
    assert story.closed() == {1: (2, "exact"), 2: (3, "time")}


def test_two_shells_or_two_commands_in_one_time_decide_nothing() -> None:
    story = Story()
    story.command(1, 10, "gone")
    story.shell(2, 10.1, "a")
    story.shell(3, 10.2, "b")
    story.result(1, 11)
    story.command(2, 20, "this")
    story.command(3, 20.1, "that")
    story.shell(4, 20.2, "which")
    story.result(2, 21)
    story.result(3, 21)
    assert story.closed() == dict.fromkeys((1, 2, 3), (None, "none"))


def test_inside_the_error_of_the_clock_nothing_is_asserted() -> None:
    story = Story()
    story.command(1, 10, "gone", err_s=0.5)
    story.shell(2, 10.3, "other")
    story.result(1, 13, err_s=0.5)
    story.command(2, 20, "lost", err_s=0.5)
    story.shell(3, 21, "other")
    story.result(2, 23, err_s=0.5)
    assert story.closed() == {1: (None, "none"), 2: (3, "time")}


def test_the_scaffold_s_helpers_and_shells_of_others_are_not_taken_by_time() -> None:
    story = Story()
    story.command(1, 10, "gone")
    story.process(2, 10.1, "/bin/bash", "-c", "-l", "SNAPSHOT_FILE=/root/.claude/shell-snapshots/s.sh\n# …")
    story.process(3, 10.2, "python", "work.py")
    story.shell(4, 10.3, "deeper", parent=3)
    story.result(1, 11)
    assert story.closed() == {1: (None, "none")}


def test_without_a_kernel_witness_nothing_is_said_about_processes() -> None:
    story = Story()
    story.command(1, 10, "make")
    assert story.closed(watched=False) == {}


def test_secrets_are_compared_after_they_were_taken_out() -> None:
    story = Story(secrets=("hush-hush-42x",))
    story.command(1, 10, "curl -H [redacted:known-secret] x")
    story.shell(2, 10.1, "curl -H hush-hush-42x x")
    story.shell(3, 10.2, "other")
    story.result(1, 11)
    assert story.closed() == {1: (2, "exact")}


def test_a_process_that_becomes_its_command_by_a_second_exec_is_it() -> None:
    story = Story()
    story.command(1, 10, "ls -l")
    story.shell(2, 10.1, "if . snapshot; then :; fi\n\nexec /bin/bash -c 'ls -l'")
    story.exec(2, 10.2, "/bin/bash", "-c", "ls -l")
    assert story.links == {1: (2, "exact")}


def test_what_a_daemon_of_one_command_starts_is_no_other_command() -> None:
    story = Story()
    story.command(1, 10, "(nohup server &)")
    story.shell(2, 10.1, "(nohup server &)")
    story.process(3, 10.2, "nohup", "server", parent=2)
    story.exit(2, 10.3)
    story.result(1, 10.4)
    story.command(2, 20, "later")
    story.shell(4, 20.1, "later", parent=3)
    story.result(2, 20.5)
    assert story.closed() == {1: (2, "exact"), 2: (None, "none")}


def test_without_a_transcript_the_command_s_own_shells_are_the_commands() -> None:
    story = Story(lambda: False)
    story.process(2, 1, "sh", "-c", "make all")
    story.process(3, 1.2, "cc", "x.c", parent=2)
    story.process(4, 1.3, "sh", "-c", "echo deep", parent=2)
    assert story.links == {1: (2, "exact")}
    story.exit(2, 3, 2)
    story.shell(5, 4, "kill -9 $$")
    story.exit(5, 4.1, None, 9)
    assert story.closed() == {1: (2, "exact"), 2: (5, "exact")}
    assert [(row.text, row.cwd, row.tool) for row in story.sink.of(Command)] == [
        ("make all", "/work", None),
        ("kill -9 $$", "/work", None),
    ]
    assert [(row.command_id, row.exit_code) for row in story.sink.of(CommandEnd)] == [(1, 2), (2, 137)]


def test_shells_wait_until_it_is_known_that_there_is_no_transcript() -> None:
    story = Story(lambda: None)
    story.shell(2, 1, "make")
    story.exit(2, 2, 3)
    assert story.links == {}
    assert story.closed() == {1: (2, "exact")}
    assert [row.exit_code for row in story.sink.of(CommandEnd)] == [3]


def test_a_transcript_that_shows_late_tells_the_commands_itself() -> None:
    known: list[bool] = []
    story = Story(lambda: True if known else None)
    story.shell(2, 1, "setup")
    known.append(True)
    story.command(1, 10, "make")
    story.shell(3, 10.1, "make")
    assert story.closed() == {1: (3, "exact")}
    assert len(story.sink.of(Command)) == 1


def test_interactive_shells_and_scripts_in_files_are_no_commands() -> None:
    story = Story(lambda: False)
    story.process(2, 1, "bash", "-l")
    story.process(3, 2, "bash", "script.sh", "-c", "x")
    story.process(4, 3, "bash", "--rcfile", "c")
    story.process(5, 4, "bash", "-o", "pipefail", "-ec", "x")
    assert story.closed() == {1: (5, "exact")}
