"""Which program of the agent's own a simple command starts: a script, a module, or a text given in place."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from review.commands.foreign.languages import INTERPRETERS, named_in_first_line
from review.commands.shell.simple import Simple


class Language(StrEnum):
    """What a started program is written in."""

    PYTHON = "python"
    SHELL = "shell"
    OTHER = "other"


_INTERPRETERS = re.compile(
    r"(?P<python>(python|pypy)[\d.]*|ipython)|(?P<shell>bash|sh|zsh|dash|ksh|fish|source|\.)|"
    + INTERPRETERS.pattern
)
_BY_NAME = {".py": Language.PYTHON, ".ipynb": Language.PYTHON, ".sh": Language.SHELL, ".bash": Language.SHELL}
_LAUNCHERS = frozenset(
    {"accelerate", "torchrun", "deepspeed", "uv", "poetry", "pdm", "coverage", "xvfb-run", "conda"}
)
_VERBS = frozenset({"run", "launch"})
_IN_PLACE = {
    Language.PYTHON: re.compile(r"-[A-Za-z]*c"),
    Language.SHELL: re.compile(r"-[a-z]*c"),
    Language.OTHER: re.compile(r"-[a-z0]*[eE]|--eval|-p|--print|eval"),
}
"""The option before a text given in place."""
_PHP_IN_PLACE = re.compile(r"-r|--run")
_TAKES_WORD = {
    Language.PYTHON: re.compile(r"-[XW]|--check-hash-based-pycs"),
    Language.SHELL: re.compile(r"[-+][a-z]*[oO]|--rcfile|--init-file"),
    Language.OTHER: re.compile(r"-r|--require"),
}
_LAUNCHING_MODULES = re.compile(
    r"(torch\.distributed|accelerate|deepspeed|coverage|pdb|cProfile|trace)(\.|$)"
)
_SOURCES = (".py", ".sh", ".ipynb")
_ALWAYS_EXECUTING = frozenset({"papermill", "runipy", "jupyter-execute"})
_NOTEBOOK_TOOLS = frozenset(
    {"jupyter", "jupyter-nbconvert", "jupyter-execute", "papermill", "runipy", "nbconvert", "quarto"}
)


@dataclass(frozen=True, slots=True)
class Launch:
    """A program that a command starts; ``script`` and ``text`` are both None for an interpreter that takes its input."""

    language: Language
    arguments: tuple[str, ...] = ()
    """What the program is called with."""
    script: str | None = None
    """Where it stands, as the command has it; a module as the path below the folder."""
    text: str | None = None
    """The program itself, given in place."""


def launched(simple: Simple) -> Launch | None:
    """The program that ``simple`` starts; None where it is none that an interpreter runs."""
    if simple.program in _LAUNCHERS:
        return _by_launcher(simple)
    if simple.program in _NOTEBOOK_TOOLS:
        return _by_notebook_tool(simple)
    if simple.program == "eval":
        return Launch(Language.SHELL, text=" ".join(simple.arguments))
    if interpreter := _INTERPRETERS.fullmatch(simple.program):
        return _by_interpreter(simple, Language(interpreter.lastgroup or "other"))
    name = simple.words[0] if simple.words else ""
    language_by_name = _BY_NAME.get(f".{name.rpartition('.')[2]}")
    if "/" in name or language_by_name:
        return Launch(language_by_name or Language.OTHER, simple.arguments, name)
    return None


def language_of(text: str) -> Language | None:
    """The language that a program asks for in its first line; None where it does not."""
    interpreter = _INTERPRETERS.fullmatch(named_in_first_line(text))
    return Language(interpreter.lastgroup or "other") if interpreter else None


def _by_interpreter(simple: Simple, language: Language) -> Launch | None:
    rest = list(simple.arguments)
    if language is Language.OTHER and rest and rest[0] in _VERBS:
        del rest[0]
    while rest and (rest[0].startswith(("-", "+")) or rest[0] == "eval") and rest[0] != "-":
        option = rest.pop(0)
        if option == "-m" and rest:
            if _LAUNCHING_MODULES.match(rest[0]):
                return _by_launcher(replace(simple, words=tuple(rest)))
            return Launch(language, tuple(rest[1:]), rest[0].replace(".", "/") + ".py")
        in_place = _PHP_IN_PLACE if simple.program.startswith("php") else _IN_PLACE[language]
        if in_place.fullmatch(option) and rest:
            return Launch(language, tuple(rest[1:]), text=rest[0])
        if _TAKES_WORD[language].fullmatch(option):
            del rest[:1]
    if not rest or rest[0] == "-":
        return Launch(language, tuple(rest[1:]), text=simple.heredoc)
    return Launch(language, tuple(rest[1:]), rest[0])


def _by_notebook_tool(simple: Simple) -> Launch | None:
    """The notebook that is executed; None where it is only shown or turned into something else."""
    words = simple.arguments
    executes = simple.program in _ALWAYS_EXECUTING or {"--execute", "execute", "run"} & set(words)
    name = next((word for word in words if word.endswith(".ipynb")), None)
    return Launch(Language.PYTHON, script=name) if executes and name is not None else None


def _by_launcher(simple: Simple) -> Launch | None:
    rest = list(simple.arguments)
    while rest and (rest[0].startswith("-") or rest[0] in _VERBS):
        rest.pop(0)
    if rest and _INTERPRETERS.fullmatch(rest[0].rpartition("/")[2]):
        return launched(replace(simple, words=tuple(rest)))
    place = next((n for n, word in enumerate(rest) if word.endswith(_SOURCES)), None)
    if place is None:
        return None
    language = _BY_NAME[f".{rest[place].rpartition('.')[2]}"]
    return Launch(language, tuple(rest[place + 1 :]), rest[place])
