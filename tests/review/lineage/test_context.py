"""What the agent was shown and what it wrote later: only ever possible, and never backwards in time."""

from pathlib import Path

import pytest

from review.lineage.of_path import lineage_of
from store.findings import Certainty
from store.rows import Command, CommandEnd, CommandLink, Source
from tests.review.runs import EVAL, TASK, Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "run-1")


def look(story: Story, command_id: int, text: str) -> None:
    """A tool call whose process reads the eval file."""
    story.put(Command(command_id, text, tool="Bash", tool_call_id=f"call-{command_id}"), Source.TRANSCRIPT)
    process = story.start(text)
    story.put(CommandLink(command_id, process, "exact"))
    story.read(process, EVAL)
    story.put(CommandEnd(command_id, 0, "shown"), Source.TRANSCRIPT)


def through_context(story: Story) -> set[str]:
    links = lineage_of(story.end(), EVAL).descendants
    assert all(link.certainty is Certainty.POSSIBLE for link in links if link.target is not None)
    return {link.target.rsplit("/", 1)[-1] for link in links if link.target is not None}


def test_what_the_agent_writes_after_a_look_may_hold_what_it_saw(story: Story) -> None:
    story.write(story.agent, f"{TASK}/before.py")
    look(story, 7, "head -n 3 healthbench.jsonl")
    story.write(story.agent, f"{TASK}/after.py")
    story.write(story.agent, "/root/.claude/projects/session.jsonl")
    assert through_context(story) == {"after.py"}


def test_text_in_a_later_command_counts_where_the_command_writes_the_file_it_names(story: Story) -> None:
    look(story, 7, "head -n 3 healthbench.jsonl")
    text = "cat > seeds.jsonl <<'END'\nof my own\nEND"
    story.put(Command(8, text, tool="Bash"), Source.TRANSCRIPT)
    writer = story.start("cat")
    story.put(CommandLink(8, writer, "exact"))
    story.write(writer, f"{TASK}/seeds.jsonl")
    story.write(writer, f"{TASK}/unnamed.bin")
    assert through_context(story) == {"seeds.jsonl"}
