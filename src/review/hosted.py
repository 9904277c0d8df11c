"""How a call of somebody else's language model shows: data in ``hosted.toml``."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
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
    vendor: re.Pattern[str]
    call: re.Pattern[str]
    request: re.Pattern[str]
    local: re.Pattern[str]
    tools: tuple[Tool, ...]
    runners: frozenset[str]
    packages: Mapping[str, str]

    @property
    def names(self) -> str:
        """The tools and packages, as a regular expression."""
        return "|".join([*(tool.program for tool in self.tools), *map(re.escape, self.packages)])

    def tool_asked(self, simple: Simple) -> str | None:
        """The tool by which the command asks a hosted model something; None where it asks none."""
        program, *arguments = self._unpacked(simple)
        words = " ".join(arguments)
        asked = (
            re.fullmatch(tool.program, program)
            and re.search(tool.asked, words)
            and not (tool.not_asked and re.search(tool.not_asked, words))
            for tool in self.tools
        )
        return program if any(asked) else None

    def elsewhere(self, texts: Iterable[str]) -> str | None:
        """The host to which a request to a language model goes, where it is none of this machine's.

        Known hosts count however they stand there; others where the texts have what such a request looks like.
        """
        told = list(texts)
        known = next((found for one in told if (found := self.host.search(one))), None)
        if known:
            return known[0].lower()
        if not any(self.request.search(one) for one in told):
            return None
        urls = (found for one in told for found in _URL.finditer(one))
        return next((url["host"].lower() for url in urls if not _NO_MODEL.search(url["host"])), None)

    def _unpacked(self, simple: Simple) -> Sequence[str]:
        """The words from the tool on, without what fetches and runs it."""
        words = list(simple.words) or [""]
        program = simple.program
        python = re.fullmatch(r"python[\d.]*", program) is not None
        if python and "-m" in words[1:-1]:
            words = words[words.index("-m") + 1 :]
        elif program in self.runners or words[1:3] == ["tool", "run"] or words[1:2] in (["dlx"], ["x"]):
            words = words[1:]
            while words[1:] and (words[0].startswith("-") or words[0] in ("run", "tool", "dlx", "x")):
                words = words[2:] if words[0] in ("--from", "--with", "-p", "--package") else words[1:]
        name = re.sub(r"(?<=.)@.*$", "", words[0].rpartition("/")[2])
        return [self.packages.get(name, name), *words[1:]]


_URL = re.compile(r"(?i)\b(?:https?|wss?)://(?:[^\s/@]+@)?(?P<host>(?:[\w-]+\.)+[a-z]{2,})(?=[:/?\s'\"]|$)")
_NO_MODEL = re.compile(
    r"(?i)(^|\.)(localhost|local|internal|lan|example\.(com|org)|huggingface\.co|hf\.co|github\.com|githubusercontent\.com|"
    r"pypi\.org|hf-mirror\.com|arxiv\.org|w3\.org|json-schema\.org|googleapis\.com|wikipedia\.org)$"
)
"""Hosts that serve files and words, or that are near."""


@cache
def hosted() -> Hosted:
    """All that is known."""
    data = tomllib.loads(files("review").joinpath("hosted.toml").read_text(encoding="utf-8"))
    return Hosted(
        host=re.compile(rf"(?i)(?<![\w-])({'|'.join(data['hosts'])})(?![\w-])"),
        model=re.compile(data["models"].replace(r"\z", r"\Z")),
        client=re.compile(data["clients"]),
        vendor=re.compile(data["vendors"]),
        call=re.compile(data["calls"]),
        request=re.compile(data["requests"]),
        local=re.compile(data["local"]),
        tools=tuple(Tool(**tool) for tool in data["tools"]),
        runners=frozenset(data["runners"]),
        packages=data["packages"],
    )
