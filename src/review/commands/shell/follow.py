"""Following a shell command: what its simple commands, here-documents and the scripts they run do with content."""

import itertools
import posixpath
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from review.commands.effects import ContentOrigin, Effects, How
from review.commands.foreign.follow import foreign_effects
from review.commands.notebooks import notebook_program
from review.commands.python.expressions import STDIN
from review.commands.python.follow import python_effects
from review.commands.python.saving import STDOUT
from review.commands.settings import with_settings
from review.commands.shell.converters import CHANNEL
from review.commands.shell.file_words import PATTERN_TOOLS, laid
from review.commands.shell.launch import Language, Launch, language_of, launched
from review.commands.shell.printed import Selection, executed, found, handed_over, left_out, printed
from review.commands.shell.runners import Run, run_by
from review.commands.shell.simple import Simple
from review.commands.shell.stream import NOTHING, Stream, together
from review.commands.shell.syntax import DEEPEST
from review.commands.shell.tools import Tools, is_tool
from review.commands.shell.tree import Group, Pipeline, tree
from review.commands.shell.unknown import unknown_effects
from review.commands.shell.variables import alternatives, expanded, names_in

Scripts = Callable[[str], str | None]
"""The text of a script by its path, as it was when the command ran; None where it is not known."""

_PATCHED = re.compile(r"(?m)^\+\+\+ (?:b/)?([^\s]+)")
_MOST_ROUNDS = 8
"""Of a loop; one for a loop in a script that a command runs."""
_MOST_INSIDE = 2000
_MOST_HELD = 1 << 16
"""Characters of a text that a file is known to hold."""
_PROCESS = re.compile(r"^[<>]\((.*)\)$", re.DOTALL)
_ECHOING = frozenset({"echo", "printf"})
_READING = frozenset({"read", "mapfile", "readarray"})
_PORT = re.compile(r"^/dev/(?:tcp|udp)/[^/]+/(\d+)$")
_FILE_LIKE = re.compile(r"[./]")


@dataclass(slots=True)
class ShellEffects(Effects):
    """All that a command does, and what kind of programs it runs."""

    simple: list[tuple[str, ...]] = field(default_factory=list)
    """Each simple command, its variables replaced."""
    programs: list[Effects] = field(default_factory=list)
    """What each of the Python programs, and of those of unknown text, does by itself."""
    code: list[str] = field(default_factory=list)
    """The texts of the Python programs."""
    printed: dict[str, str] = field(default_factory=dict)
    """What is known to stand in files that the output of tools went into, by name."""
    steps: list["ShellStep"] = field(default_factory=list)
    """Its simple commands, those of the shell programs that it starts among them, with what each does by itself."""


@dataclass(frozen=True, slots=True)
class ShellStep:
    """One simple command of those that are run one after the other."""

    simple: Simple
    """Its variables replaced."""
    effects: ShellEffects


def shell_effects(text: str, scripts: Scripts, cwd: str = "", held: Scripts | None = None) -> ShellEffects:
    """What the command ``text``, started in ``cwd``, does; ``held`` gives the text of a file of exactly that name."""
    effects = ShellEffects()
    _Shell(effects, scripts, held or scripts, cwd).run(text)
    return effects


