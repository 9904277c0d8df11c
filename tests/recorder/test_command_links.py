"""Commands that the agent issued are joined to the processes that the kernel saw."""

import shlex

from recorder.command_links import CommandLinks
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Exec,
    ProcessExit,
    ProcessStart,
    Quality,
    Source,
    Stamp,
)
from tests.recorder.collected import Collected

SECOND = 1_000_000_000


class Run:
    """Rows of a run in which process 1 is the agent; times in seconds."""

    def __init__(self) -> None:
        self.sink = Collected()
        self.links = CommandLinks(self.sink)
        self.links.put(kernel(0), ProcessStart(1, 100))

    def process(self, process_id: int, at: float, *argv: str, parent: int = 1, code: int = 0) -> None:
        self.links.put(kernel(at), ProcessStart(process_id, 100 + process_id, parent_id=parent))
        self.links.put(kernel(at), Exec(process_id, 100 + process_id, argv[0], shlex.join(argv), cwd="/work"))
        self.links.put(kernel(at + 0.5), ProcessExit(process_id, 100 + process_id, exit_code=code))

    def command(self, number: int, at: float | None, text: str, end: float | None = None) -> None:
        quality = Quality.ARRIVAL if at is not None else Quality.NONE
        self.links.put(Stamp(ns(at), quality, Source.TRANSCRIPT), Command(number, text))
        if end is not None:
            self.links.put(Stamp(ns(end), quality, Source.TRANSCRIPT), CommandEnd(number, 0))

    def joined(self) -> dict[int, tuple[int | None, str]]:
        self.links.finish()
        return {row.command_id: (row.process_id, row.match) for row in self.sink.of(CommandLink)}


def ns(at: float | None) -> int | None:
    return None if at is None else int(at * SECOND)


def kernel(at: float) -> Stamp:
    return Stamp(ns(at), Quality.EXACT, Source.KERNEL, 1)


def test_the_text_decides() -> None:
    run = Run()
    run.command(1, 10, "python train.py", 12)
    run.process(2, 10.1, "/bin/bash", "-lc", "ls")
    run.process(3, 10.2, "bash", "-lc", "python train.py")
    assert run.joined() == {1: (3, "exact")}


def test_quoting_and_the_scaffold_s_wrapping_do_not_matter() -> None:
    run = Run()
    text = """echo "it's" 'a  b'\nls"""
    inner = shlex.quote(text)
    script = f"source /root/.claude/snapshot.sh && eval {inner} \\< /dev/null && pwd -P >| /tmp/claude-1-cwd"
    run.command(1, 10, text, 12)
    run.process(2, 10.1, "/bin/bash", "-c", "-l", script)
    assert run.joined() == {1: (2, "exact")}


def test_part_of_a_word_is_not_the_command() -> None:
    run = Run()
    run.command(1, 10, "ls", 12)
    run.process(2, 10.1, "bash", "-c", "false; lsof")
    run.process(3, 10.2, "bash", "-c", "cd / && ls")
    assert run.joined() == {1: (3, "exact")}


def test_the_same_command_twice_is_two_processes_in_order() -> None:
    run = Run()
    run.command(1, 10, "make", 11)
    run.process(2, 10.2, "bash", "-c", "make")
    run.command(2, 13, "make", 14)
    run.process(3, 13.2, "bash", "-c", "make")
    assert run.joined() == {1: (2, "exact"), 2: (3, "exact")}


def test_time_alone_is_a_weaker_match_and_takes_nobody_s_shell() -> None:
    run = Run()
    run.command(1, 10, "first thing", 11)
    run.process(2, 10.1, "bash", "-c", "first thing")
    run.command(2, 20, "what the transcript cut", 21)
    run.process(3, 20.1, "bash", "-c", "something longer")
    assert run.joined() == {1: (2, "exact"), 2: (3, "time")}


def test_two_shells_in_its_time_decide_nothing() -> None:
    run = Run()
    run.command(1, 10, "gone", 11)
    run.process(2, 10.1, "bash", "-c", "a")
    run.process(3, 10.2, "bash", "-c", "b")
    assert run.joined() == {1: (None, "none")}


def test_a_command_without_a_process_says_so() -> None:
    run = Run()
    run.process(2, 1, "bash", "-c", "echo claimed")
    run.command(1, 10, "echo claimed", 11)
    assert run.joined() == {1: (None, "none")}


def test_shells_deeper_in_the_tree_are_not_taken_by_time() -> None:
    run = Run()
    run.command(1, 10, "gone", 11)
    run.process(2, 10.1, "python", "work.py")
    run.process(3, 10.2, "bash", "-c", "helper", parent=2)
    assert run.joined() == {1: (None, "none")}


def test_without_a_clock_the_text_alone_decides() -> None:
    run = Run()
    run.process(2, 10, "bash", "-c", "a b c")
    run.command(1, None, "a b c", None)
    run.command(2, None, "x", None)
    assert run.joined() == {1: (2, "exact"), 2: (None, "none")}


def test_links_come_while_recording_once_the_result_is_back() -> None:
    run = Run()
    run.command(1, 10, "make", 11)
    run.process(2, 10.2, "bash", "-c", "make")
    run.links.tick()
    assert not run.sink.of(CommandLink)
    for issued in run.links._issued.values():
        issued.due = 0
    run.links.tick()
    assert [row.process_id for row in run.sink.of(CommandLink)] == [2]


def test_without_a_transcript_the_command_s_shells_are_the_commands() -> None:
    run = Run()
    run.process(2, 1, "sh", "-c", "make all", code=2)
    run.process(3, 1.2, "cc", "x.c", parent=2)
    run.process(4, 1.3, "sh", "-c", "echo deep", parent=2)
    assert run.joined() == {1: (2, "exact")}
    (command,) = run.sink.of(Command)
    assert (command.text, command.cwd) == ("make all", "/work")
    (end,) = run.sink.of(CommandEnd)
    assert end.exit_code == 2


def test_interactive_shells_and_scripts_in_files_are_no_commands() -> None:
    run = Run()
    run.process(2, 1, "bash", "-l")
    run.process(3, 2, "bash", "script.sh", "-c", "x")
    run.process(4, 3, "bash", "--rcfile", "c")
    assert run.joined() == {}
