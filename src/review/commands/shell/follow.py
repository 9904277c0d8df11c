"""Following a shell command: what its simple commands, here-documents and the scripts they run do with content."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from review.commands.effects import ContentOrigin, Effects
from review.commands.python.expressions import STDIN
from review.commands.python.follow import python_effects
from review.commands.python.saving import STDOUT
from review.commands.settings import with_settings
from review.commands.shell.file_words import laid
from review.commands.shell.launch import Language, Launch, launched
from review.commands.shell.simple import Simple
from review.commands.shell.syntax import DEEPEST, pipelines
from review.commands.shell.tools import Tools
from review.commands.shell.unknown import unknown_effects

Scripts = Callable[[str], str | None]
"""The text of a script by its path, as it was when the command ran; None where it is not known."""

_PATCHED = re.compile(r"(?m)^\+\+\+ (?:b/)?([^\s]+)")
_MOST_ROUNDS = 8
"""Of a loop; one for a loop in a script that a command runs."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(slots=True)
class ShellEffects(Effects):
    """All that a command does, and what kind of programs it runs."""

    simple: list[tuple[str, ...]] = field(default_factory=list)
    """Each simple command, its variables replaced."""
    programs: list[Effects] = field(default_factory=list)
    """What each of the Python programs, and of those of unknown text, does by itself."""
    code: list[str] = field(default_factory=list)
    """The texts of the Python programs."""
    steps: list["Step"] = field(default_factory=list)
    """Its simple commands, those of the shell programs that it starts among them, with what each does by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One simple command of those that are run one after the other."""

    simple: Simple
    """Its variables replaced."""
    effects: ShellEffects


def shell_effects(text: str, scripts: Scripts, cwd: str = "") -> ShellEffects:
    """What the command ``text``, started in ``cwd``, does."""
    effects = ShellEffects()
    _Shell(effects, scripts, cwd).run(text)
    return effects


