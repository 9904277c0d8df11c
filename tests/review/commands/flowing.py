"""Whether content gets from one name to another by what a text of commands says."""

from collections.abc import Mapping

from review.commands.effects import How
from review.commands.same_file import same
from review.commands.shell.follow import shell_effects

SOURCE = "eval/data/items.jsonl"
TARGET = "own.jsonl"


def arrives(text: str, scripts: Mapping[str, str] | None = None) -> bool:
    """Whether the content of ``SOURCE`` itself gets into ``TARGET``."""
    effects = shell_effects(text, (scripts or {}).get)
    reached = {SOURCE}
    for _ in effects.transfers:
        reached |= {
            one.target
            for one in effects.transfers
            if one.how is How.VALUE and any(same(one.source, name) for name in reached)
        }
    return any(same(name, TARGET) for name in reached - {SOURCE})
