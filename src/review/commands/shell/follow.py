"""What a shell command does, by its text: simple commands, their redirections, here-documents and the scripts they run."""

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from review.commands.effects import Effects, How, Origin, Transfer
from review.commands.python.follow import STDOUT, python_effects
from review.commands.shell.pipelines import Simple, pipelines

Scripts = Callable[[str], str | None]
"""The text of a script by its path, as it was when the command ran; None where it is not known."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ASSIGNMENT = re.compile(r"^(\w+)=(.*)$", re.DOTALL)
_BEFORE = frozenset({"sudo", "nohup", "time", "setsid", "env", "exec", "command", "nice", "stdbuf", "timeout", "ionice",
                     "do", "then", "else", "if", "while", "!", "{", "(", "until", "xvfb-run", "export", "eval"})  # fmt: skip
_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed"})
_COPIES = frozenset({"cp", "mv", "ln", "rsync", "install"})
_READERS = frozenset({"cat", "head", "tail", "zcat", "gunzip", "gzip", "sort", "shuf", "uniq", "cut", "tr", "base64", "rev",
                      "paste", "tac", "xxd", "less", "more", "nl", "dd", "split", "iconv", "zstdcat", "bzcat", "xargs"})  # fmt: skip
_PATTERN_READERS = frozenset({"grep", "zgrep", "egrep", "fgrep", "sed", "awk", "gawk", "jq", "perl", "rg"})
_COUNTERS = frozenset({"wc", "sha256sum", "md5sum", "cksum", "du", "stat", "ls", "file"})
_SILENT = frozenset({"echo", "printf", "pip", "pip3", "uv", "apt", "apt-get", "cd", "rm", "mkdir", "kill", "sleep", "true",
                     "test", "[", "for", "done", "fi", "find", "which", "date", "ps", "export", "touch", "chmod"})  # fmt: skip
_OUTPUTS = frozenset({"-o", "--output", "--out", "--output_dir", "--output-dir", "--out-dir", "--save", "--save-path",
                      "--save_path", "--save-dir", "--output-file", "--output_file", "--outfile", "--local-dir", "-O"})  # fmt: skip
_PROGRAM = re.compile(r"^(python|pypy)[\d.]*$")
_TRAINER = re.compile(
    r"(^|[^a-z])(train|sft|finetune|fine_tune|fine-tune|dpo|grpo|ppo|rlhf|lora|qlora)", re.IGNORECASE
)
_ASIDE = re.compile(r"(?i)teacher|judge|reward|ref[-_]|tokenizer|template|verif|rank|scor")
"""Options of a trainer that name what does not go into the weights."""
_MOST_DEEP = 4
_LONGEST = 1 << 20


@dataclass(slots=True)
class ShellEffects(Effects):
    """All that a command does, and what kind of programs it runs."""

    simple: list[tuple[str, ...]] = field(default_factory=list)
    """Each simple command, its variables replaced."""
    programs: list[Effects] = field(default_factory=list)
    """What each of the Python programs, and of those of unknown text, does by itself."""
    code: list[str] = field(default_factory=list)
    """The texts of the Python programs."""


def shell_effects(text: str, scripts: Scripts, cwd: str = "") -> ShellEffects:
    """What the command ``text``, started in ``cwd``, does."""
    effects = ShellEffects()
    _Shell(effects, scripts, cwd).run(text[:_LONGEST])
    return effects


class _Shell:
    def __init__(self, effects: ShellEffects, scripts: Scripts, cwd: str, depth: int = 0) -> None:
        self._effects = effects
        self._scripts = scripts
        self._cwd = cwd
        self._depth = depth
        self.variables: dict[str, str] = {}

    def run(self, text: str) -> None:
        """Follow the commands of ``text`` in their order."""
        for pipeline in pipelines(text):
            self._pipeline(pipeline)

    def _pipeline(self, pipeline: list[Simple]) -> None:
        origins: frozenset[Origin] = frozenset()
        for simple in pipeline:
            simple.words = [self._replaced(word) for word in simple.words]
            simple.inputs = [self._path(self._replaced(name)) for name in simple.inputs]
            simple.outputs = [self._path(self._replaced(name)) for name in simple.outputs]
            origins = self._simple(simple, origins)

    def _replaced(self, word: str) -> str:
        return _VARIABLE.sub(lambda m: self.variables.get(m[1] or m[2], m[0]), word)

    def _path(self, name: str) -> str:
        if name.startswith(("/", "~", "http:", "https:")) or not self._cwd:
            return posixpath.normpath(name) if "://" not in name else name
        return posixpath.normpath(posixpath.join(self._cwd, name))

    def _simple(self, simple: Simple, piped: frozenset[Origin]) -> frozenset[Origin]:
        """What goes on to the next command of the pipeline."""
        words = self._program(simple.words)
        for name in simple.inputs:
            piped |= self._loaded(name)
        if not words:
            return piped
        self._effects.simple.append(tuple(words))
        origins = self._run_program(words, simple, piped)
        for target in simple.outputs:
            if target != "/dev/null":
                self._effects.write(target, origins)
                self._hold(target, words, simple.body)
        return origins

    def _hold(self, target: str, words: list[str], body: str | None) -> None:
        known = self._effects.contents.get(target, "")
        if body is not None and words[0] in ("cat", "tee"):
            self._effects.contents[target] = known + body
        elif words[0] in ("echo", "printf"):
            self._effects.contents[target] = known + " ".join(words[1:]) + "\n"

    def _program(self, words: list[str]) -> list[str]:
        """The words from the program on; assignments before it are noted."""
        rest = list(words)
        while rest:
            assigned = _ASSIGNMENT.match(rest[0])
            if assigned:
                self.variables[assigned[1]] = assigned[2]
            elif rest[0] not in _BEFORE and not (
                rest[0].replace(".", "").isdigit() or rest[0].startswith("-")
            ):
                break
            rest = rest[1:]
        return rest

    def _loaded(self, *names: str) -> frozenset[Origin]:
        for name in names:
            self._effects.read(name)
        return frozenset(Origin(name, How.VALUE) for name in names)

    def _run_program(  # noqa: C901  # a case for each kind of program
        self, words: list[str], simple: Simple, piped: frozenset[Origin]
    ) -> frozenset[Origin]:
        name = posixpath.basename(words[0])
        named = [self._path(word) for word in words[1:] if not word.startswith("-") and word]
        if name == "cd":
            self._cwd = named[0] if named else ""
            return piped
        if _PROGRAM.match(name) or name in _LAUNCHERS:
            return self._python(words[1:], simple, piped)
        if name in ("bash", "sh", "zsh", "source", "."):
            return self._nested(words[1:], simple, piped)
        if name in _COPIES and len(named) > 1:
            return self._copied(name, words, named)
        if name == "tee":
            for target in named:
                self._effects.write(target, piped)
                self._hold(target, ["tee"], simple.body)
            return piped
        if name in _PATTERN_READERS:
            return piped | self._patterned(name, words[1:])
        if name in _READERS:
            return piped | self._loaded(*(word for word in named if not word.isdigit()))
        if name in _COUNTERS:
            return frozenset(Origin(o.name, How.COUNTS) for o in piped | self._loaded(*named))
        if name in ("wget", "curl", "git", "hf", "huggingface-cli"):
            return piped | self._downloaded(name, words[1:])
        if name == "patch" and named:
            self._effects.write(named[0], piped)
            return frozenset()
        if name in _SILENT:
            return frozenset()
        if posixpath.splitext(name)[1] == ".py":
            return self._python(words, simple, piped)
        return piped | self._unknown(words, piped)

    def _python(self, words: list[str], simple: Simple, piped: frozenset[Origin]) -> frozenset[Origin]:
        rest = list(words)
        while rest and rest[0].startswith("-") and rest[0] not in ("-c", "-", "-m"):
            rest = rest[1:]
        if rest[:1] == ["launch"]:
            rest = rest[1:]
        if rest[:1] == ["-c"] and len(rest) > 1:
            return self._follow(rest[1], rest[2:], piped)
        if not rest or rest[0] == "-":
            return self._follow(simple.body, rest[1:], piped) if simple.body is not None else piped
        script = next((word for word in rest if word.endswith(".py")), None)
        if script is None:
            return piped | self._unknown(rest, piped)
        arguments = rest[rest.index(script) + 1 :]
        if posixpath.basename(script) == "evaluate.py":
            return frozenset()  # what the benchmark reads and writes is no flow of the agent's
        text = self._script(script)
        if text is None:
            return piped | self._unknown([script, *arguments], piped)
        return self._follow(text, arguments, piped)

    def _script(self, name: str) -> str | None:
        """The text of a script, which the command itself may have written a moment ago."""
        path = self._path(name)
        return self._effects.contents.get(path) or self._scripts(path)

    def _follow(
        self, text: str | None, arguments: Sequence[str], piped: frozenset[Origin]
    ) -> frozenset[Origin]:
        """Through a Python program of known text."""
        effects = python_effects(text or "", arguments, self.variables)
        self._effects.code.append(text or "")
        stdout = frozenset(Origin(t.source, t.how) for t in effects.transfers if t.target == STDOUT)
        printed = effects.contents.pop(STDOUT, None)
        effects.transfers = {t: None for t in effects.transfers if t.target != STDOUT}
        effects.writes.pop(STDOUT, None)
        if self._cwd:
            effects = self._placed(effects)
        self._effects.add(effects)
        self._effects.programs.append(effects)
        for command in effects.commands:
            self._inside(command)
        if printed is not None:
            self.variables.setdefault("", printed)
        return piped | stdout

    def _inside(self, text: str) -> None:
        """A command that another starts."""
        if self._depth < _MOST_DEEP:
            inner = _Shell(self._effects, self._scripts, self._cwd, self._depth + 1)
            inner.variables = self.variables
            inner.run(text)

    def _placed(self, effects: Effects) -> Effects:
        return Effects(
            {self._path(name): None for name in effects.reads},
            {self._path(name): None for name in effects.writes},
            {Transfer(self._path(t.source), self._path(t.target), t.how): None for t in effects.transfers},
            {self._path(name): text for name, text in effects.contents.items()},
            {self._path(name): None for name in effects.models},
            effects.checkpoints,
            effects.commands,
            effects.whole,
        )

    def _nested(self, words: list[str], simple: Simple, piped: frozenset[Origin]) -> frozenset[Origin]:
        rest = [word for word in words if not (word.startswith("-") and "c" not in word)]
        text: str | None = simple.body
        if rest and rest[0].startswith("-") and len(rest) > 1:
            text = rest[1]
        elif rest and not rest[0].startswith("-"):
            text = self._script(rest[0])
        if text is not None:
            self._inside(text)
        return piped

    def _copied(self, name: str, words: list[str], named: list[str]) -> frozenset[Origin]:
        *sources, target = named
        if "-t" in words:
            target, *sources = named
        into = words[-1].endswith("/") or len(sources) > 1 or "*" in sources[0] or words[-1] == "."
        for source in sources:
            origins = self._loaded(source)
            place = (
                target if not into or "*" in source else posixpath.join(target, posixpath.basename(source))
            )
            if (
                name in ("cp", "mv", "ln")
                and posixpath.splitext(source)[1]
                and not posixpath.splitext(target)[1]
                and not into
            ):
                self._effects.write(posixpath.join(target, posixpath.basename(source)), origins)
            self._effects.write(place, origins)
        return frozenset()

    def _patterned(self, name: str, words: list[str]) -> frozenset[Origin]:
        in_place = name in ("sed", "perl") and any(re.match(r"^-[a-z]*i", word) for word in words)
        counted = name != "sed" and any(re.match(r"^-[a-z]*c", word) for word in words)
        named, skip_next, pattern_told = [], False, False
        for word in words:
            if skip_next:
                skip_next = False
            elif word in ("-e", "-f", "--file", "--expression", "-E") and name != "grep":
                skip_next = word != "-E"
                pattern_told = pattern_told or word != "-E"
            elif word in ("-e", "-f", "--file"):
                skip_next, pattern_told = True, True
            elif not word.startswith("-"):
                named.append(word)
        files = [self._path(word) for word in (named if pattern_told else named[1:])]
        origins = self._loaded(*files)
        if in_place:
            for file in files:
                self._effects.write(file, origins)
        if counted:
            return frozenset(Origin(origin.name, How.COUNTS) for origin in origins)
        return origins

    def _downloaded(self, name: str, words: list[str]) -> frozenset[Origin]:
        targets = [words[i + 1] for i, word in enumerate(words[:-1]) if word in _OUTPUTS]
        named = [w for w in words if not w.startswith("-") and w not in targets and ("/" in w or "://" in w)]
        if name == "git" and words[:1] != ["clone"]:
            return self._checked_out(words)
        if name == "git" and len(named) == 1:
            targets = [posixpath.basename(named[0]).removesuffix(".git")]
        elif name == "git":
            named, targets = named[:1], named[1:]
        elif name == "wget" and not targets:
            targets = [posixpath.basename(word) for word in named]
        origins = self._loaded(*named)
        for target in targets:
            self._effects.write(self._path(target), origins)
        return origins

    def _checked_out(self, words: list[str]) -> frozenset[Origin]:
        if words[:1] in (["checkout"], ["restore"]):
            for word in words[1:]:
                if not word.startswith("-"):
                    self._effects.write(self._path(word), frozenset({Origin("git", How.VALUE)}))
        return frozenset()

    def _settings(self, program: Effects, named: Sequence[str]) -> list[str]:
        """What a program is told to read by the YAML files that it is handed; where it shall write."""
        targets: list[str] = []
        texts = [self._script(word) or "" for word in named if word.endswith((".yaml", ".yml"))]
        for text in texts:
            targets += re.findall(r"(?m)^\s*output_dir:\s*['\"]?([\w./-]+)", text)
            for name in re.findall(r"(?m)[:-]\s+['\"]?([\w.-]+/[\w./-]+)['\"]?\s*$", text):
                if name not in targets:
                    program.read(name)
        return targets

    def _unknown(self, words: list[str], piped: frozenset[Origin]) -> frozenset[Origin]:
        """A program of unknown text: what it is told to read may go into all that it is told to write."""
        targets: list[str] = []
        named: list[str] = []
        flag = ""
        for word in words[1:]:
            if word.startswith("-"):
                flag, _, value = word.partition("=")
                if value:
                    (targets if flag in _OUTPUTS else named).append(value)
                continue
            if not _ASIDE.search(flag):
                (targets if flag in _OUTPUTS else named).append(word)
            flag = ""
        program = Effects(whole=False)
        for word in named:
            if re.search(r"[./]", word):
                program.read(self._path(word))
        targets += self._settings(program, named)
        origins = piped | frozenset(Origin(name, How.VALUE) for name in program.reads)
        merges = posixpath.basename(words[0]).startswith("mergekit") and len(named) > 1
        if merges:
            targets.append(named[-1])
        trains = merges or any(_TRAINER.search(posixpath.basename(word)) for word in words[:2])
        for target in targets or ["final_model"] * trains:
            program.write(self._path(target), origins)
            if trains:
                program.models.setdefault(self._path(target))
        self._effects.programs.append(program)
        self._effects.add(program)
        return origins
