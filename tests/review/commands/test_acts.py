"""The commands of a run, followed: those that a transcript tells of and those that only processes show."""

from pathlib import Path

from review.commands.acts import Acts, told_acts
from review.run_view import open_run_view
from tests.review.told import Told


def acts_of(folder: Path) -> Acts:
    with open_run_view(folder) as run:
        return run.once(told_acts)


def transfers(acts: Acts) -> set[tuple[str, str]]:
    return {(one.source, one.target) for act in acts.acts for one in act.effects.transfers}


def test_a_shell_that_no_command_tells_of_is_followed_too(tmp_path: Path) -> None:
    story = Told(tmp_path / "run-1")
    story.issue("cp a.jsonl b.jsonl")
    story.start("bash -c 'cp b.jsonl c.jsonl'")
    acts = acts_of(story.end())
    assert transfers(acts) == {("a.jsonl", "b.jsonl"), ("b.jsonl", "c.jsonl")}
    assert list(acts.trails(lambda name: name == "a.jsonl")) == ["b.jsonl", "c.jsonl"]


def test_a_command_that_the_scaffold_refused_did_nothing(tmp_path: Path) -> None:
    story = Told(tmp_path / "run-1", kernel=False)
    story.issue("cp a.jsonl b.jsonl", "Permission to use Bash has been denied.", exit_code=None)
    assert acts_of(story.end()).acts == ()


def test_a_script_is_followed_as_it_was_when_it_ran(tmp_path: Path) -> None:
    story = Told(tmp_path / "run-1", kernel=False)
    for name in ("a", "b"):
        story.wrote("make.py", f"import shutil\nshutil.copy('{name}.jsonl', 'out.jsonl')\n")
        story.issue("python3 make.py")
    first, second = acts_of(story.end()).acts
    assert [[t.source for t in act.effects.transfers] for act in (first, second)] == [
        ["a.jsonl"],
        ["b.jsonl"],
    ]
