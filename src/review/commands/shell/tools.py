"""What well-known tools of the shell do with content: which files they take in, and what becomes of it."""

import itertools
import posixpath
import re
from collections.abc import Callable

from review.commands.effects import ContentOrigin, Effects, How, as_counts
from review.commands.shell.archives import ARCHIVERS, Packing, archived
from review.commands.shell.comparing import held_in_variables, only_compared
from review.commands.shell.converters import awk_files, converted, from_revision, sed_files
from review.commands.shell.file_words import (
    COPIERS,
    PATTERN_TOOLS,
    Copy,
    copied,
    is_in_place,
    pattern_files,
    pattern_scripts,
)
from review.commands.shell.simple import Simple

_READERS = frozenset({"cat", "head", "tail", "zcat", "sort", "shuf", "uniq", "cut", "tr", "base64", "rev",
                      "paste", "tac", "less", "more", "nl", "iconv", "zstdcat", "bzcat", "xzcat", "lzcat", "lz4cat", "strings", "fold",
                      "fmt", "pv", "comm", "join", "column", "expand", "od", "hexdump", "diff", "look", "yq", "dos2unix"})  # fmt: skip
_COUNTERS = frozenset({"wc", "sha256sum", "md5sum", "cksum", "du", "stat", "ls", "file"})
_SILENT = frozenset({"echo", "printf", "pip", "pip3", "uv", "apt", "apt-get", "cd", "rm", "mkdir", "kill", "sleep", "true",
                     "test", "[", "for", "done", "fi", "find", "which", "date", "ps", "export", "touch", "chmod",
                     "mkfifo", "git", "case", "set", "unset", "return", "exit", "local", "declare", "pwd", "basename", "dirname"})  # fmt: skip
_DOWNLOADERS = frozenset({"wget", "curl", "git", "hf", "huggingface-cli"})
_SCRIPTED = frozenset({"sed", "awk", "gawk", "mawk"})
OUTPUTS = frozenset({"-o", "--output", "--out", "--output_dir", "--output-dir", "--out-dir", "--save", "--save-path",
                     "--save_path", "--save-dir", "--output-file", "--output_file", "--outfile", "--local-dir", "-O"})  # fmt: skip
"""Options of which the word names what a program writes."""


