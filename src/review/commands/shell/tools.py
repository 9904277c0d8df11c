"""What well-known tools of the shell do with content: which files they take in, and what becomes of it."""

import itertools
import posixpath
from collections.abc import Callable
from dataclasses import replace

from review.commands.effects import ContentOrigin, Effects, How, as_counts
from review.commands.shell.archives import ARCHIVERS, archived
from review.commands.shell.file_words import (
    PATTERN_TOOLS,
    Copy,
    copied,
    edited_files,
    is_in_place,
    pattern_files,
)
from review.commands.shell.simple import Simple

_READERS = frozenset({"cat", "head", "tail", "zcat", "gunzip", "gzip", "sort", "shuf", "uniq", "cut", "tr", "base64", "rev",
                      "paste", "tac", "xxd", "less", "more", "nl", "iconv", "zstdcat", "bzcat"})  # fmt: skip
_COUNTERS = frozenset({"wc", "sha256sum", "md5sum", "cksum", "du", "stat", "ls", "file"})
_SILENT = frozenset({"echo", "printf", "pip", "pip3", "uv", "apt", "apt-get", "cd", "rm", "mkdir", "kill", "sleep", "true",
                     "test", "[", "for", "done", "fi", "find", "which", "date", "ps", "export", "touch", "chmod"})  # fmt: skip
_DOWNLOADERS = frozenset({"wget", "curl", "git", "hf", "huggingface-cli"})
OUTPUTS = frozenset({"-o", "--output", "--out", "--output_dir", "--output-dir", "--out-dir", "--save", "--save-path",
                     "--save_path", "--save-dir", "--output-file", "--output_file", "--outfile", "--local-dir", "-O"})  # fmt: skip
"""Options of which the word names what a program writes."""


class Tools:
    """The tools of one command: what they do is told to its effects."""

    def __init__(self, effects: Effects, path: Callable[[str], str]) -> None:
        self._effects = effects
        self._path = path

    def run(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin] | None:
        """What goes on to the next command of the pipeline; None for a tool that is not known."""
        name, named = simple.program, [self._path(word) for word in simple.operands]
        for target in map(self._path, edited_files(simple)):
            self._effects.write(target, self._effects.load(target))
        if name in ("tee", "sponge"):
            for target in named:
                self._effects.write(target, piped)
            return piped
        if (copy := copied(simple)) is not None:
            return self._copy(copy, piped)
        if name in ARCHIVERS:
            return self._archived(simple, piped)
        if name in ("dd", "split"):
            return self._in_parts(simple, piped)
        if name == "find" and "-exec" in simple.arguments:
            return self._for_each_found(simple)
        if name in PATTERN_TOOLS:
            return piped | self._matching(simple, piped)
        if name in _READERS:
            return piped | self._effects.load(*(word for word in named if not word.isdigit()))
        if name in _COUNTERS:
            return as_counts(piped | self._effects.load(*named))
        if name in _DOWNLOADERS:
            return piped | self._downloaded(simple)
        return frozenset() if name in _SILENT else None

    def _archived(self, simple: Simple, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        packing = archived(simple)
        origins = piped if packing.piped else frozenset()
        origins |= self._effects.load(*map(self._path, packing.sources))
        if packing.target is None:
            return origins
        self._effects.write(self._path(packing.target), origins)
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

    def _for_each_found(self, simple: Simple) -> frozenset[ContentOrigin]:
        """``find FOLDER … -exec TOOL {} … ;``: the tool gets what lies in the folder."""
        words = simple.arguments
        start = words.index("-exec") + 1
        folder = next((word for word in words if not word.startswith("-")), ".")
        ends = [place for place, word in enumerate(words) if place >= start and word in (";", "\\;", "+")]
        inner = words[start : ends[0] if ends else len(words)]
        named = next(
            (word for option, word in itertools.pairwise(words) if option in ("-name", "-iname")), "*"
        )
        found = replace(simple, words=tuple(word.replace("{}", f"{folder}/{named}") for word in inner))
        return self.run(found, frozenset()) or frozenset()

    def _copy(self, copy: Copy, piped: frozenset[ContentOrigin]) -> frozenset[ContentOrigin]:
        target = self._path(copy.target)
        handed = tuple(origin.name for origin in piped) if "{}" in copy.sources else ()
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
        origins = self._effects.load(*files)
        if is_in_place(simple):
            for file in files:
                self._effects.write(file, origins)
        counts = simple.program.endswith(("grep", "rg")) and any(
            word.startswith("-") and not word.startswith("--") and "c" in word for word in simple.arguments
        )
        return as_counts(origins) if counts else origins

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