class _Shell:
    def __init__(
        self, effects: ShellEffects, scripts: Scripts, held: Scripts, cwd: str, depth: int = 0
    ) -> None:
        self._effects = effects
        self._scripts = scripts
        self._held = held
        self._cwd = cwd
        self._depth = depth
        self._tools = Tools(effects, self._path)
        self._variables: dict[str, str] = {}
        self._contents: dict[str, frozenset[ContentOrigin]] = {}
        """Where what variables hold comes from, when that is content of files."""
        self._loops: dict[str, tuple[str, ...]] = {}
        """What variables of loops go over."""
        self._functions: dict[str, Group] = {}
        self._left = [_MOST_INSIDE]
        """How many more commands inside commands are followed."""

    def run(self, text: str, given: Stream = NOTHING) -> Stream:
        """Follow the commands of ``text`` in their order; what they print together."""
        return self._body(tree(text), given)

    def _body(self, pipelines: Sequence[Pipeline], given: Stream) -> Stream:
        for before, after in itertools.pairwise(pipelines):
            if isinstance(after[0], Simple) and after[0].words[:1] == ("continue",):
                texts = (text for word in _written(before) for text in re.findall(r"[\w.-]{3,}", word))
                self._note(Selection(tuple(texts), ()))
        return together(
            self._pipeline(pipeline, given) for pipeline in pipelines for _ in self._rounds(pipeline)
        )

    def _pipeline(self, pipeline: Pipeline, given: Stream) -> Stream:
        stream = given
        for place, part in enumerate(pipeline):
            if isinstance(part, Group):
                stream = self._group(part, stream)
            else:
                reads_names = place == 0 and any(_FILE_LIKE.search(word) for word in part.operands)
                inside = {inner: self._inside(inner) for inner in part.substituted}
                simple = self._expanded(part, inside)
                repeated = self._repeated(part, inside)
                stream = self._simple(simple, NOTHING if reads_names else stream, repeated)
        return stream

    def _group(self, group: Group, given: Stream) -> Stream:
        if group.name is not None:
            self._functions[group.name] = group
            return NOTHING
        for name in map(self._with_variables, group.reads):
            given = together([given, self._taken_in(name)]) if given.origins else self._taken_in(name)
        outer, folder = self._loops, self._cwd
        self._loops = dict(outer)
        stream = self._body(group.body, given)
        self._loops, self._cwd = outer, folder
        return self._put(map(self._with_variables, group.writes), (), stream)

    def _rounds(self, pipeline: Pipeline) -> Iterator[None]:
        """Once for each value of the loop's variable that stands in it."""
        names = names_in(" ".join(_written(pipeline)))
        looped = next((name for name in self._loops if name in names), None)
        values = self._loops[looped] if looped else ("",)
        for value in values if self._depth == 0 else values[:1]:
            if looped:
                self._variables[looped] = value
            yield

    def _expanded(self, simple: Simple, inside: Mapping[str, Stream]) -> Simple:
        """With its variables, and with what the programs ``inside`` its words print."""
        told = {inner: stream.text for inner, stream in inside.items() if stream.text is not None}
        for name, value in simple.assignments:
            for inner, stream in inside.items():
                if inner in value and stream.origins and stream.text is None:
                    self._contents[name] = stream.origins

        def with_all(word: str) -> str:
            return self._with_variables(_replaced(word, told))

        words = [one for word in simple.words for one in self._spread(word, with_all(word))]
        for name, value in simple.assignments:
            self._variables[name] = with_all(value)
        return replace(
            simple,
            words=tuple(words),
            reads=tuple(map(with_all, simple.reads)),
            writes=tuple(map(with_all, simple.writes)),
            complaints=tuple(map(with_all, simple.complaints)),
        )

    def _spread(self, word: str, told: str) -> tuple[str, ...]:
        """The words that a shell makes of one."""
        alone = word != told and re.fullmatch(
            r"(\$\{?\w+(\[[@*]\])?\}?|\$[@*]|\$\(.*\)|`.*`)", word, re.DOTALL
        )
        names = all(_FILE_LIKE.search(part) for part in told.split())
        parts = told.split() if alone and (names or word.startswith(("$(", "`"))) else [told]
        return tuple(one for part in parts for one in alternatives(part)) or ("",)

    def _with_variables(self, word: str) -> str:
        return expanded(word, self._variables)

    def _path(self, name: str) -> str:
        if port := _PORT.match(name):
            return CHANNEL + port[1]
        if name.startswith(("/", "~", "http:", "https:")) or not self._cwd:
            return posixpath.normpath(name) if "://" not in name else name
        return posixpath.normpath(posixpath.join(self._cwd, name))

    def _taken_in(self, name: str) -> Stream:
        path = self._path(name)
        return Stream(self._effects.load(path), self._text_of(path))

    def _text_of(self, name: str) -> str | None:
        path = self._path(name)
        known = self._effects
        return known.contents.get(path) or known.printed.get(path) or self._held(path)

    def _simple(
        self, simple: Simple, given: Stream, repeated: frozenset[ContentOrigin] = frozenset()
    ) -> Stream:
        """What goes on to the next command of the pipeline."""
        outer = self._effects
        own = ShellEffects(contents=outer.contents, printed=outer.printed)
        self._use(own)
        try:
            return self._alone(simple, given, repeated)
        finally:
            self._use(outer)
            outer.add(own)
            outer.simple += own.simple
            outer.programs += own.programs
            outer.code += own.code
            launch = launched(simple) if own.steps else None
            outer.steps += own.steps
            if launch is None or launch.language is not Language.SHELL:
                outer.steps.append(ShellStep(simple, own))

    def _use(self, effects: ShellEffects) -> None:
        self._effects, self._tools = effects, Tools(effects, self._path)

    def _alone(self, simple: Simple, given: Stream, repeated: frozenset[ContentOrigin]) -> Stream:
        given = replace(given, origins=given.origins | repeated)
        for name in simple.reads:
            given = self._taken_in(name)
        if simple.program in _READING:
            return self._read(simple, given)
        several = self._with_handed(self._with_processes(simple), given)
        if len(several) > 1:
            return together([self._alone(one, given, repeated) for one in several])
        (simple,) = several
        stream = given
        if simple.words:
            self._effects.simple.append(simple.words)
            self._note(left_out(simple, given.text))
            text = printed(simple, given.text if given.text is not None else simple.heredoc, self._text_of)
            names = handed_over(simple, given.text, self._text_of)
            given = replace(given, origins=given.origins | self._effects.load(*map(self._path, names)))
            stream = self._program(simple, given)
            text = text if text is not None else stream.text
            stream = Stream(stream.origins | (repeated if simple.program in _ECHOING else frozenset()), text)
        stream = self._put(simple.writes, simple.complaints, stream)
        for target, text in laid(simple):
            self._effects.hold(self._path(target), text)
        return stream

    def _note(self, selection: Selection | None) -> None:
        """Tell which names are passed over, and by which some are chosen."""
        if selection is not None:
            self._effects.spared.update(dict.fromkeys(filter(None, selection.spared)))
            self._effects.chosen.update(dict.fromkeys(filter(None, selection.chosen)))

    def _put(
        self, writes: Sequence[str] | Iterator[str], complaints: Sequence[str], stream: Stream
    ) -> Stream:
        """What is left of a stream after it went into files."""
        left = stream
        for target in writes:
            if target in complaints:
                continue
            left = NOTHING
            if target == "/dev/null":
                continue
            self._effects.write(self._path(target), stream.origins)
            if stream.text and len(stream.text) <= _MOST_HELD:
                self._effects.printed[self._path(target)] = stream.text
        return left

    def _repeated(self, simple: Simple, inside: Mapping[str, Stream]) -> frozenset[ContentOrigin]:
        """The contents of files that stand in what a command says: ``echo "$(cat x)"``, ``tool <<< "$line"``."""
        text = " ".join((*(simple.words if simple.program in _ECHOING else ()), simple.heredoc or ""))
        held = [self._contents[name] for name in names_in(text) if name in self._contents]
        told = [stream.origins for inner, stream in inside.items() if inner in text]
        return frozenset(origin for origins in (*held, *told) for origin in origins)

    def _read(self, simple: Simple, given: Stream) -> Stream:
        """``read`` and ``mapfile``: variables get lines."""
        for name in simple.operands:
            if given.text is not None:
                self._loops[name] = given.words[:_MOST_ROUNDS]
            if given.origins:
                self._contents[name] = given.origins
        return NOTHING

    def _with_processes(self, simple: Simple) -> Simple:
        """With files in place of ``<(…)`` and ``>(…)``."""
        words = list(simple.words)
        for place, word in enumerate(words):
            process = _PROCESS.match(word)
            if process is None:
                continue
            words[place] = f"/dev/fd/{zlib.crc32(word.encode())}"
            if word.startswith("<"):
                self._effects.write(words[place], self._inside(process[1]).origins)
            else:
                self._inside(process[1], given=Stream(frozenset({ContentOrigin(words[place], How.VALUE)})))
        return replace(simple, words=tuple(words))

    def _with_handed(self, simple: Simple, given: Stream) -> tuple[Simple, ...]:
        """With what ``xargs`` takes from its input."""
        if simple.handed is None:
            return (simple,)
        plain = replace(simple, handed=None)
        names = given.words[:_MOST_ROUNDS]
        if not names and "{}" in simple.words:
            names = tuple(sorted(origin.name for origin in given.origins))
        if not simple.handed:
            return (replace(plain, words=(*simple.words, *names)),)
        each = (tuple(word.replace(simple.handed, name) for word in simple.words) for name in names)
        return tuple(replace(plain, words=words) for words in each) or (plain,)

    def _program(self, simple: Simple, given: Stream) -> Stream:
        piped = given.origins
        if simple.program == "cd":
            self._cwd = self._path(simple.operands[0]) if simple.operands else ""
            return given
        if simple.program in self._functions:
            return self._called(self._functions[simple.program], simple.arguments, given)
        if simple.program == "find":
            return self._found(simple)
        launch = launched(simple)
        if simple.words[:1] == ("for",) and simple.words[2:3] == ("in",):
            self._loops[simple.words[1]] = simple.words[3 : 3 + _MOST_ROUNDS]
            return given
        if launch is not None and self._is_followed(launch):
            return self._launched(launch, given)
        if launch is not None and launch.language is Language.OTHER:
            effects = self._foreign(launch, simple)
            if effects.reads or effects.writes:
                return self._with_foreign(effects, simple, piped)
        if simple.program == "patch" or simple.words[:2] in (("git", "apply"), ("git", "am")):
            return self._patched(simple, piped)
        if (run := run_by(simple, self._is_known)) is not None:
            return self._run_by(run, given)
        known = self._tools.run(simple, piped)
        return Stream(piped | self._unknown(simple.words, piped) if known is None else known)

    def _is_known(self, words: Sequence[str]) -> bool:
        """Whether these are the words of a command."""
        simple = Simple(tuple(words))
        launch = launched(simple)
        return is_tool(simple) or (launch is not None and launch.language is not Language.OTHER)

    def _run_by(self, run: Run, given: Stream) -> Stream:
        names = (run.given or given.words)[:_MOST_ROUNDS] if run.handed is not None else ()
        if run.line is not None:
            lines = [run.line.replace("{}", name) for name in names] or [run.line]
            return together(self._inside(line, given=given) for line in lines)
        words = run.words
        if run.handed and names:
            words = tuple(word.replace(run.handed, names[0]) for word in words)
        elif names:
            words = (*words, *names)
        return self._simple(Simple(words), given)

    def _foreign(self, launch: Launch, simple: Simple) -> Effects:
        """What a program in another language does, as far as its text is known."""
        text = self._script(launch.script) if launch.script is not None else launch.text or simple.heredoc
        return foreign_effects(text or "", launch.arguments).placed(self._path)

    def _with_foreign(self, effects: Effects, simple: Simple, piped: frozenset[ContentOrigin]) -> Stream:
        self._effects.programs.append(effects)
        self._effects.add(effects)
        alone = frozenset(ContentOrigin(name, How.VALUE) for name in effects.reads)
        shown = alone if len(alone) == 1 and not effects.writes else frozenset()
        known = self._tools.run(simple, piped) if simple.program in PATTERN_TOOLS else None
        return Stream(piped | shown | (known or frozenset()))

    def _is_followed(self, launch: Launch) -> bool:
        """Whether the language of the program, by its name or by its first line, is one that is followed."""
        if launch.language is not Language.OTHER:
            return True
        text = self._script(launch.script) if launch.script is not None else None
        return text is not None and language_of(text) not in (None, Language.OTHER)

    def _may_go_inside(self) -> bool:
        self._left[0] -= 1
        return self._depth < DEEPEST and self._left[0] >= 0

    def _called(self, function: Group, arguments: Sequence[str], given: Stream) -> Stream:
        if not self._may_go_inside():
            return NOTHING
        outer = self._variables
        self._variables = outer | _positional(arguments)
        self._depth += 1
        stream = self._body(function.body, given)
        self._depth -= 1
        self._variables = outer
        return stream

    def _found(self, simple: Simple) -> Stream:
        """``find``: the names that it finds, and what it runs for them."""
        inner = executed(simple)
        told = [tuple(word.replace("{}", name) for word in inner) for name in found(simple) if inner]
        return together(self._simple(Simple(words), NOTHING) for words in told)

    def _launched(self, launch: Launch, given: Stream) -> Stream:
        text = launch.text
        if launch.script is not None:
            name = posixpath.basename(launch.script)
            if name == "evaluate.py":
                return NOTHING  # what the benchmark reads and writes is no flow of the agent's
            text = self._script(launch.script)
            if text is None and name == "timer.sh":
                return NOTHING
            if text is None:
                words = [launch.script, *launch.arguments]
                return Stream(given.origins | self._unknown(words, given.origins))
            launch = replace(launch, language=language_of(text) or launch.language)
        elif text is None:
            text, given = given.text, Stream(given.origins)
        if text is None:
            return given
        if launch.language is Language.SHELL:
            arguments = launch.arguments if launch.script is not None else launch.arguments[1:]
            return self._inside(text, arguments, given)
        return self._followed(text, launch.arguments, given)

    def _patched(self, simple: Simple, piped: frozenset[ContentOrigin]) -> Stream:
        """The files that a patch of known text changes, and those that are named beside it."""
        names = [*simple.reads, *simple.operands, *(word.partition("=")[2] for word in simple.arguments)]
        texts = [simple.heredoc or "", *(self._script(name) or "" for name in names if name)]
        targets = [found[1] for text in texts for found in _PATCHED.finditer(text)]
        for target in [*targets, *(simple.operands[:1] if simple.program == "patch" else ())]:
            self._effects.write(self._path(target), piped)
        return NOTHING

    def _modules(self, name: str) -> str | None:
        """The text of a module of the agent's own that a program imports."""
        return self._text_of(name)

    def _script(self, name: str) -> str | None:
        """The text of a script, which the command itself may have written a moment ago."""
        path = self._path(name)
        known = self._effects
        return known.contents.get(path) or known.printed.get(path) or self._scripts(path)

    def _followed(self, text: str, arguments: Sequence[str], given: Stream) -> Stream:
        """Through a Python program that is ``given`` something; where what it prints comes from."""
        if text.lstrip().startswith("{"):
            text = notebook_program(text) or text
        effects = python_effects(text, arguments, self._variables, self._told_by, self._modules)
        effects.given(STDIN, given.origins)
        with_settings(effects, self._script)
        self._effects.code.append(text)
        stdout = frozenset(ContentOrigin(t.source, t.how) for t in effects.transfers if t.target == STDOUT)
        name = effects.contents.pop(STDOUT, None)
        effects.transfers = {t: None for t in effects.transfers if t.target != STDOUT}
        effects.writes.pop(STDOUT, None)
        if self._cwd:
            effects = effects.placed(self._path)
        self._effects.add(effects)
        self._effects.programs.append(effects)
        for command in effects.commands:
            self._inside(command)
        return Stream(stdout if effects.whole else given.origins | stdout, name)

    def _told_by(self, command: str) -> frozenset[ContentOrigin]:
        """Where what a command prints comes from; what it does is told when the program that starts it is."""
        outer = self._effects
        self._use(ShellEffects(contents=outer.contents, printed=outer.printed))
        try:
            return self._inside(command).origins
        finally:
            self._use(outer)

    def _inside(self, text: str, arguments: Sequence[str] = (), given: Stream = NOTHING) -> Stream:
        """A command that another starts."""
        if not self._may_go_inside():
            return NOTHING
        inner = _Shell(self._effects, self._scripts, self._held, self._cwd, self._depth + 1)
        inner._variables = self._variables | _positional(arguments)
        inner._loops, inner._functions = self._loops, dict(self._functions)
        inner._contents, inner._left = dict(self._contents), self._left
        return inner.run(text, given)

    def _unknown(self, words: Sequence[str], piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        program = unknown_effects(words, piped, self._path, self._script)
        self._effects.programs.append(program)
        self._effects.add(program)
        return piped | frozenset(self._effects.load(*program.reads))


def _positional(arguments: Sequence[str]) -> dict[str, str]:
    """The variables of a script or function by number."""
    if not arguments:
        return {}
    numbered = {str(place): word for place, word in enumerate(arguments, 1)}
    return {**numbered, "@": " ".join(arguments), "*": " ".join(arguments), "#": str(len(arguments))}


def _written(pipeline: Pipeline) -> Iterator[str]:
    """All words of a pipeline."""
    for part in pipeline:
        if isinstance(part, Simple):
            yield from (*part.words, *part.reads, *part.writes, *(value for _, value in part.assignments))
        else:
            yield from (*part.reads, *part.writes)


def _replaced(word: str, told: dict[str, str]) -> str:
    for inner, text in told.items():
        for one in (f"$({inner})", f"`{inner}`"):
            word = word.replace(one, text.strip())
    return word