class _Shell:
    def __init__(self, effects: ShellEffects, scripts: Scripts, cwd: str, depth: int = 0) -> None:
        self._effects = effects
        self._scripts = scripts
        self._cwd = cwd
        self._depth = depth
        self._tools = Tools(effects, self._path)
        self._variables: dict[str, str] = {}
        self._loops: dict[str, tuple[str, ...]] = {}
        """What variables of loops go over."""
        self._printed: str | None = None
        """The name that the last program printed, if it printed one."""

    def run(self, text: str) -> None:
        """Follow the commands of ``text`` in their order."""
        for pipeline in pipelines(text):
            for _ in self._rounds(pipeline):
                origins: frozenset[ContentOrigin] = frozenset()
                for simple in pipeline:
                    origins = self._simple(self._expanded(simple), origins)

    def _rounds(self, pipeline: Sequence[Simple]) -> Iterator[None]:
        """Once for each value of the loop's variable that stands in it."""
        told = " ".join(word for one in pipeline for word in (*one.words, *one.reads, *one.writes))
        names = {found[1] or found[2] for found in _VARIABLE.finditer(told)}
        looped = next((name for name in self._loops if name in names), None)
        values = self._loops[looped] if looped else ("",)
        for value in values if self._depth == 0 else values[:1]:
            if looped:
                self._variables[looped] = value
            yield

    def _expanded(self, simple: Simple) -> Simple:
        """With its variables, and with what known programs print in its words."""
        for inner in simple.substituted:
            printed = self._inside(inner)
            if printed is not None:
                written = (f"$({inner})", f"`{inner}`")
                simple = replace(
                    simple,
                    words=tuple(_replaced(word, written, printed) for word in simple.words),
                    writes=tuple(_replaced(word, written, printed) for word in simple.writes),
                    assignments=tuple(
                        (name, _replaced(value, written, printed)) for name, value in simple.assignments
                    ),
                )
        expanded = replace(
            simple,
            words=tuple(map(self._with_variables, simple.words)),
            reads=tuple(map(self._with_variables, simple.reads)),
            writes=tuple(map(self._with_variables, simple.writes)),
            complaints=tuple(map(self._with_variables, simple.complaints)),
        )
        for name, value in simple.assignments:
            self._variables[name] = self._with_variables(value)
        return expanded

    def _with_variables(self, word: str) -> str:
        return _VARIABLE.sub(lambda m: self._variables.get(m[1] or m[2], m[0]), word)

    def _path(self, name: str) -> str:
        if name.startswith(("/", "~", "http:", "https:")) or not self._cwd:
            return posixpath.normpath(name) if "://" not in name else name
        return posixpath.normpath(posixpath.join(self._cwd, name))

    def _simple(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        """What goes on to the next command of the pipeline."""
        outer = self._effects
        own = ShellEffects(contents=outer.contents)
        self._use(own)
        try:
            return self._alone(simple, piped)
        finally:
            self._use(outer)
            outer.add(own)
            outer.simple += own.simple
            outer.programs += own.programs
            outer.code += own.code
            launch = launched(simple) if own.steps else None
            outer.steps += own.steps
            if launch is None or launch.language is not Language.SHELL:
                outer.steps.append(Step(simple, own))

    def _use(self, effects: ShellEffects) -> None:
        self._effects, self._tools = effects, Tools(effects, self._path)

    def _alone(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        piped |= self._effects.load(*map(self._path, simple.reads))
        origins = piped
        if simple.words:
            self._effects.simple.append(simple.words)
            origins = self._program(simple, piped)
        for target in simple.writes:
            if target != "/dev/null" and target not in simple.complaints:
                self._effects.write(self._path(target), origins)
        for target, text in laid(simple):
            self._effects.hold(self._path(target), text)
        return origins

    def _program(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        if simple.program == "cd":
            self._cwd = self._path(simple.operands[0]) if simple.operands else ""
            return piped
        launch = launched(simple)
        if simple.words[:1] == ("for",) and simple.words[2:3] == ("in",):
            self._loops[simple.words[1]] = simple.words[3 : 3 + _MOST_ROUNDS]
            return piped
        if launch is not None and launch.language is not Language.OTHER:
            return self._launched(launch, piped)
        if simple.program == "patch" or simple.words[:2] in (("git", "apply"), ("git", "am")):
            return self._patched(simple, piped)
        known = self._tools.run(simple, piped)
        return piped | self._unknown(simple.words, piped) if known is None else known

    def _launched(self, launch: Launch, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        text = launch.text
        if launch.script is not None:
            name = posixpath.basename(launch.script)
            if name == "evaluate.py":
                return frozenset()  # what the benchmark reads and writes is no flow of the agent's
            text = self._script(launch.script)
            if text is None and name == "timer.sh":
                return frozenset()
            if text is None:
                return piped | self._unknown([launch.script, *launch.arguments], piped)
        if text is None:
            return piped
        if launch.language is Language.SHELL:
            self._inside(text, launch.arguments)
            return piped
        return self._followed(text, launch.arguments, piped)

    def _patched(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        """The files that a patch of known text changes, and those that are named beside it."""
        names = [*simple.reads, *simple.operands, *(word.partition("=")[2] for word in simple.arguments)]
        texts = [simple.heredoc or "", *(self._script(name) or "" for name in names if name)]
        targets = [found[1] for text in texts for found in _PATCHED.finditer(text)]
        for target in [*targets, *(simple.operands[:1] if simple.program == "patch" else ())]:
            self._effects.write(self._path(target), piped)
        return frozenset()

    def _script(self, name: str) -> str | None:
        """The text of a script, which the command itself may have written a moment ago."""
        path = self._path(name)
        return self._effects.contents.get(path) or self._scripts(path)

    def _followed(
        self, text: str, arguments: Sequence[str], piped: frozenset[ContentOrigin]
    ) -> frozenset[ContentOrigin]:
        """Through a Python program that is ``piped`` something; where what it prints comes from."""
        effects = python_effects(text, arguments, self._variables)
        effects.given(STDIN, piped)
        with_settings(effects, self._script)
        self._effects.code.append(text)
        stdout = frozenset(ContentOrigin(t.source, t.how) for t in effects.transfers if t.target == STDOUT)
        self._printed = effects.contents.pop(STDOUT, None)
        effects.transfers = {t: None for t in effects.transfers if t.target != STDOUT}
        effects.writes.pop(STDOUT, None)
        if self._cwd:
            effects = effects.placed(self._path)
        self._effects.add(effects)
        self._effects.programs.append(effects)
        for command in effects.commands:
            self._inside(command)
        return stdout if effects.whole else piped | stdout

    def _inside(self, text: str, arguments: Sequence[str] = ()) -> str | None:
        """A command that another starts, with its arguments; the name that it prints, if it prints one."""
        if self._depth >= DEEPEST:
            return None
        inner = _Shell(self._effects, self._scripts, self._cwd, self._depth + 1)
        inner._variables, inner._loops = self._variables, self._loops
        if arguments:
            inner._variables = self._variables | {str(n): word for n, word in enumerate(arguments, 1)}
        inner.run(text)
        return inner._printed

    def _unknown(self, words: Sequence[str], piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        program = unknown_effects(words, piped, self._path, self._script)
        self._effects.programs.append(program)
        self._effects.add(program)
        return piped | frozenset(self._effects.load(*program.reads))


def _replaced(word: str, written: Sequence[str], printed: str) -> str:
    for one in written:
        word = word.replace(one, printed.strip())
    return word