def _matched(simple: Simple, origins: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
    """What a tool of patterns gives out: lines, or only that there are some."""
    letters = "".join(word[1:] for word in simple.arguments if re.fullmatch(r"-[a-zA-Z]+", word))
    if not simple.program.endswith(("grep", "rg")):
        return origins
    if "q" in letters or {"--quiet", "--silent"} & set(simple.arguments):
        return frozenset()
    return as_counts(origins) if set(letters) & set("clL") else origins


def is_tool(simple: Simple) -> bool:
    """Whether it is known what the program does with content."""
    name = simple.program
    known = name in _READERS | _COUNTERS | _SILENT | _DOWNLOADERS | PATTERN_TOOLS | ARCHIVERS | COPIERS | {
        "tee",
        "dd",
        "split",
    }
    return known or bool(converted(simple))


class Tools:
    """The tools of one command: what they do is told to its effects."""

    def __init__(self, effects: Effects, path: Callable[[str], str]) -> None:
        self._effects = effects
        self._path = path

    def run(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin] | None:
        """What goes on to the next command of the pipeline; None for a tool that is not known."""
        name, named = simple.program, [self._path(word) for word in simple.operands]
        if name in ("tee", "sponge"):
            for target in named:
                self._effects.write(target, piped)
            return piped
        if (copy := copied(simple)) is not None:
            return self._copy(copy, piped)
        if name in ARCHIVERS:
            return self._archived(simple, piped)
        if packings := converted(simple) or from_revision(simple):
            return frozenset[ContentOrigin]().union(*[self._packed(one, piped) for one in packings])
        if name in ("dd", "split"):
            return self._in_parts(simple, piped)
        if name in PATTERN_TOOLS:
            return piped | self._matching(simple, piped)
        if name in _READERS:
            return self._read(simple, piped)
        if name in _COUNTERS:
            return as_counts(piped | self._effects.load(*named))
        if name in _DOWNLOADERS:
            return piped | self._downloaded(simple)
        return frozenset() if name in _SILENT else None

    def _archived(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        return self._packed(archived(simple), piped)

    def _packed(self, packing: Packing, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        origins = piped if packing.piped else frozenset()
        origins |= self._effects.load(*map(self._path, packing.sources))
        if packing.target is None:
            return origins
        self._effects.write(self._path(packing.target), origins)
        return frozenset()

    def _read(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        words = simple.arguments
        targets = [word for option, word in itertools.pairwise(words) if option in ("-o", "--output")]
        named = [word for word in simple.operands if not word.isdigit() and word not in targets]
        named = [word for word in named if word not in only_compared(simple)]
        origins = piped | self._effects.load(*map(self._path, named))
        if simple.program not in ("sort", "iconv", "shuf") or not targets:
            return origins
        self._effects.write(self._path(targets[0]), origins)
        return frozenset()

    def _in_parts(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        if simple.program == "dd":
            told = dict(word.partition("=")[::2] for word in simple.arguments)
            source, target = told.get("if"), told.get("of")
        else:
            named = [word for word in simple.operands if not word[:1].isdigit()]
            source, target = named[0] if named else None, f"{named[1] if len(named) > 1 else 'x'}*"
        origins = piped | (self._effects.load(self._path(source)) if source else frozenset())
        if target is None:
            return origins
        self._effects.write(self._path(target), origins)
        return frozenset()

    def _copy(self, copy: Copy, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        target = self._path(copy.target)
        handed = tuple(sorted(origin.name for origin in piped)) if "{}" in copy.sources else ()
        for word in handed or copy.sources:
            source = self._path(word)
            origins = self._effects.load(source)
            below = target if word.endswith("/.") else posixpath.join(target, posixpath.basename(source))
            may_be_folder = bool(posixpath.splitext(source)[1]) and not posixpath.splitext(target)[1]
            if may_be_folder and not copy.into:
                self._effects.write(below, origins)
            self._effects.write(below if copy.into and "*" not in source else target, origins)
        return frozenset()

    def _matching(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        files = [self._path(word) for word in pattern_files(simple)]
        if not files and is_in_place(simple):  # xargs hands the names on
            files = sorted({origin.name for origin in piped})
        looked_up = [self._path(word) for word in only_compared(simple)]
        self._effects.load(*looked_up)
        origins = self._effects.load(*(file for file in files if file not in looked_up))
        for script in pattern_scripts(simple) if simple.program in _SCRIPTED else ():
            reads, writes = (sed_files if simple.program == "sed" else awk_files)(script)
            origins |= self._effects.load(*map(self._path, reads))
            for name in writes:
                self._effects.write(self._path(name), origins | piped)
        origins |= self._effects.load(*map(self._path, held_in_variables(simple)))
        if is_in_place(simple):
            for file in files:
                self._effects.write(file, origins)
        return _matched(simple, origins)

    def _downloaded(self, simple: Simple) -> frozenset[ContentOrigin]:
        words = simple.arguments
        targets = [word for option, word in itertools.pairwise(words) if option in OUTPUTS]
        named = [word for word in simple.operands if word not in targets and "/" in word]
        if simple.program == "git" and words[:1] != ("clone",):
            return self._checked_out(simple)
        if simple.program == "git":
            named = list(simple.operands[1:2])
            targets = list(simple.operands[2:3]) or [
                posixpath.basename(word).removesuffix(".git") for word in named
            ]
        elif simple.program == "wget" and not targets:
            targets = [posixpath.basename(word) for word in named]
        origins = self._effects.load(*named)
        for target in targets:
            self._effects.write(self._path(target), origins)
        return origins

    def _checked_out(self, simple: Simple) -> frozenset[ContentOrigin]:
        if simple.arguments[:1] in (("checkout",), ("restore",)):
            for word in simple.operands[1:]:
                self._effects.write(self._path(word), frozenset({ContentOrigin("git", How.VALUE)}))
        return frozenset()
