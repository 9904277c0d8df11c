"""How a call of somebody else's language model shows: data in ``hosted.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from review.commands.shell.simple import Simple


@dataclass(frozen=True, slots=True)
class Tool:
    """A command line tool of hosted models."""

    program: str
    asked: str
    not_asked: str | None = None


@dataclass(frozen=True, slots=True)
class Hosted:
    """The patterns."""

    host: re.Pattern[str]
    model: re.Pattern[str]
    client: re.Pattern[str]
    call: re.Pattern[str]
    local: re.Pattern[str]
    tools: tuple[Tool, ...]

    def tool_asked(self, simple: Simple) -> bool:
        """Whether the command asks a hosted model something through its own tool."""
        words = " ".join(simple.arguments)
        return any(
            re.fullmatch(tool.program, simple.program)
            and re.search(tool.asked, words)
            and not (tool.not_asked and re.search(tool.not_asked, words))
            for tool in self.tools
        )


@cache
def hosted() -> Hosted:
    """All that is known."""
    data = tomllib.loads(files("review").joinpath("hosted.toml").read_text(encoding="utf-8"))
    return Hosted(
        host=re.compile(rf"(?i)(?<![\w-])({'|'.join(data['hosts'])})(?![\w-])"),
        model=re.compile(data["models"].replace(r"\z", r"\Z")),
        client=re.compile(data["clients"]),
        call=re.compile(data["calls"]),
        local=re.compile(data["local"]),
        tools=tuple(Tool(**tool) for tool in data["tools"]),
    )
